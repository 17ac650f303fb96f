"""How the catalog looks: `models`, `models show` and `gpus`."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmfit.records.device import Gpu
from llmfit.records.frozen import dataclass
from llmfit.records.license import EffectiveLicense, License
from llmfit.records.model import Model
from llmfit.render import envelope as nouns
from llmfit.render.explain import license_explained
from llmfit.render.grid import Column, Records, Row, escape_markdown, markdown
from llmfit.render.prose import BLANK, Address, Drawable, said
from llmfit.render.tables import Rows
from llmfit.render.text import about_tokens, count_of, listed, parameters
from llmfit.render.view import Origin
from llmfit.units import GIB

MODEL_COLUMNS = (
    Column("model", shrinks=True, style="bold"),
    Column("params", "right"),
    Column("context", "right"),
    Column("released"),
    Column("licence", shrinks=True),
    Column("kind"),
)
MODEL_FIELDS = (
    *("model", "family", "publisher", "kind", "parameters", "active_parameters", "context_length"),
    *("released", "license", "commercial", "tasks", "languages", "origin"),
)
GPU_COLUMNS = (
    Column("GPU", shrinks=True, style="bold"),
    Column("memory", "right"),
    Column("GB/s", "right"),
    Column("fp16 TFLOPS", "right"),
    Column("compute"),
    Column("year", "right"),
)
MARK = "*"
"""Stands behind the name of a GPU on which the sources differ."""
MOST_DIFFERENCES = 3
"""Marked GPUs up to which each has a line of its own."""
_TEXT = "licence text"
"""Fact that holds an address, which has lines of its own below the table."""
_FACTS = (Column("", style="dim"), Column("", shrinks=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A model with what is worked out about it."""

    model: Model
    license: EffectiveLicense
    active_parameters: int | None
    origin: str
    """`built-in`, or the user's file."""
    texts: tuple[License, ...] = ()
    """Every licence that applies and that the catalog knows, the model's own first."""


def model_row_json(row: ModelRow) -> dict[str, Any]:
    """Return a model of the list."""
    item = nouns.model_json(row.model, license_=row.license, active_parameters=row.active_parameters)
    return {**item, "origin": row.origin}


def details_json(row: ModelRow) -> dict[str, Any]:
    """Return everything that the catalog knows of a model."""
    model = row.model
    same = (
        "parameters_certainty parameters_note released_certainty context_certainty context_extended base_model "
        "base_relation native_format official gated likes downloads notes"
    )
    sources = [
        {"of": one.of, "source": one.source, "checked": one.checked, "certainty": one.certainty}
        for one in model.sources
    ]
    return {
        **model_row_json(row),
        **{name: getattr(model, name) for name in same.split()},
        "lineage_licenses": list(model.lineage_licenses),
        "data_caveats": list(model.data_caveats),
        "license_because": list(row.license.because),
        "license_texts": [
            {"id": one.id, "name": one.name, "spdx_id": one.spdx_id, "url": one.url, "regions_note": one.regions_note}
            for one in row.texts
        ],
        "sources": sources,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsView:
    """The answer of `models`."""

    rows: Sequence[ModelRow]
    found: int
    """How many there are, shown or not."""
    origin: Origin

    def envelope(self) -> Mapping[str, Any]:
        """Return the JSON envelope."""
        return nouns.envelope(
            self.origin.command,
            catalog_version=self.origin.catalog_version,
            catalog_models=self.origin.catalog_models,
            models=self.items(),
        )

    def items(self) -> Sequence[Mapping[str, Any]]:
        """Return one object for each model."""
        return [model_row_json(row) for row in self.rows]

    def records(self) -> Records:
        """Return one row for each model."""
        return Records(MODEL_FIELDS, [_model_record(row) for row in self.rows])

    def table(self) -> Sequence[Drawable]:
        """Return one line for each model, and how many there are."""
        rows = Rows(MODEL_COLUMNS, [_model_row(row) for row in self.rows])
        return [rows, BLANK, said(count_of(len(self.rows), "model"), _more(self.found - len(self.rows)))]

    def markdown(self) -> str:
        """Return one table."""
        return markdown(MODEL_COLUMNS, [_model_row(row) for row in self.rows])


def _more(count: int) -> str:
    return f", {count:,} more with --all" if count > 0 else ""


def _model_row(row: ModelRow) -> Row:
    model = row.model
    return [
        model.id,
        parameters(model.parameters),
        about_tokens(model.context_length),
        f"{model.released:%Y-%m}",
        row.license.effective_id,
        model.kind,
    ]


def _model_record(row: ModelRow) -> list[str | int | None]:
    model = row.model
    return [
        *(model.id, model.family, model.publisher, model.kind, model.parameters, row.active_parameters),
        *(model.context_length, model.released.isoformat(), row.license.effective_id, row.license.commercial),
        *(",".join(model.tasks), ",".join(model.languages), row.origin),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """The answer of `models show`."""

    row: ModelRow
    origin: Origin

    def envelope(self) -> Mapping[str, Any]:
        """Return the JSON envelope."""
        return nouns.envelope(
            self.origin.command,
            catalog_version=self.origin.catalog_version,
            catalog_models=self.origin.catalog_models,
            model=details_json(self.row),
        )

    def items(self) -> Sequence[Mapping[str, Any]]:
        """Return the model."""
        return [details_json(self.row)]

    def records(self) -> Records:
        """Return a row for each fact."""
        return Records(("fact", "value"), [[name, value] for name, value in self._facts()])

    def _facts(self) -> list[tuple[str, str]]:
        model, row = self.row.model, self.row
        active = [] if row.active_parameters is None else [("active parameters", f"{row.active_parameters:,}")]
        longer = f", {model.context_extended:,} with RoPE scaling" if model.context_extended else ""
        base = [] if model.base_model is None else [("made from", f"{model.base_model} ({model.base_relation})")]
        return [
            ("family", model.family),
            ("publisher", model.publisher),
            ("kind", model.kind),
            ("parameters", f"{model.parameters:,} ({model.parameters_certainty})"),
            *active,
            ("context", f"{model.context_length:,} tokens ({model.context_certainty}){longer}"),
            ("released", f"{model.released.isoformat()} ({model.released_certainty})"),
            *base,
            ("licence", row.license.effective_id),
            *[(_TEXT, f"{one.name}: {one.url}") for one in row.texts if one.url],
            *[("licence regions", one.regions_note) for one in row.texts if one.regions_note],
            ("tasks", listed(model.tasks)),
            ("languages", listed(model.languages)),
            *[(word, text) for word, text in (("format", model.native_format), ("notes", model.notes)) if text],
            *[("caveat", text) for text in (*model.data_caveats, model.parameters_note) if text],
            ("row", row.origin),
        ]

    def table(self) -> Sequence[Drawable]:
        """Return the facts, the licence and the sources."""
        facts = Rows(_FACTS, [[name, value] for name, value in self._facts() if name != _TEXT])
        texts: list[Drawable] = []
        for one in self.row.texts:
            texts += [said(("text: ", "dim"), one.name, indent=2), Address(one.url)] if one.url else []
        sources = [
            said(("source ", "dim"), f"{one.of.replace('|', ', ')}: {one.source}, {one.checked} ({one.certainty})")
            for one in self.row.model.sources
        ]
        title = said((self.row.model.id, "bold"), hang=0)
        return [title, BLANK, facts, BLANK, *license_explained(self.row.license), *texts, BLANK, *sources]

    def markdown(self) -> str:
        """Return a heading and a table of the facts."""
        rows = [[name, value] for name, value in self._facts()]
        return f"### {escape_markdown(self.row.model.id)}\n\n" + markdown((Column("fact"), Column("value")), rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpusView:
    """The answer of `gpus`."""

    gpus: Sequence[Gpu]
    found: int
    origin: Origin

    def envelope(self) -> Mapping[str, Any]:
        """Return the JSON envelope."""
        return nouns.envelope(
            self.origin.command,
            catalog_version=self.origin.catalog_version,
            catalog_models=self.origin.catalog_models,
            gpus=self.items(),
        )

    def items(self) -> Sequence[Mapping[str, Any]]:
        """Return one object for each GPU."""
        return [nouns.gpu_json(gpu) for gpu in self.gpus]

    def records(self) -> Records:
        """Return one row for each GPU; lists and sources are in the JSON."""
        rows = [nouns.without(nouns.gpu_json(gpu), ("aliases", "sources")) for gpu in self.gpus]
        fields = tuple(rows[0]) if rows else ("id",)
        return Records(fields, [[row[name] for name in fields] for row in rows])

    def table(self) -> Sequence[Drawable]:
        """Return one line for each GPU, and how many there are."""
        rows = Rows(GPU_COLUMNS, [_gpu_row(gpu) for gpu in self.gpus])
        count = said(count_of(len(self.gpus), "GPU"), _more(self.found - len(self.gpus)))
        return [rows, BLANK, count, *_differences(self.gpus)]

    def markdown(self) -> str:
        """Return one table."""
        return markdown(GPU_COLUMNS, [_gpu_row(gpu) for gpu in self.gpus])


def _differences(gpus: Sequence[Gpu]) -> list[Drawable]:
    """Return what the mark behind a name means: where the sources of a few differ, or how many do."""
    marked = [gpu for gpu in gpus if gpu.disagreement]
    if len(marked) > MOST_DIFFERENCES:
        return [said(f"{MARK} sources differ on {count_of(len(marked), 'GPU')}; --json says where")]
    return [said(f"{MARK} sources differ on {gpu.name}: {gpu.disagreement}") for gpu in marked]


def _gpu_row(gpu: Gpu) -> Row:
    return [
        f"{gpu.name} {MARK}" if gpu.disagreement else gpu.name,
        f"{gpu.memory_bytes / GIB:g} GiB",
        "" if gpu.bandwidth_gbps is None else f"{gpu.bandwidth_gbps:.0f}",
        "" if gpu.fp16_tflops is None else f"{gpu.fp16_tflops:.0f}",
        gpu.compute or "",
        "" if gpu.released is None else str(gpu.released),
    ]
