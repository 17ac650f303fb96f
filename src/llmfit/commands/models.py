"""`llmfit models`: the catalog; `llmfit models show`: one model of it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmfit.commands import options as o
from llmfit.commands.parsing import Command, Group
from llmfit.commands.sink import Answer, origin_of, terminal
from llmfit.errors import UnknownModelError

if TYPE_CHECKING:
    from llmfit.catalog import Catalog
    from llmfit.records.model import Model
    from llmfit.render.catalog import ModelRow


class DefaultGroup(Group):
    """A group whose first word may be left out: `models qwen` is `models list qwen`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - its type is a private one of Typer
        """Put `list` in front of what names no command."""
        first = args[0] if args else ""
        return super().parse_args(ctx, args if first in self.commands else ["list", *args])


def list_models(
    query: Annotated[
        list[str] | None, typer.Argument(metavar="QUERY", help="Words in id, family or publisher.")
    ] = None,
    *,
    task: o.Task = None,
    license_: o.License = None,
    language: o.Language = None,
    output: o.OutputMode = None,
    json: o.Json = False,
    top: o.Top = None,
    show_all: o.All = False,
) -> Answer:
    """The models of the catalog, by size.

    `llmfit models show MODEL` has everything known of one. Exit code 1 where nothing is found.
    """
    mode = o.chosen_output(output, json=json)
    shown = o.chosen_top(top, show_all=show_all, default=None if query or mode != "table" else 30)
    from llmfit.answers.questions import question_of
    from llmfit.catalog import load_catalog
    from llmfit.languages import claims
    from llmfit.render.catalog import ModelsView
    from llmfit.render.view import render

    catalog = load_catalog()
    asked = question_of(catalog, task=task, license_=license_, language=language)
    found = [
        row
        for row in map(row_of(catalog), _matching(catalog.models.values(), words=query or ()))
        if all(claims(row.model.languages, language) for language in asked.languages)
        and (not task or _can(row.model, asked.tasks, catalog))
        and _licensed(row, asked.licenses)
    ]
    found.sort(key=lambda row: (row.model.parameters, row.model.id))
    view = ModelsView(rows=found[:shown], found=len(found), origin=origin_of("models", catalog))
    if not found:
        from llmfit.catalog.model_names import near_models

        limits = bool(task or license_ or language)
        near = near_models("-".join(query or ()), catalog.models.values()) if query and not limits else []
        note = o.nothing_found("model", query or (), near=near, limits=limits, everything="llmfit models --all")
        text = "" if mode == "table" else render(view, output=mode, terminal=terminal(mode))
        return Answer(text=text, exit_code=1, notes=(note,))
    return Answer(text=render(view, output=mode, terminal=terminal(mode)))


def show(model: o.Model, *, output: o.OutputMode = None, json: o.Json = False) -> Answer:
    """Everything that the catalog knows of one model, with sources."""
    mode = o.chosen_output(output, json=json)
    from llmfit.catalog import load_catalog
    from llmfit.render.catalog import ModelView
    from llmfit.render.view import render

    catalog = load_catalog()
    try:
        row = row_of(catalog)(catalog.model(model))
    except UnknownModelError as error:
        if "/" not in model:
            raise
        hint = f"{error.hint}; a model of the Hub is estimated, or imported, by its id"
        raise UnknownModelError(error.message, hint=hint) from None
    view = ModelView(row=row, origin=origin_of("models show", catalog))
    return Answer(text=render(view, output=mode, terminal=terminal(mode)))


def row_of(catalog: "Catalog") -> Any:  # noqa: ANN401 - a function from Model to ModelRow
    """Return a function that adds to a model what is worked out about it."""
    from llmfit.answers.estimating import active_parameters
    from llmfit.licensing import effective_license
    from llmfit.render.catalog import ModelRow

    def make(model: "Model") -> "ModelRow":
        license_ = effective_license(model, models=catalog.models, licenses=catalog.licenses)
        return ModelRow(
            model=model,
            license=license_,
            texts=tuple(catalog.licenses[name] for name in license_.ids if name in catalog.licenses),
            active_parameters=active_parameters(model),
            origin=catalog.origin(model.id),
        )

    return make


def _matching(models: "Iterable[Model]", *, words: Iterable[str]) -> "list[Model]":
    """Return the models that have every word, as it stands or without marks: `llama3.1` is in `Llama-3.1-8B`."""
    from llmfit.catalog.model_names import spaced

    wanted = [(word.casefold(), spaced(word)) for word in words]
    return [
        model
        for model in models
        if all(
            word in (text := f"{model.id} {model.family} {model.publisher}".casefold())
            or (runs.strip() and runs in spaced(text))
            for word, runs in wanted
        )
    ]


def _can(model: "Model", tasks: Iterable[str], catalog: "Catalog") -> bool:
    """Whether the model is of the kind, with the tags, the language and the context that each task takes."""
    from llmfit.languages import claims

    return all(
        model.kind in row.kinds
        and set(row.requires) <= set(model.tasks)
        and (row.language is None or claims(model.languages, row.language))
        and max(model.context_length, model.context_extended or 0) >= row.min_context
        for row in (catalog.tasks[task] for task in tasks)
    )


def _licensed(row: "ModelRow", words: Iterable[str]) -> bool:
    from llmfit.licensing import allows

    asked = list(words)
    ids = [word for word in asked if word not in {"commercial", "permissive"}]
    return allows(row.license, commercial="commercial" in asked, permissive="permissive" in asked, ids=ids)[0]


def add_to(app: typer.Typer) -> None:
    """Put the commands into the application."""
    group = typer.Typer(cls=DefaultGroup, rich_markup_mode=None, help="The models of the catalog.")
    group.command("list", cls=Command)(list_models)
    group.command("show", cls=Command)(show)
    app.add_typer(group, name="models")
