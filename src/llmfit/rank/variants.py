"""Chooses a model's variant for a device: the best format of the ladder that fits."""

from bisect import bisect_left, bisect_right
from functools import cache
from itertools import groupby
from operator import itemgetter

from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate import estimate
from llmfit.fit import COMFORTABLE, fit
from llmfit.rank.facts import Facts
from llmfit.rank.prior import computing_parameters
from llmfit.rank.room import longest_context
from llmfit.records.architecture import Architecture, Section
from llmfit.records.device import Device
from llmfit.records.engine import Engine
from llmfit.records.estimate import Estimate, Fit, PartName, Verdict
from llmfit.records.format import Format
from llmfit.records.frozen import dataclass
from llmfit.records.model import Model
from llmfit.records.question import Question
from llmfit.records.workload import Workload
from llmfit.solve.platforms import runs_on
from llmfit.solve.share import within_share

_LEAST_SHARE = 0.8
"""A file takes at least this share of parameters x nominal bits: the rest may be an embedding that stays in RAM."""
_WEIGHTS_SHARE = 0.9
"""Share of the budget that weights take in most of the fullest fits: where the search for a format starts."""
_BLOCK = 256
"""Weights of a block of the K and I schemes, the largest there is."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One model in one format on one engine, held against the device."""

    workload: Workload
    fit: Fit


def file_bytes(estimate: Estimate) -> int:
    """Return the bytes of the weights wherever they lie: what has to be downloaded."""
    return estimate.part_bytes(PartName.WEIGHTS) + estimate.host_bytes


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
        engines = facts.engines
        self._engines = [engines[name] for name in question.engines or facts.ranking.engines if runs_on(name, device)]
        self._named = self._named_formats() if question.format or question.precision else None
        self._rungs = [
            (rung, engine, facts.formats[rung.format])
            for engine in self._engines
            for rung in facts.ranking.ladder
            if rung.engine == engine.id and (question.include_low_bit or not rung.low_bit)
        ]
        bounds = (bound for rung, _, _ in self._rungs for bound in (rung.min_parameters, rung.max_parameters))
        self._bounds = sorted({bound for bound in bounds if bound is not None})
        self._by_size: dict[int, list[tuple[Engine, Format]]] = {}

    def formats(self, model: Model) -> list[tuple[Engine, Format]]:
        """Return the formats to try, best first, engine by engine."""
        if self._named is not None:
            return self._named
        native = None if model.native_format is None else self._facts.formats.get(model.native_format)
        if native is not None and native.requires_qat:
            return [(engine, native) for engine in self._engines if engine.id in native.engines]
        return self._formats_of_size(model.parameters / 1e9)

    def _formats_of_size(self, billions: float) -> list[tuple[Engine, Format]]:
        """Return the ladder's formats for a size, worked out once for all sizes between the same bounds."""
        place = bisect_left(self._bounds, billions) + bisect_right(self._bounds, billions)
        if place not in self._by_size:
            self._by_size[place] = [
                (engine, format_)
                for rung, engine, format_ in self._rungs
                if rung.min_parameters <= billions and (rung.max_parameters is None or billions <= rung.max_parameters)
            ]
        return self._by_size[place]

    def _named_formats(self) -> list[tuple[Engine, Format]]:
        """Return the format that the question names on each engine that has it; on any engine where none was asked."""
        named = [pair for engine in self._engines for pair in self._asked(engine)]
        if not named and not self._question.engines:
            able = [engine for engine in self._facts.engines.values() if runs_on(engine.id, self._device)]
            named = [pair for engine in able for pair in self._asked(engine)]
        return named

    def _asked(self, engine: Engine) -> list[tuple[Engine, Format]]:
        """Return the format that the question names on this engine, if the engine has it."""
        question, formats = self._question, self._facts.formats
        if question.format is not None:
            named = formats[question.format]
            return [(engine, named)] if engine.id in named.engines else []
        usual = engine.usual_format(question.precision or "")
        return [] if usual is None else [(engine, formats[usual])]

    def least_bytes(self, model: Model) -> float:
        """Return a lower bound of the weights in the smallest format that may be chosen; 0 where there is none."""
        bits = min((format_.nominal_bits for _, format_ in self.formats(model)), default=0.0)
        least = _LEAST_SHARE * model.parameters * bits / 8
        computing = model.computing_parameters or computing_parameters(model.architecture, model.parameters)
        return least / 2 if computing < model.parameters else least  # tables that are looked up lie in RAM

    def choose(self, model: Model, architecture: Architecture) -> tuple[Variant | None, Variant | None]:
        """Return (the best variant that fits, the smallest that was tried).

        Both are None where no engine can run the model.
        """
        smallest: Variant | None = None
        for engine, pairs in groupby(self.formats(model), key=itemgetter(0)):
            formats = self._within_bounds(model, [format_ for _, format_ in pairs])
            best, least = self._search(model, architecture, engine=engine, formats=formats)
            if best is not None:
                return best, best
            smallest = _smaller(smallest, least)
        return None, smallest

    def with_ram(self, model: Model, architecture: Architecture, smallest: Variant) -> Variant:
        """Return the best variant that runs with part of it in RAM; the smallest, which does, where no other does."""
        load, most = smallest.workload, self._question.max_weight_bytes
        for engine, format_ in self.formats(model):
            if engine is not load.engine or format_ is load.format:
                continue
            tried = self.try_format(model, architecture, engine=engine, format_=format_)
            runs = tried is not None and tried.fit.verdict is Verdict.OFFLOAD
            if tried is not None and runs and (most is None or file_bytes(tried.fit.estimate) <= most):
                return tried
        return smallest

    def _within_bounds(self, model: Model, formats: list[Format]) -> list[Format]:
        """Return the formats whose weights alone may fit, and always the smallest one."""
        return [
            f for f in formats[:-1] if _LEAST_SHARE * f.nominal_bits * model.parameters / 8 <= self.budget
        ] + formats[-1:]

    def _search(
        self, model: Model, architecture: Architecture, *, engine: Engine, formats: list[Format]
    ) -> tuple[Variant | None, Variant | None]:
        """Return (the best variant that fits, the smallest that was tried) of formats from large to small.

        The search starts where the weights should just fit, and leaves out what lies beyond the answer.
        """
        best: Variant | None = None
        smallest: Variant | None = None
        low, high = 0, len(formats)  # nothing before low fits, everything from high on does
        at = self._start(model, architecture, formats)
        while low < high:
            variant = self.try_format(model, architecture, engine=engine, format_=formats[at])
            if variant is None:
                del formats[at]
                high -= 1
            elif self._suits(variant):
                best, high = variant, at
            else:
                smallest, low = _smaller(smallest, variant), at + 1
            at = low if best is None else high - 1
        return best, smallest

    def _suits(self, variant: Variant) -> bool:
        """Whether a variant fits comfortably, and its file is no larger than was asked for."""
        found, most = variant.fit.estimate, self._question.max_weight_bytes
        fits = variant.fit.verdict is Verdict.FITS and found.total_bytes <= self.budget
        return fits and (most is None or file_bytes(found) <= most)

    def _start(self, model: Model, architecture: Architecture, formats: list[Format]) -> int:
        """Return the place of the best format whose weights leave room for the rest; the last where none does.

        Where rows do not divide into blocks, fewer bits may take more bytes: all is tried from the best on.
        """
        rows = {tensor.shape[-1] for tensor in architecture.tensors if tensor.section is Section.TEXT}
        if any(row > _BLOCK and row % _BLOCK for row in rows):
            return 0
        file = self._question.max_weight_bytes or self.budget
        most = 8 * min(_WEIGHTS_SHARE * self.budget, file) / model.parameters
        return next((at for at, format_ in enumerate(formats) if format_.nominal_bits <= most), len(formats) - 1)

    def try_format(
        self, model: Model, architecture: Architecture, *, engine: Engine, format_: Format, context: int | None = None
    ) -> Variant | None:
        """Return the model in this format held against the device; None where the engine cannot run it."""
        workload = self.workload(model, engine=engine, format_=format_, context=context)
        try:
            found = estimate(architecture, workload, device=self._device)
            return Variant(workload, fit(found, within_share(self._device, workload)))
        except UnsupportedWorkloadError:
            return None

    def longest_context(self, model: Model, architecture: Architecture, chosen: Variant, *, limit: int) -> int:
        """Return the longest context, up to the limit, at which a variant that fits still does."""
        load = chosen.workload

        @cache
        def margin_at(context: int) -> int:
            if context == load.context:
                return self._margin(chosen)
            tried = self.try_format(model, architecture, engine=load.engine, format_=load.format, context=context)
            return -1 if tried is None else self._margin(tried)

        return longest_context(margin_at, context=load.context, limit=limit)

    def _margin(self, variant: Variant) -> int:
        """Return about how many bytes a variant leaves; negative where it does not fit."""
        left = self.budget - variant.fit.estimate.total_bytes
        return max(left, 0) if variant.fit.verdict is Verdict.FITS else min(left, -1)

    def workload(self, model: Model, *, engine: Engine, format_: Format, context: int | None = None) -> Workload:
        """Return the load that the question puts on a model."""
        question = self._question
        images = self._images if "vision" in model.tasks else 0
        return Workload(
            engine=engine,
            format=format_,
            kv_format=self._facts.kv_formats[question.kv_format or engine.usual_kv_format(format_.precision)],
            context=context or self._context,
            sequences=question.sequences,
            prompt_tokens=question.prompt_tokens,
            images=images,
        )


def _smaller(one: Variant | None, other: Variant | None) -> Variant | None:
    """Return the variant that takes fewer bytes, the first of equals."""
    if one is None or other is None:
        return one or other
    return other if other.fit.estimate.total_bytes < one.fit.estimate.total_bytes else one
