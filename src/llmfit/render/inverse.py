"""How the answer of `plan` looks: variants on a device, machines for a load, or a grid."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmfit.records.frozen import dataclass
from llmfit.records.plan import ContextSplit, GpuChoice, Plan, Variant
from llmfit.render import envelope as nouns
from llmfit.render.explain import license_words, memory_explained
from llmfit.render.grid import Cell, Column, Records, Row, escape_markdown, markdown
from llmfit.render.inverse_json import (
    FIELDS,
    cell_json,
    cell_record,
    choice_json,
    choice_record,
    variant_json,
    variant_record,
)
from llmfit.render.prose import BLANK, Drawable, notes, said
from llmfit.render.shortfall import missing_words
from llmfit.render.tables import Rows
from llmfit.render.text import about_tokens, count_of, parameters, tokens
from llmfit.render.view import Origin
from llmfit.units import amount, gib

SHORTEST = 512
"""Contexts below this are left to JSON: nobody talks in them."""
_VARIANTS = (
    Column("engine"),
    Column("format", style="bold"),
    Column("longest context", "right"),
    Column("10% free", "right"),
    Column("most sequences", "right"),
    Column("GiB", "right"),
    Column("how", shrinks=True),
)
_CHOICES = (
    Column("machine", style="bold", shrinks=True),
    Column("memory", "right"),
    Column("needs", "right"),
    Column("left", "right"),
    Column("USD/h", "right"),
    Column("price of"),
    Column("instance", shrinks=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """The answer of `plan`."""

    plan: Plan
    origin: Origin
    launch: str = ""
    """The command or file that was asked for with `--emit`."""
    explain: bool = False

    def envelope(self) -> Mapping[str, Any]:
        """Return the JSON envelope."""
        plan = self.plan
        return nouns.envelope(
            self.origin.command,
            catalog_version=self.origin.catalog_version,
            catalog_models=self.origin.catalog_models,
            device=nouns.device_json(plan.device),
            model=nouns.model_json(plan.model, license_=plan.license, active_parameters=plan.active_parameters),
            context=plan.context,
            sequences=plan.sequences,
            headroom_percent=plan.headroom_percent,
            workload=None if plan.workload is None else nouns.workload_json(plan.workload),
            variants=[variant_json(variant) for variant in plan.variants],
            smallest=[choice_json(choice) for choice in plan.smallest],
            cheapest=[choice_json(choice) for choice in plan.cheapest],
            prices_note=plan.prices_note,
            grid=[cell_json(cell) for cell in plan.grid],
            launch=self.launch,
            warnings=list(plan.warnings),
        )

    def items(self) -> Sequence[Mapping[str, Any]]:
        """Return one object for each variant, machine or cell."""
        whole = self.envelope()
        return [{"kind": kind, **item} for kind in ("variants", "smallest", "cheapest", "grid") for item in whole[kind]]

    def records(self) -> Records:
        """Return one row for each variant, machine or cell."""
        plan = self.plan
        rows = [variant_record(plan, variant) for variant in plan.variants]
        rows += [choice_record(plan, choice) for choice in (*plan.smallest, *plan.cheapest)]
        return Records(FIELDS, rows + [cell_record(plan, cell) for cell in plan.grid])

    def table(self) -> Sequence[Drawable]:
        """Return the heading, the tables, the frontier and what is to be known."""
        plan = self.plan
        title, *below = self._heading()
        lines: list[Drawable] = [said((title, "bold")), *map(said, below)]
        if plan.variants:
            lines += [BLANK, Rows(_VARIANTS, [_variant_row(plan, one) for one in plan.variants]), BLANK]
            lines += [*_frontiers(plan), *_refusals(plan)]
        every = [_choice_row(one) for one in (*plan.smallest, *plan.cheapest)]
        for title, choices in (("least memory", plan.smallest), ("lowest price", plan.cheapest)):
            if choices:
                rows = [_choice_row(one) for one in choices]
                lines += [BLANK, said(title), Rows(_CHOICES, rows, beside=every)]
        if plan.workload is not None and not plan.smallest:
            lines += [BLANK, said("No machine with up to 8 of these GPUs runs it")]
        if plan.prices_note:
            lines += [BLANK, said(plan.prices_note)]
        if plan.grid:
            lines += [BLANK, Rows(*_grid(plan))]
        for variant in plan.variants if self.explain else ():
            if variant.estimate is not None:
                words = f"{variant.workload.engine.id} {variant.workload.format.id}"
                lines += [BLANK, said(words), *memory_explained(variant.estimate, indent=2)]
        return [*lines, *notes("warning", plan.warnings)]

    def _heading(self) -> list[str]:
        plan = self.plan
        size = f"{parameters(plan.model.parameters)} parameters, {license_words(plan.license)}"
        longest = plan.model.context_extended or 0
        scaled = f", {tokens(longest)} with RoPE scaling" if longest > plan.model.context_length else ""
        lines = [plan.model.id, f"{size}, made for {tokens(plan.model.context_length)} tokens{scaled}"]
        if plan.device is not None:
            words = f"{plan.device.name}, {amount(plan.device.usable_bytes)} usable"
            load = f"{count_of(plan.sequences, 'sequence')} for the context, {plan.context:,} tokens for the sequences"
            return [*lines, words, load]
        if plan.workload is not None:
            asked = plan.workload
            words = f"{asked.engine.id}, {asked.format.id}, KV cache {asked.kv_format.id}"
            return [*lines, f"{words}, {count_of(asked.sequences, 'sequence')} of {asked.context:,} tokens"]
        return [*lines, "smallest card in GB, one sequence"]

    def markdown(self) -> str:
        """Return the heading and one table for each kind of answer."""
        plan = self.plan
        head = [escape_markdown(line) for line in self._heading()]
        parts = [f"### {head[0]}", "  \n".join(head[1:])]
        if plan.variants:
            parts.append(markdown(_VARIANTS, [_variant_row(plan, one) for one in plan.variants]))
        for title, choices in (("Least memory", plan.smallest), ("Lowest price", plan.cheapest)):
            if choices:
                parts += [f"**{title}**", markdown(_CHOICES, [_choice_row(one) for one in choices])]
        if plan.prices_note:
            parts.append(escape_markdown(plan.prices_note))
        if plan.grid:
            parts.append(markdown(*_grid(plan)))
        return "\n\n".join([*parts, *([f"```\n{self.launch}\n```"] if self.launch else [])])


def _variant_row(plan: Plan, variant: Variant) -> Row:
    load, options = variant.workload, variant.workload.options
    how = [variant.reason] if variant.reason else []
    if variant.in_ram:
        how.append(f"part in RAM: {', '.join(map(_split_words, variant.splits))}")
    if options.tensor_parallel > 1 or options.pipeline_parallel > 1:
        how.append(f"tensor {options.tensor_parallel}, pipeline {options.pipeline_parallel}")
    if variant.max_num_seqs is not None:
        how.append(f"--max-num-seqs {variant.max_num_seqs}")
    if variant.runs:
        how.append("limit: the model" if variant.limited_by_model else "limit: memory")
    how += [words] if (words := missing_words(plan, variant)) else []
    longest = f"{variant.longest_context:,}" if variant.longest_context else "–"
    comfortable = f"{variant.comfortable_context:,}" if variant.comfortable_context else "–"
    return [
        load.engine.id,
        load.format.id,
        longest,
        comfortable,
        f"{variant.most_sequences:,}" if variant.most_sequences else "–",
        "" if variant.estimate is None else gib(variant.estimate.total_bytes),
        "; ".join(how),
    ]


def _split_words(split: ContextSplit) -> str:
    layers = "all layers" if split.n_gpu_layers is None else f"-ngl {split.n_gpu_layers}"
    experts = f" --n-cpu-moe {split.n_cpu_moe}" if split.n_cpu_moe else ""
    return f"{layers}{experts} for {about_tokens(split.context)}"


def _frontiers(plan: Plan) -> list[Drawable]:
    """Return sequences × context of each variant that has more than one point."""
    lines: list[Drawable] = []
    for variant in plan.variants:
        shown = [one for one in variant.frontier if one.context >= SHORTEST]
        if len(shown) > 1:
            words = f"{variant.workload.engine.id} {variant.workload.format.id}"
            points = ", ".join(f"{one.sequences}x{about_tokens(one.context)}" for one in shown)
            lines.append(said(f"{words}: {points}"))
    return [said("sequences x context that fit:"), *lines] if lines else []


def _refusals(plan: Plan) -> Sequence[Drawable]:
    seen: dict[str, list[str]] = {}
    for variant in plan.variants:
        for one in variant.refused:
            words = f"tensor {one.tensor_parallel}, pipeline {one.pipeline_parallel}: {one.reason}"
            seen.setdefault(words, []).append(variant.workload.format.id)
    texts = [f"{', '.join(formats)} in {words}" for words, formats in seen.items()]
    return notes("vLLM refuses", texts)


def _choice_row(choice: GpuChoice) -> Row:
    row = choice.instance
    price = None if row is None else row.price_usd_per_hour
    return [
        choice.device.name,
        amount(choice.device.usable_bytes),
        amount(choice.total_bytes),
        amount(choice.margin_bytes),
        "" if price is None else f"{price:.2f}",
        "" if row is None else row.price_date or "unknown",
        "" if row is None else f"{row.provider} {row.instance} {row.region}".strip(),
    ]


def _grid(plan: Plan) -> tuple[list[Column], list[Row]]:
    contexts = sorted({cell.context for cell in plan.grid})
    columns = [Column("format", style="bold"), *(Column(tokens(context), "right") for context in contexts)]
    rows: dict[str, list[str | Cell]] = {}
    for cell in plan.grid:
        rows.setdefault(cell.format, [cell.format]).append("–" if cell.card_gb is None else str(cell.card_gb))
    return columns, list(rows.values())
