"""How an import looks: what was read, what changed in the catalog file, and where."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from llmfit.records.frozen import dataclass
from llmfit.render import envelope as nouns
from llmfit.render.grid import Column, Records, Scalar, markdown
from llmfit.render.prose import BLANK, Drawable, notes, said
from llmfit.render.text import parameters, visible
from llmfit.render.view import Origin

if TYPE_CHECKING:
    from llmfit.records.license import EffectiveLicense
    from llmfit.records.model import Model

Action = Literal["added", "updated", "unchanged", "checked"]
_COLUMNS = (Column("field"), Column("before", shrinks=True), Column("after", shrinks=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportView:
    """The answer of `import`."""

    model: "Model"
    license: "EffectiveLicense"
    active_parameters: int | None
    action: Action
    file: str
    """Where the row is; `built-in` for one that comes with the program."""
    differences: tuple[tuple[str, Any, Any], ...]
    """Field, value before, value after."""
    warnings: tuple[str, ...]
    origin: Origin

    def envelope(self) -> Mapping[str, Any]:
        """Return the JSON envelope."""
        return nouns.envelope(
            self.origin.command,
            catalog_version=self.origin.catalog_version,
            catalog_models=self.origin.catalog_models,
            **self.items()[0],
        )

    def items(self) -> Sequence[Mapping[str, Any]]:
        """Return the import as one object."""
        model = nouns.model_json(self.model, license_=self.license, active_parameters=self.active_parameters)
        changed = [{"field": name, "before": before, "after": after} for name, before, after in self.differences]
        return [
            {
                "model": model,
                "action": self.action,
                "file": self.file,
                "changes": changed,
                "warnings": list(self.warnings),
            }
        ]

    def records(self) -> Records:
        """Return one row for each change, or one without any."""
        head: list[Scalar] = [self.model.id, self.action, self.file]
        rows = [[*head, name, _scalar(before), _scalar(after)] for name, before, after in self.differences]
        fields = ("model", "action", "file", "field", "before", "after")
        return Records(fields, rows or [[*head, None, None, None]])

    def table(self) -> Sequence[Drawable]:
        """Return what was done, and every change as a line taken away and a line put in."""
        lines = [said(f"{self._words()} ({parameters(self.model.parameters)} parameters)")]
        for name, before, after in self._rows():
            lines += [BLANK, said(("- ", "red"), f"{name}: {before}"), said(("+ ", "green"), f"{name}: {after}")]
        return lines + notes("warning", self.warnings)

    def markdown(self) -> str:
        """Return what was done, and the changes as a table."""
        rows = self._rows()
        return "\n".join([self._words(), *(["", markdown(_COLUMNS, rows)] if rows else [])])

    def _words(self) -> str:
        place = {"added": "added to", "updated": "updated in", "unchanged": "unchanged in", "checked": "compared with"}
        same = ", no difference" if self.action == "checked" and not self.differences else ""
        return f"{self.model.id}: {place[self.action]} {self.file}{same}"

    def _rows(self) -> list[list[str]]:
        return [[name, _shown(before), _shown(after)] for name, before, after in self.differences]


def _scalar(value: Any) -> Scalar:  # noqa: ANN401 - a field of a row holds anything
    """Return a value as programs read it: a list becomes words with commas between them."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _shown(value: Any) -> str:  # noqa: ANN401 - a field of a row holds anything
    """Return a value as people read it in the file: `true`, not `True`."""
    if value is None:
        return "not said"
    if isinstance(value, list | tuple):
        return visible(", ".join(map(str, value)))
    return str(value).lower() if isinstance(value, bool) else visible(str(value))
