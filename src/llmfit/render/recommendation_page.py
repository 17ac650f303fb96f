"""Recommendations for people: the picks with a bar each, and as rows."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from llmfit.records.architecture import UNSEEN
from llmfit.records.device import Device
from llmfit.records.estimate import PartName
from llmfit.records.frozen import dataclass
from llmfit.records.recommendation import Recommendation, Recommendations, Rejection
from llmfit.render import envelope as nouns
from llmfit.render.bar import Bar, segments
from llmfit.render.explain import license_words
from llmfit.render.fitting import VERDICTS, Legend
from llmfit.render.grid import Column, Records, Row, Scalar, escape_markdown, markdown
from llmfit.render.prose import BLANK, READABLE, Drawable, Paragraph, notes, said
from llmfit.render.recommendation_json import sections
from llmfit.render.scoring import closest, in_words, license_read, pick_explained, rejected
from llmfit.render.tables import Rows
from llmfit.render.text import about_tokens, count_of, parameters, rate, tokens
from llmfit.units import amount, gib

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

COLUMNS = (
    Column("#", "right", style="dim"),
    Column("model", shrinks=True, style="bold"),
    Column("params", "right"),
    Column("format"),
    Column("GiB", "right"),
    Column("tok/s", "right"),
    Column("score", "right"),
)
FIELDS = (
    "rank",
    "section",
    "model",
    "parameters",
    "active_parameters",
    "license",
    "commercial",
    "engine",
    "precision",
    "format",
    "context",
    "sequences",
    *(f"{name}_bytes" for name in (PartName.WEIGHTS, PartName.KV_CACHE, PartName.ACTIVATION, PartName.OVERHEAD)),
    "total_bytes",
    "ram_bytes",
    "verdict",
    "headroom_bytes",
    "max_context",
    "tokens_per_second",
    "score",
    "rating",
    "badge",
    "training",
    *(f"{name}_bytes" for name in (PartName.GRADIENTS, PartName.OPTIMIZER, PartName.ADAPTER)),
    "labels",
    "pareto",
)
BAR_WIDTH = 20
INDENT = 3
"""Columns before what stands below a pick, so that it begins under the name."""
REASONS = 2
LONGEST = "up to: the longest context that leaves 10 % of the memory free"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The answer of `recommend` in words and rows."""

    answer: Recommendations
    device: Device
    explain: bool
    why_not: Rejection | None

    def records(self) -> Records:
        """Return one row for each pick."""
        return Records(FIELDS, [_record(section, pick) for section, pick in sections(self.answer)])

    def table(self) -> Sequence[Drawable]:
        """Return the picks with a bar each, what needs RAM, and what was left out."""
        answer = self.answer
        parts: list[Drawable] = [said(self._title(), hang=0)]
        if answer.picks:
            parts += [BLANK, self._picks(answer.picks)]
        if answer.offload:
            head = said("With part of the model in RAM beside the GPU, slower:", hang=0)
            parts += [BLANK, head, BLANK, self._picks(answer.offload)]
        shown = [pick.fit.estimate for pick in (*answer.picks, *answer.offload)]
        below = self._below()
        if shown:
            parts += [BLANK, Legend(shown)]
        if any(pick.max_context for pick in (*answer.picks, *answer.offload)):
            parts.append(said(LONGEST, hang=0))
        return [*parts, *([BLANK, *below] if below else [])]

    def _title(self) -> str:
        answer, question = self.answer, self.answer.question
        found = count_of(len(answer.picks), "model") if answer.picks else "No model"
        limits = [*question.licenses, *question.languages, *([question.region] if question.region else [])]
        wanted = f" ({', '.join(limits)})" if limits else ""
        training = question.training
        many = question.sequences if training is None else training.batch_size
        load = f"{tokens(answer.context)} tokens" + (f" × {many}" if many > 1 else "")
        images = max((pick.workload.images for pick in (*answer.picks, *answer.offload)), default=0)
        load += f" and {count_of(images, 'image')}" if images else ""
        device = f"{self.device.name}, {amount(self.device.usable_bytes)} usable{self._less()}"
        use = "for" if training is None else f"to fine-tune with {training.method} for"
        return f"{found} {use} {', '.join(question.tasks)}{wanted} on {device}, with {load}"

    def _less(self) -> str:
        """Return what an engine leaves unused of the device, in words: vLLM takes a share of each card."""
        usable = self.device.usable_bytes
        shares = {
            pick.workload.engine.id: pick.fit.device.usable_bytes
            for pick in self.answer.picks
            if pick.fit.device.usable_bytes < usable and not pick.companions
        }
        return "".join(f" ({amount(least)} by {engine})" for engine, least in shares.items())

    def _picks(self, picks: Sequence[Recommendation]) -> Rows:
        below: list[list[Drawable]] = [
            self._details(pick) if pick is picks[-1] else [*self._details(pick), BLANK] for pick in picks
        ]
        return Rows(COLUMNS, [_row(pick) for pick in picks], below)

    def _details(self, pick: Recommendation) -> list[Drawable]:
        """Return what stands below a pick: the bar, what a bundle has beside it, and why it is there."""
        lines: list[Drawable] = [_Memory(pick), *_beside(pick)]
        if self.explain:
            return lines + pick_explained(pick, indent=INDENT)
        lines += notes("warning", (text for text in pick.warnings if text.startswith(UNSEEN)), indent=INDENT)
        matters = "commercial" in self.answer.question.licenses or pick.training is not None
        asked = matters and not pick.license.permissive
        lines += _why(pick) + (notes("condition", pick.license.conditions, indent=INDENT) if asked else [])
        return lines + (license_read(pick, indent=INDENT) if self.answer.question.licenses else [])

    def _below(self) -> list[Paragraph]:
        answer, lines = self.answer, []
        if answer.rejected:
            counts = ", ".join(f"{in_words(reason)} {count}" for reason, count in answer.rejected.items())
            lines.append(said(f"Left out of {count_of(answer.considered, 'model')}: {counts}"))
        if self.why_not is not None:
            lines += rejected([self.why_not])
        elif self.explain:
            lines += closest(answer)
        return lines + notes("warning", answer.warnings)

    def markdown(self) -> str:
        """Return a heading and a table for each section."""
        parts = [f"### {escape_markdown(self._title())}"]
        if self.answer.picks:
            parts.append(_markdown(self.answer.picks))
        if self.answer.offload:
            parts += ["With part of the model in RAM beside the GPU:", _markdown(self.answer.offload)]
        return "\n\n".join([*parts, *(escape_markdown(line.text) for line in self._below())])


def _speed(pick: Recommendation) -> str:
    return "" if pick.speed is None else f"{rate(pick.speed.low)}–{rate(pick.speed.high)}"


def _row(pick: Recommendation) -> Row:
    return [
        str(pick.rank),
        pick.model.id,
        parameters(pick.model.parameters),
        pick.workload.format.id,
        gib(pick.fit.estimate.total_bytes),
        _speed(pick),
        f"{pick.score:.0f}",
    ]


@dataclass(frozen=True, slots=True)
class _Memory:
    """The bar of a pick, and beside it, or below it on a narrow terminal, what stays free and on which terms."""

    pick: Recommendation

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[RenderableType]":
        """Yield both."""
        fit = self.pick.fit
        words = said((" · ".join(_terms(self.pick)), ""), hang=0)
        narrow = options.max_width < INDENT + 2 * BAR_WIDTH
        indent = 0 if narrow else INDENT
        drawn = Bar(parts=segments(fit.estimate), capacity=fit.device.usable_bytes, width=BAR_WIDTH, indent=indent)
        if narrow:
            yield from (drawn, words)
            return
        place = INDENT + BAR_WIDTH + 2
        room = options.update(width=min(READABLE, options.max_width) - place)
        left = drawn.line(options.max_width)
        for line in words.__rich_console__(console, room):
            left.align("left", place)
            yield left.append_text(line)
            left = left.blank_copy()


def _terms(pick: Recommendation) -> list[str]:
    fit = pick.fit
    free = f"{gib(fit.headroom_bytes)} GiB free" if fit.headroom_bytes >= 0 else VERDICTS[fit.verdict][0]
    longest = [f"up to {about_tokens(pick.max_context)} tokens"] if pick.max_context else []
    return [free, *longest, license_words(pick.license)]


def _beside(pick: Recommendation) -> list[Paragraph]:
    """Return the other models of a bundle."""
    return [
        said(
            f"+ {one.role}: {one.model.id} {one.workload.format.id}, {amount(one.fit.estimate.total_bytes)}",
            indent=INDENT,
        )
        for one in pick.companions
    ]


def _why(pick: Recommendation) -> list[Paragraph]:
    """Return the labels, what the rating rests on, and the first reason beyond it; `--explain` has them all."""
    named = [*pick.labels, *(["good trade-off"] if pick.pareto else [])]
    labels = [(", ".join(named), "green"), (" · ", "dim")] if named else []
    words = "; ".join([_rated(pick), *pick.reasons[1:REASONS]])
    return [said(*labels, (words, "dim"), indent=INDENT, hang=0)]


def _rated(pick: Recommendation) -> str:
    """Return the rating with its standard error, and what it rests on."""
    quality, own = pick.quality, any(row.model == pick.model.id for row in pick.quality.evidence)
    if quality.badge == "measured":
        basis = "measured for this task"
    elif own:
        basis = "measured at neighbouring tasks"
    else:
        basis = "by size and age" if quality.badge == "estimated" else "by size, age and relatives"
    return f"rating {quality.rating:.0f} ± {quality.standard_error:.0f}, {basis}"


def _markdown(picks: Sequence[Recommendation]) -> str:
    columns = (*COLUMNS, Column("licence"), Column("evidence"))
    rows = [[*_row(pick), pick.license.effective_id, pick.quality.badge] for pick in picks]
    return markdown(columns, rows)


def _record(section: str, pick: Recommendation) -> list[Scalar]:
    memory = nouns.memory_json(pick.fit.estimate)
    load = pick.workload
    return [
        pick.rank,
        section,
        pick.model.id,
        pick.model.parameters,
        pick.active_parameters,
        pick.license.effective_id,
        pick.license.commercial,
        load.engine.id,
        load.format.precision,
        load.format.id,
        load.context,
        load.sequences,
        *(memory[f"{name}_bytes"] for name in ("weights", "kv_cache", "activation", "overhead", "total")),
        pick.fit.estimate.host_bytes,
        pick.fit.verdict.value,
        pick.fit.headroom_bytes,
        pick.max_context,
        None if pick.speed is None else round(pick.speed.typical, 2),
        round(pick.score, 2),
        round(pick.quality.rating, 1),
        pick.quality.badge,
        None if pick.training is None else pick.training.method,
        *(memory.get(f"{name}_bytes", 0) for name in (PartName.GRADIENTS, PartName.OPTIMIZER, PartName.ADAPTER)),
        ", ".join(pick.labels),
        pick.pareto,
    ]
