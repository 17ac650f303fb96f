"""`llmfit recommend`: which models for this device, task, licence, language, context."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from llmfit.commands import options as o
from llmfit.commands import wishes as w
from llmfit.commands.parsing import Command
from llmfit.commands.sink import Answer, origin_of, terminal
from llmfit.commands.training_options import given_training, with_training_options

if TYPE_CHECKING:
    from llmfit.catalog import Catalog
    from llmfit.records.device import Device
    from llmfit.records.recommendation import Recommendations


@with_training_options
def recommend(
    *,
    gpu: o.Gpu = None,
    vram: o.Vram = None,
    ram: o.Ram = None,
    task: o.Task = None,
    license_: o.License = None,
    region: o.Region = None,
    language: o.Language = None,
    context: o.Context = None,
    prompt_tokens: o.PromptTokens = None,
    sequences: o.Sequences = None,
    engine: o.Engines = None,
    precision: o.Precision = None,
    format_name: o.Format = None,
    kv_format: o.KvFormat = None,
    publisher: w.Publisher = None,
    family: w.Family = None,
    max_parameters: w.MaxParameters = None,
    max_weight_bytes: w.MaxDownload = None,
    min_tokens_per_second: w.MinSpeed = None,
    include_base: w.IncludeBase = False,
    include_low_bit: w.LowBit = False,
    all_variants: w.Siblings = False,
    weight: w.Weight = None,
    also: w.Also = None,
    why_not: w.WhyNot = None,
    output: o.OutputMode = None,
    json: o.Json = False,
    explain: o.Explain = False,
    top: o.Top = None,
    show_all: o.All = False,
    **training_options: Any,  # noqa: ANN401 - each of its own type
) -> Answer:
    """Which models to use on this hardware, or with --training to fine-tune on it.

    Without --gpu and --vram this machine's own GPU is meant. Exit code 1 where no model fits.
    """
    words = {name: word for name, word in locals().items() if name != "training_options"}
    return _answer(tuning=given_training(training_options), **words)


def _answer(
    *,
    output: str | None,
    json: bool,
    explain: bool,
    top: int | None,
    show_all: bool,
    gpu: Sequence[str] | None,
    vram: str | None,
    ram: str | None,
    also: Sequence[str] | None,
    why_not: str | None,
    weight: Sequence[str] | None,
    tuning: Mapping[str, Any],
    **wishes: Any,  # noqa: ANN401 - those of `question_of`, each of its own type
) -> Answer:
    mode = o.chosen_output(output, json=json)
    from llmfit.records.question import DEFAULT_TOP

    shown = o.chosen_top(top, show_all=show_all, default=DEFAULT_TOP)
    from llmfit.answers.questions import question_of, weights_of
    from llmfit.answers.words import device_of
    from llmfit.rank import recommend as rank
    from llmfit.render.recommendation import RecommendationsView
    from llmfit.render.view import render

    catalog = _catalog(also or ())
    question = question_of(catalog, top=shown, weights=weights_of(weight or ()), **wishes)
    asked = None if why_not is None else catalog.model(why_not).id
    device = device_of(catalog, gpu=gpu or (), vram=vram, ram=ram)
    if tuning:
        from llmfit.answers.finetuning import to_finetune

        question, device = to_finetune(catalog, question, device=device, **tuning)
    answer = rank(question, catalog, device=device)
    answer = _with_sources(answer, catalog, device=device, explain=explain)
    view = RecommendationsView(
        answer=answer,
        device=device,
        origin=origin_of("recommend", catalog),
        explain=explain,
        why_not=None if asked is None else answer.why_not(asked),
    )
    notes = device.readings if asked is None or view.why_not else (*device.readings, f"{asked} is among the picks")
    text = render(view, output=mode, terminal=terminal(mode))
    return Answer(text=text, exit_code=0 if answer.picks else 1, notes=notes)


def _with_sources(
    answer: "Recommendations", catalog: "Catalog", *, device: "Device", explain: bool
) -> "Recommendations":
    """Return the answer with where its figures come from, where that was asked for, or a licence was."""
    if explain:
        from llmfit.answers.explaining import explained

        answer = explained(answer, device=device)
    if explain or answer.question.licenses:
        from llmfit.answers.explaining import sourced

        answer = sourced(answer, model=catalog.model)
    return answer


def _catalog(also: Sequence[str]) -> "Catalog":
    """Return the catalog, with the models of these sources among its own."""
    from llmfit.catalog import load_catalog

    if not also:
        return load_catalog()
    from llmfit.sources.resolve import with_sources

    return with_sources(load_catalog(), also)


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("recommend", cls=Command)(recommend)
