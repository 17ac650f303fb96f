"""Chooses a model's variant for a device: the best format of the ladder that fits."""

from collections.abc import Iterator

from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate import estimate
from llmfit.fit import COMFORTABLE, fit
from llmfit.rank.facts import Facts
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.engine import Engine
from llmfit.records.estimate import Fit, Verdict
from llmfit.records.format import Format
from llmfit.records.frozen import dataclass
from llmfit.records.model import Model
from llmfit.records.question import Question
from llmfit.records.ranking import Rung
from llmfit.records.workload import EngineOptions, Workload

_LEAST_SHARE = 0.8
"""A file takes at least this share of parameters x nominal bits: the rest may be an embedding that stays in RAM."""
_KV_FORMAT = "f16"


@dataclass(frozen=True, slots=True)
class Variant:
    """One model in one format on one engine, held against the device."""

    workload: Workload
    fit: Fit


class Chooser:
    """Chooses variants for one question and one device."""

    def __init__(
        self, question: Question, facts: Facts, *, device: Device, context: int, images: int, share: float = 1.0
    ) -> None:
        self._question = question
        self._facts = facts
        self._device = device
        self._context = context
        self._images = images
        self.budget = int(device.usable_bytes * COMFORTABLE * share)
        """Bytes that a comfortable fit may take."""

    def formats(self, model: Model) -> list[tuple[Engine, Format]]:
        """Return the formats to try, best first, engine by engine."""
        named = self._question.format is not None or self._question.precision is not None
        engines = self._question.engines or self._facts.ranking.engines
        pairs = [pair for name in engines for pair in (self._asked(name) if named else self._ladder(name, model))]
        if not pairs and named and not self._question.engines:
            pairs = [pair for name in self._facts.engines for pair in self._asked(name)]
        return [(self._facts.engines[engine], self._facts.formats[format_id]) for engine, format_id in pairs]

    def _asked(self, engine: str) -> list[tuple[str, str]]:
        """Return the format that the question names on this engine, if the engine has it."""
        question, formats = self._question, self._facts.formats
        if question.format is not None:
            return [(engine, question.format)] if engine in formats[question.format].engines else []
        fitting = [f.id for f in formats.values() if f.precision == question.precision and engine in f.engines]
        preferred = [rung.format for rung in self._facts.ranking.ladder if rung.engine == engine]
        fitting.sort(key=lambda name: (name not in preferred, name))
        return [(engine, name) for name in fitting[:1]]

    def _ladder(self, engine: str, model: Model) -> list[tuple[str, str]]:
        native = self._facts.formats.get(model.native_format or "")
        if native is not None and native.requires_qat:
            return [(engine, native.id)] if engine in native.engines else []
        low_bit = self._question.include_low_bit
        rungs = [r for r in self._facts.ranking.ladder if r.engine == engine and _suits(r, model, low_bit=low_bit)]
        return [(engine, rung.format) for rung in rungs]

    def least_bytes(self, model: Model) -> float:
        """Return a lower bound of the weights in the smallest format that may be chosen; 0 where there is none."""
        bits = min((format_.nominal_bits for _, format_ in self.formats(model)), default=0.0)
        least = _LEAST_SHARE * model.parameters * bits / 8
        return least / 2 if "hidden_size_per_layer_input" in model.architecture else least

    def choose(self, model: Model, architecture: Architecture) -> tuple[Variant | None, Variant | None]:
        """Return (the best variant that fits, the smallest that was tried).

        Both are None where no engine can run the model.
        """
        smallest: Variant | None = None
        for engine, format_ in self._within_bounds(model):
            variant = self.try_format(model, architecture, engine=engine, format_=format_)
            if variant is None:
                continue
            if variant.fit.verdict is Verdict.FITS and variant.fit.estimate.total_bytes <= self.budget:
                return variant, variant
            if smallest is None or variant.fit.estimate.total_bytes < smallest.fit.estimate.total_bytes:
                smallest = variant
        return None, smallest

    def _within_bounds(self, model: Model) -> Iterator[tuple[Engine, Format]]:
        """Yield formats whose weights alone may fit, and always the smallest one."""
        pairs = self.formats(model)
        for index, (engine, format_) in enumerate(pairs):
            last = index + 1 == len(pairs) or pairs[index + 1][0] is not engine
            if last or _LEAST_SHARE * model.parameters * format_.nominal_bits / 8 <= self.budget:
                yield engine, format_

    def try_format(
        self, model: Model, architecture: Architecture, *, engine: Engine, format_: Format, context: int | None = None
    ) -> Variant | None:
        """Return the model in this format held against the device; None where the engine cannot run it."""
        workload = self.workload(model, engine=engine, format_=format_, context=context)
        try:
            return Variant(workload, fit(estimate(architecture, workload, device=self._device), self._device))
        except UnsupportedWorkloadError:
            return None

    def workload(self, model: Model, *, engine: Engine, format_: Format, context: int | None = None) -> Workload:
        """Return the load that the question puts on a model."""
        question = self._question
        images = self._images if "vision" in model.tasks else 0
        parallel = len(self._device.gpus) if engine.id == "vllm" else 1
        return Workload(
            engine=engine,
            format=format_,
            kv_format=self._facts.kv_formats[question.kv_format or _KV_FORMAT],
            context=context or self._context,
            sequences=question.sequences,
            prompt_tokens=question.prompt_tokens,
            images=images,
            options=EngineOptions(tensor_parallel=max(1, parallel)),
        )


def _suits(rung: Rung, model: Model, *, low_bit: bool) -> bool:
    billions = model.parameters / 1e9
    small_enough = rung.max_parameters is None or billions <= rung.max_parameters
    return billions >= rung.min_parameters and small_enough and (low_bit or not rung.low_bit)
