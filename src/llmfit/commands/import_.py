"""`llmfit import`: a model from the Hub, a folder or a file becomes a row of the user's catalog."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmfit.commands import options as o
from llmfit.commands.parsing import Command
from llmfit.commands.sink import Answer, origin_of, terminal
from llmfit.errors import UsageError
from llmfit.quantities import iso_date

if TYPE_CHECKING:
    from llmfit.catalog import Catalog
    from llmfit.records.sourced import SourcedModel
    from llmfit.render.importing import Action, ImportView
    from llmfit.sources.rows import Change, Row


def import_model(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Hub id or address, folder, config.json or weights.")],
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Compare the catalog's row with the source; write nothing.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Refresh licence, tags and dates of the row, and what you state.")
    ] = False,
    into: Annotated[
        str | None, typer.Option("--into", metavar="FILE", help="Catalog file, instead of your own; data/models.yaml.")
    ] = None,
    model_id: Annotated[str | None, typer.Option("--id", metavar="ID", help="Id of the row: owner/name.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", metavar="WORD", help="base, instruct, reasoning, ...")] = None,
    family: Annotated[str | None, typer.Option("--family", metavar="NAME", help="Name of its family.")] = None,
    released: Annotated[
        date | None, typer.Option("--released", metavar="DATE", parser=iso_date, help="Day of release: YYYY-MM-DD.")
    ] = None,
    license_: Annotated[str | None, typer.Option("--license", metavar="ID", help="Its licence's id.")] = None,
    context: o.Context = None,
    output: o.OutputMode = None,
    json: o.Json = False,
) -> Answer:
    """Put a model into your catalog.

    What a source does not tell is asked for, never made up.
    Exit code 1 where --check finds a difference.
    """
    mode = o.chosen_output(output, json=json)
    if check and update:
        raise UsageError("--check and --update contradict each other", hint="Give one of them")
    from llmfit.render.view import render

    catalog = _catalog()
    day = None if released is None else released.isoformat()
    given = _given(catalog, id=model_id, kind=kind, family=family, released=day, license=license_)
    if context is not None:
        given["context_length"] = context
    view = _import(catalog, source, given=given, check=check, update=update, into=into)
    differs = view.action == "checked" and bool(view.differences)
    notes = _unsaid(view, given) if view.action == "added" else ()
    return Answer(text=render(view, output=mode, terminal=terminal(mode)), exit_code=int(differs), notes=notes)


def _unsaid(view: "ImportView", given: dict[str, Any]) -> tuple[str, ...]:
    """Return what the source did not tell and the user did not either: what it was taken for, and how to say more."""
    model = view.model
    found = []
    if model.license == "unknown":
        found.append(f"no licence of {model.id} was found, so it is unknown; --update --license ID says which")
    for name, word in (("kind", model.kind), ("family", model.family)):
        if name not in given:
            found.append(f"the {name} of {model.id} is read as {word}; --update --{name} WORD says otherwise")
    return tuple(found)


def _catalog() -> "Catalog":
    """Return the catalog; the first import makes the user's file, even where it is named and not there yet."""
    from llmfit.catalog import load_catalog
    from llmfit.catalog.user_file import user_catalog_path

    return load_catalog() if user_catalog_path().exists() else load_catalog(user_file=None)


def _given(catalog: "Catalog", **words: str | None) -> dict[str, Any]:
    """Return the fields that the user states, each checked against its vocabulary."""
    from typing import get_args

    from llmfit.records.model import ModelKind

    given: dict[str, Any] = {name: word for name, word in words.items() if word is not None}
    empty = next((name for name, word in given.items() if not word.strip()), None)
    if empty is not None:
        raise UsageError(f"--{empty} '': nothing given", hint=f"Say what it is, or leave --{empty} out")
    if "license" in given:
        given["license"] = catalog.license(given["license"]).id
    if "kind" in given and given["kind"] not in get_args(ModelKind):
        raise UsageError(f"--kind {given['kind'][:40]}: no kind", hint=f"Name one of {', '.join(get_args(ModelKind))}")
    return given


def _import(
    catalog: "Catalog", source: str, *, given: dict[str, Any], check: bool, update: bool, into: str | None
) -> Any:  # noqa: ANN401 - the view is imported here
    from llmfit.sources.resolve import read_source
    from llmfit.sources.rows import COMPARED, REFRESHED, changes, plain_row, row_of

    model = read_source(catalog, source)
    row = row_of(model, today=datetime.now(UTC).date(), given=given, whole=not (check or update))
    if check:
        known = catalog.model(row["id"])
        found = changes(plain_row(known), row, names=_names(COMPARED, given))
        return _view(catalog, model, row, action="checked", file=catalog.origin(known.id), found=found)
    path = _path(into)
    if update:
        known = catalog.models[row["id"]] if row["id"] in catalog.models else catalog.model(row["id"])
        found = changes(plain_row(known), row, names=_names(REFRESHED, given))
        if found:
            from llmfit.sources.catalog_file import update_row

            update_row(path, row["id"], {change.field: change.after for change in found})
        return _view(catalog, model, row, action="updated" if found else "unchanged", file=str(path), found=found)
    from llmfit.sources.catalog_file import add_row

    added = add_row(path, row, heading=_order if into else None)
    return _view(catalog, model, row, action="added" if added else "unchanged", file=str(path), found=())


def _names(usual: tuple[str, ...], given: dict[str, Any]) -> tuple[str, ...]:
    """Return the fields to compare: those of the source, and what the user states; the id names the row itself."""
    stated = [name for name in given if name != "id"]
    certain = ["context_certainty"] if "context_length" in given else []
    return tuple(dict.fromkeys((*usual, *stated, *certain)))


def _path(into: str | None) -> Path:
    if into is not None:
        return Path(into)
    from llmfit.catalog.user_file import user_catalog_path

    return user_catalog_path()


def _order(row: "Row") -> tuple[Any, ...]:
    """Return what the rows of data/models.yaml are sorted by."""
    return str(row["family"]).casefold(), row["parameters"], row["id"]


def _view(
    catalog: "Catalog",
    model: "SourcedModel",
    row: "Row",
    *,
    action: "Action",
    file: str,
    found: "tuple[Change, ...]",
) -> Any:  # noqa: ANN401 - the view is imported here
    from dataclasses import replace

    from llmfit.answers.estimating import active_parameters
    from llmfit.licensing import effective_license
    from llmfit.render.importing import ImportView

    stated = {name: row[name] for name in ("id", "kind", "family", "license", "context_length") if name in row}
    shown = replace(
        model, **stated, released=date.fromisoformat(row["released"]), released_certainty=row["released_certainty"]
    )
    return ImportView(
        model=shown,
        license=effective_license(shown, models=catalog.models, licenses=catalog.licenses),
        active_parameters=active_parameters(shown),
        action=action,
        file=file,
        differences=tuple((change.field, change.before, change.after) for change in found),
        warnings=model.findings,
        origin=origin_of("import", catalog),
    )


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("import", cls=Command)(import_model)
