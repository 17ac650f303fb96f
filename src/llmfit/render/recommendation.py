"""How recommendations look."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmfit.records.device import Device
from llmfit.records.estimate import PartName
from llmfit.records.frozen import dataclass
from llmfit.records.recommendation import Recommendation, Recommendations, Rejection
from llmfit.render import envelope as nouns
from llmfit.render.bar import bar, segments
from llmfit.render.explain import license_words
from llmfit.render.fitting import VERDICTS, legend
from llmfit.render.grid import Column, Records, Row, Scalar, blocks_of, escape_markdown, markdown
from llmfit.render.recommendation_json import question_json, recommendation_json, rejection_json
from llmfit.render.scoring import closest_lines, pick_explained, rejection_lines
from llmfit.render.terminal import Terminal
from llmfit.render.text import about_tokens, amount, count_of, gib, parameters, rate, styled, tokens, visible, wrap
from llmfit.render.view import Origin

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
)
BAR_WIDTH = 24
REASONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationsView:
    """The answer of `recommend`."""

    answer: Recommendations
    device: Device
    origin: Origin
    explain: bool = False
    why_not: Rejection | None = None

    def envelope(self) -> Mapping[str, Any]:
        """Return the JSON envelope."""
        answer = self.answer
        asked = answer.rejections if self.explain else () if self.why_not is None else (self.why_not,)
        rejections = {"rejections": [rejection_json(rejection) for rejection in asked]} if asked else {}
        return nouns.envelope(
            self.origin.command,
            catalog_version=self.origin.catalog_version,
            catalog_models=self.origin.catalog_models,
            device=nouns.device_json(self.device),
            question=question_json(answer),
            considered=answer.considered,
            recommendations=[recommendation_json(pick, explain=self.explain) for pick in answer.picks],
            offload=[recommendation_json(pick, explain=self.explain) for pick in answer.offload],
            rejected=answer.rejected,
            **rejections,
            weights=dict(answer.weights),
            warnings=list(answer.warnings),
        )

    def items(self) -> Sequence[Mapping[str, Any]]:
        """Return one object for each pick, with its section."""
        return [
            {"section": section, **recommendation_json(pick, explain=self.explain)}
            for section, pick in self._sections()
        ]

    def _sections(self) -> list[tuple[str, Recommendation]]:
        return [*(("fits", pick) for pick in self.answer.picks), *(("offload", pick) for pick in self.answer.offload)]

    def records(self) -> Records:
        """Return one row for each pick."""
        return Records(FIELDS, [_record(section, pick) for section, pick in self._sections()])

    def table(self, terminal: Terminal) -> str:
        """Return the picks with a bar each, what needs RAM, and what was left out."""
        answer = self.answer
        lines = wrap(self._title(), width=terminal.width)
        if answer.picks:
            lines += ["", *self._picks(answer.picks, terminal=terminal)]
        if answer.offload:
            head = "With part of the model in RAM beside the GPU, slower:"
            lines += ["", *wrap(head, width=terminal.width), *self._picks(answer.offload, terminal=terminal)]
        shown = [pick.fit.estimate for pick in (*answer.picks, *answer.offload)]
        if shown:
            lines += ["", *(styled(line, "dim", color=terminal.color) for line in legend(shown, terminal=terminal))]
        return "\n".join([*lines, *self._below(terminal)])

    def _title(self) -> str:
        answer, question = self.answer, self.answer.question
        found = count_of(len(answer.picks), "model") if answer.picks else "No model"
        limits = [*question.licenses, *question.languages, *([question.region] if question.region else [])]
        wanted = f" ({', '.join(limits)})" if limits else ""
        load = f"{tokens(answer.context)} tokens" + (f" × {question.sequences}" if question.sequences > 1 else "")
        device = f"{visible(self.device.name)}, {amount(self.device.usable_bytes)} usable"
        return f"{found} for {', '.join(question.tasks)}{wanted} on {device}, with {load}"

    def _picks(self, picks: Sequence[Recommendation], *, terminal: Terminal) -> list[str]:
        header, blocks = blocks_of(COLUMNS, [_row(pick) for pick in picks], terminal=terminal)
        lines = [*header]
        for pick, block in zip(picks, blocks, strict=True):
            lines += [*block, *_details(pick, terminal=terminal)]
            lines += _beside(pick, terminal=terminal)
            if not self.explain:
                lines += _why(pick, terminal=terminal)
            else:
                lines += [*pick_explained(pick, terminal=terminal, indent="    ")]
            if terminal.is_narrow or self.explain:
                lines.append("")
        return lines[:-1] if lines and not lines[-1] else lines

    def _below(self, terminal: Terminal) -> list[str]:
        answer, lines = self.answer, [""]
        if answer.rejected:
            counts = ", ".join(f"{reason} {count}" for reason, count in answer.rejected.items())
            lines += wrap(
                f"Left out of {count_of(answer.considered, 'model')}: {counts}",
                width=terminal.width,
                first="",
                indent="  ",
            )
        if self.why_not is not None:
            lines += rejection_lines([self.why_not], terminal=terminal)
        elif self.explain:
            lines += closest_lines(answer, terminal=terminal)
        for warning in answer.warnings:
            lines += wrap(f"warning: {visible(warning)}", width=terminal.width, first="", indent="  ")
        return lines if len(lines) > 1 else []

    def markdown(self) -> str:
        """Return a heading and a table for each section."""
        parts = [f"### {escape_markdown(self._title())}"]
        if self.answer.picks:
            parts.append(_markdown(self.answer.picks))
        if self.answer.offload:
            parts += ["With part of the model in RAM beside the GPU:", _markdown(self.answer.offload)]
        return "\n\n".join([*parts, *(escape_markdown(line) for line in self._below(Terminal()) if line)])


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


def _details(pick: Recommendation, *, terminal: Terminal) -> list[str]:
    """Return the bar with what stays free, and in words the licence, the evidence and the labels."""
    indent = "" if terminal.is_narrow else "    "
    fit = pick.fit
    capacity = fit.device.usable_bytes
    width = terminal.room(BAR_WIDTH + len(indent)) - len(indent)
    drawn = bar(segments(fit.estimate), capacity=capacity, width=width, terminal=terminal)
    words = [f"{gib(fit.headroom_bytes)} free" if fit.headroom_bytes >= 0 else VERDICTS[fit.verdict][0]]
    if pick.max_context:
        words.append(f"up to {about_tokens(pick.max_context)}")
    words += [license_words(pick.license), pick.quality.badge, *pick.labels]
    text = " · ".join(words)
    if terminal.is_narrow:
        return [drawn, *wrap(text, width=terminal.width)]
    lines = wrap(text, width=None if terminal.width is None else terminal.width - width - len(indent) - 2)
    rest = [f"{indent}{' ' * (width + 2)}{line}" for line in lines[1:]]
    return [f"{indent}{drawn}  {styled(lines[0], 'dim', color=terminal.color)}", *rest]


def _beside(pick: Recommendation, *, terminal: Terminal) -> list[str]:
    """Return the other models of a bundle, one a line."""
    indent = "" if terminal.is_narrow else "    "
    return [
        line
        for one in pick.companions
        for line in wrap(
            f"{one.role}: {visible(one.model.id)} {one.workload.format.id}, {amount(one.fit.estimate.total_bytes)}",
            width=terminal.width,
            first=f"{indent}+ ",
            indent=f"{indent}  ",
        )
    ]


def _why(pick: Recommendation, *, terminal: Terminal) -> list[str]:
    """Return the reasons that the row does not say itself; the first is size, date and evidence."""
    indent = "" if terminal.is_narrow else "    "
    text = "; ".join(visible(reason) for reason in pick.reasons[1:REASONS])
    return wrap(text, width=terminal.width, first=indent, indent=indent) if text else []


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
    ]
