"""How one model's memory looks: `estimate`, and each column of `compare`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llmfit.records.estimate import LABELS, Estimate, PartName
from llmfit.records.frozen import dataclass
from llmfit.records.measured import Measured
from llmfit.records.sizing import Sizing, Split
from llmfit.records.training import Recipe, Training
from llmfit.records.workload import Workload
from llmfit.render import envelope as nouns
from llmfit.render.explain import license_explained, license_words, memory_explained
from llmfit.render.fitting import fit_words, memory_table, range_words
from llmfit.render.grid import Column, Records, Scalar, escape_markdown, markdown
from llmfit.render.planning import plan_json, plan_words, recipe_words
from llmfit.render.prose import BLANK, Drawable, Paragraph, notes, said
from llmfit.render.text import count_of, parameters, rate, tokens
from llmfit.render.view import Origin
from llmfit.units import amount

if TYPE_CHECKING:
    from llmfit.render import load_shapes

RECIPE_WORDS: Mapping[Recipe, str] = {
    "bf16": "weights and states in bf16, as TRL trains a bf16 checkpoint",
    "bf16-master": "fp32 master weights and states, as DeepSpeed keeps them",
    "bf16-amp": "fp32 weights and states, bf16 products",
    "fp16-amp": "fp32 weights and states, fp16 products",
    "fp32": "fp32 throughout",
}
"""What each recipe keeps, in a few words."""
FIELDS = (
    "model",
    "parameters",
    "active_parameters",
    "license",
    "engine",
    "precision",
    "format",
    "context",
    "sequences",
    "kv_format",
    *(f"{name}_bytes" for name in PartName),
    "total_bytes",
    "ram_bytes",
    "device",
    "usable_bytes",
    "verdict",
    "headroom_bytes",
    "tokens_per_second",
)


def sizing_json(sizing: Sizing, *, explain: bool) -> dict[str, Any]:
    """Return one estimate as it stands in `estimate`, `compare` and `check`."""
    item: dict[str, Any] = {
        "model": nouns.model_json(sizing.model, license_=sizing.license, active_parameters=sizing.active_parameters),
        "workload": load_json(sizing.workload),
        "memory": nouns.memory_json(sizing.estimate),
        "ram_bytes": sizing.estimate.host_bytes,
        "per_gpu_bytes": list(sizing.estimate.per_gpu_bytes),
        "unknown": [name.value for name in sizing.estimate.unknown],
        **nouns.fit_json(sizing.fit),
        "speed": nouns.speed_json(sizing.speed),
        "speed_reason": sizing.speed_reason,
        "measured": _measured_json(sizing.measured),
        "assumptions": list(sizing.estimate.assumptions),
        "warnings": [*sizing.warnings, *sizing.estimate.warnings],
    }
    if sizing.plan is not None:
        item["plan"] = plan_json(sizing.plan)
    if sizing.offload is not None:
        item["offload"] = nouns.split_json(sizing.offload)
    if explain:
        item["parts"] = nouns.parts_json(sizing.estimate)
    return item


def _measured_json(measured: Measured | None) -> "load_shapes.Measured | None":
    if measured is None:
        return None
    return {"kind": measured.kind, "loads": measured.loads, "nearest": measured.nearest}


def load_json(load: Workload | Training) -> "load_shapes.Workload | load_shapes.TrainingWorkload":
    """Return what the model is asked to do: answer, or be fine-tuned."""
    return nouns.training_json(load) if isinstance(load, Training) else nouns.workload_json(load)


def format_word(sizing: Sizing) -> str:
    """Return the format, or the method of fine-tuning."""
    return sizing.workload.method if isinstance(sizing.workload, Training) else sizing.workload.format.id


def _load_record(load: Workload | Training) -> list[Scalar]:
    if isinstance(load, Training):
        return [None, None, load.method, load.sequence_length, load.batch_size, None]
    precision, format_ = load.format.precision, load.format.id
    return [load.engine.id, precision, format_, load.context, load.sequences, load.kv_format.id]


def sizing_record(sizing: Sizing) -> list[Scalar]:
    """Return one estimate as a row of FIELDS; in training, context and sequences are those of a micro-batch."""
    memory = nouns.memory_json(sizing.estimate)
    fit = sizing.fit
    return [
        sizing.model.id,
        sizing.model.parameters,
        sizing.active_parameters,
        sizing.license.effective_id,
        *_load_record(sizing.workload),
        *(memory.get(f"{name}_bytes", 0) for name in PartName),
        sizing.estimate.total_bytes,
        sizing.estimate.host_bytes,
        None if fit is None else fit.device.name,
        None if fit is None else fit.device.usable_bytes,
        None if fit is None else fit.verdict.value,
        None if fit is None else fit.headroom_bytes,
        None if sizing.speed is None else round(sizing.speed.typical, 2),
    ]


def model_words(sizing: Sizing) -> str:
    """Return the model's size, licence and context in one line."""
    model, active = sizing.model, sizing.active_parameters
    sparse = f", {parameters(active)} active" if active is not None and active < 0.9 * model.parameters else ""
    known = model.context_certainty != "unknown"
    context = f"made for {tokens(model.context_length)} tokens" if known else "made for an unknown context"
    return f"{parameters(model.parameters)} parameters{sparse}, {license_words(sizing.license)}, {context}"


def active_words(sizing: Sizing) -> list[Drawable]:
    """Return what a mixture's active parameters are; nothing for other models."""
    active = sizing.active_parameters
    if active is None or active == sizing.model.parameters:
        return []
    what = (
        "what a token of an answer is multiplied with; neither the input table, unless it is the head too, nor towers"
    )
    return [BLANK, said(f"active: {active:,} parameters, {what}")]


def load_words(sizing: Sizing) -> str:
    """Return the engine, format and load, or how it is fine-tuned, in one line."""
    load = sizing.workload
    if isinstance(load, Training):
        gpus = f", {load.gpus} GPUs with {load.sharding}" if load.gpus > 1 else ""
        batch = f"{count_of(load.batch_size, 'sequence')} of {load.sequence_length:,} tokens"
        return f"{load.method} {load.stage}, {load.optimizer}, {_held_words(load)}, {batch}{gpus}"
    precision = f" ({load.format.precision})" if load.format.precision else ""
    cache = f", KV cache {load.kv_format.id}" if sizing.estimate.part_bytes(PartName.KV_CACHE) else ""
    count = count_of(load.sequences, "sequence")
    version = f" {load.options.engine_version}" if load.options.engine_version else ""
    options = _options_words(load) if load.has_options else ""
    return f"{load.engine.id}{version}, {load.format.id}{precision}, {count} of {load.context:,} tokens{cache}{options}"


def _held_words(load: Training) -> str:
    """Return how weights are held: those that train, and those that stand frozen under an adapter."""
    if not load.is_adapter:
        words = RECIPE_WORDS[load.recipe]
        others = load.fsdp or load.trainer != "peft"
        return f"{load.recipe} ({words.partition(', as ')[0] if others else words})"
    wide = "fp32" if load.recipe in {"fp32", "bf16-amp", "fp16-amp"} else "bf16"
    frozen = load.base_format.id if load.base_format else wide
    return f"{frozen} model, {load.adapter_dtype} adapter"


def _options_words(load: Workload) -> str:
    from llmfit.estimate.options import option_words

    return "".join(f", {word}" for word in option_words(load))


def split_words(split: Split) -> str:
    """Return the option with which llama.cpp runs it partly from RAM, and what each side then holds."""
    if split.n_cpu_moe:
        option = f"--n-cpu-moe {split.n_cpu_moe} (experts of {split.n_cpu_moe} of {split.layers - 1} layers in RAM)"
    else:
        option = f"-ngl {split.n_gpu_layers} (of {split.layers} layers)"
    anyway = split.ram_bytes - split.moved_bytes
    there = f" ({amount(anyway)} of it in any case)" if 0 < anyway < split.ram_bytes else ""
    reserve = ", with 10 % of it left free" if split.roomy else ", less than 10 % of it left free"
    return f"runs with {option}: {amount(split.gpu_bytes)} on the GPU{reserve}, {amount(split.ram_bytes)} in RAM{there}"


def speed_words(sizing: Sizing) -> str:
    """Return the speed as a range, or why there is none; empty where the model does not fit a device."""
    speed = sizing.speed
    if speed is None:
        return f"not known, {sizing.speed_reason}" if sizing.speed_reason else ""
    return f"{rate(speed.low)} to {rate(speed.high)} tokens/s ({speed.basis})"


def _range_words(measured: Measured | None, spread: str) -> str:
    """Return the range of the total, called measured only where such loads were."""
    if measured is None or measured.loads:
        return f"measured range of such totals: {spread}"
    nearest = f"; the nearest that was is {measured.nearest}" if measured.nearest else ""
    return f"range by the overhead of other loads: {spread}; nobody measured {measured.kind}{nearest}"


def unused_words(sizings: Sequence[Sizing], usable: int) -> str:
    """Return what engines may use where that is less than the device has: vLLM takes a share of each card."""
    shares = {
        one.workload.engine.id: one.fit.device.usable_bytes
        for one in sizings
        if one.fit is not None and isinstance(one.workload, Workload) and one.fit.device.usable_bytes < usable
    }
    return "".join(f" ({amount(least)} by {engine})" for engine, least in shares.items())


def warnings_of(sizing: Sizing) -> tuple[str, ...]:
    """Return everything that should make a reader careful."""
    return (*sizing.warnings, *sizing.estimate.warnings)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingView:
    """The answer of `estimate`."""

    sizing: Sizing
    origin: Origin
    explain: bool = False

    def envelope(self) -> Mapping[str, Any]:
        """Return the JSON envelope."""
        return nouns.envelope(
            self.origin.command,
            catalog_version=self.origin.catalog_version,
            catalog_models=self.origin.catalog_models,
            device=nouns.device_json(self.sizing.device),
            **sizing_json(self.sizing, explain=self.explain),
        )

    def items(self) -> Sequence[Mapping[str, Any]]:
        """Return the estimate as one object."""
        device = nouns.device_json(self.sizing.device)
        return [{"device": device, **sizing_json(self.sizing, explain=self.explain)}]

    def records(self) -> Records:
        """Return the estimate as one row."""
        return Records(FIELDS, [sizing_record(self.sizing)])

    def table(self) -> Sequence[Drawable]:
        """Return parts, bar, verdict and speed."""
        sizing = self.sizing
        title = [said((sizing.model.id, "bold"), hang=0)]
        title += [said(words, hang=0) for words in (model_words(sizing), load_words(sizing))]
        shown: list[Drawable] = [*title, BLANK, *memory_table(sizing.estimate, fit=sizing.fit), BLANK, *self._below()]
        if self.explain:
            shown += active_words(sizing)
            shown += [BLANK, *memory_explained(sizing.estimate), BLANK, *license_explained(sizing.license)]
            shown += [BLANK, *recipe_words(sizing.plan)] if sizing.plan is not None else []
        return shown

    def _below(self) -> list[Paragraph]:
        sizing = self.sizing
        lines = [] if sizing.fit is None else fit_words(sizing.fit)
        if spread := range_words(sizing.estimate):
            lines.append(said(_range_words(sizing.measured, spread)))
        if sizing.offload is not None:
            lines.append(said(split_words(sizing.offload)))
        elif sizing.estimate.host_bytes:
            lines.append(said(f"in RAM beside it: {amount(sizing.estimate.host_bytes)}"))
        if len(sizing.estimate.per_gpu_bytes) > 1:
            lines.append(said(f"fullest GPU: {amount(max(sizing.estimate.per_gpu_bytes))}"))
        if speed := speed_words(sizing):
            lines.append(said(f"speed: {speed}"))
        if sizing.plan is not None:
            lines += plan_words(sizing.plan)
        return lines + notes("warning", warnings_of(sizing))

    def markdown(self) -> str:
        """Return a heading, the parts as a table, and the verdict."""
        sizing = self.sizing
        rows = [[label, amount(count), f"{count:,}"] for label, count in _amounts(sizing.estimate)]
        columns = [Column("part"), Column("size", "right"), Column("bytes", "right")]
        words = [f"{escape_markdown(model_words(sizing))}  ", escape_markdown(load_words(sizing))]
        below = [escape_markdown(line.text) for line in self._below()]
        return "\n".join(
            [f"### {escape_markdown(sizing.model.id)}", "", *words, "", markdown(columns, rows), "", "  \n".join(below)]
        ).rstrip()


def _amounts(estimate: Estimate) -> list[tuple[str, int]]:
    parts = [(LABELS[part.name], part.bytes) for part in estimate.parts]
    return [*parts, ("total", estimate.total_bytes)]
