"""`llmfit check`: whether models or deploy files hold what is asked of them, by exit code."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmfit.commands import options as o
from llmfit.commands.engine_options import given_options, with_engine_options
from llmfit.commands.locking import locked_answer
from llmfit.commands.parsing import Command
from llmfit.commands.sink import Answer, origin_of, terminal
from llmfit.commands.targets import YAML, check_targets
from llmfit.commands.today import today
from llmfit.errors import InvalidFileError, UsageError, nearest
from llmfit.quantities import iso_date, percent, positive
from llmfit.render.view import OUTPUTS

if TYPE_CHECKING:
    from llmfit.catalog import Catalog
    from llmfit.records.deployment import CheckResult, FileProblem

REPORTS = ("junit", "sarif", "github")
"""Outputs that continuous integration reads, beside those of every command."""

Targets = Annotated[
    list[str],
    typer.Argument(metavar="MODEL|FILE", help="Model, or deploy file (.yaml).", autocompletion=o.complete("models")),
]
CheckOutput = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="MODE",
        help="table, plain, json, jsonl, csv, markdown, junit, sarif or github.",
        autocompletion=lambda: [*OUTPUTS, *REPORTS],
    ),
]
Lock = Annotated[
    str | None,
    typer.Option("--lock", metavar="FILE", help="Pin facts in this file; if it exists, answer by them."),
]
Option = Annotated[
    list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="Option of the engine; repeatable.")
]
Headroom = Annotated[
    float | None,
    typer.Option("--headroom", metavar="PERCENT", parser=percent, help="Share of each GPU that must stay free."),
]


@with_engine_options
def check(
    targets: Targets,
    *,
    gpu: o.Gpu = None,
    vram: o.Vram = None,
    ram: o.Ram = None,
    engine: o.Engine = None,
    precision: o.Precision = None,
    format_name: o.Format = None,
    kv_format: o.KvFormat = None,
    context: o.Context = None,
    prompt_tokens: o.PromptTokens = None,
    sequences: o.Sequences = None,
    option: Option = None,
    headroom: Headroom = None,
    license_: Annotated[
        list[str] | None,
        typer.Option("--license", metavar="ID", help="commercial, or an allowed licence; repeatable."),
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option("--region", metavar="CODE", help="Country or eu where the licence must hold; repeatable."),
    ] = None,
    min_speed: Annotated[
        float | None, typer.Option("--min-speed", metavar="N", parser=positive, help="Fewest tokens per second.")
    ] = None,
    max_price: Annotated[
        float | None, typer.Option("--max-price", metavar="USD", parser=positive, help="Most USD an hour to rent it.")
    ] = None,
    stale_prices: Annotated[bool, typer.Option("--stale-prices", help="Accept prices older than 180 days.")] = False,
    as_of: Annotated[
        date | None,
        typer.Option("--as-of", metavar="DATE", parser=iso_date, help="Day for prices and exceptions; default today."),
    ] = None,
    lock: Lock = None,
    update_lock: Annotated[bool, typer.Option("--update-lock", help="Write the lock file again.")] = False,
    output: CheckOutput = None,
    json: o.Json = False,
    explain: o.Explain = False,
    **engine_options: Any,  # noqa: ANN401 - each of its own type
) -> Answer:
    """Whether models, or the deployments of files, fit and keep their limits.

    Exit codes: 0 all hold; 1 one does not; 2 usage or an invalid file;
    3 one could not be decided.
    """
    words = {name: word for name, word in locals().items() if name != "engine_options"}
    return _answer(**words, **given_options(engine_options))


def _answer(
    *,
    targets: Sequence[str],
    output: str | None,
    json: bool,
    explain: bool,
    lock: str | None,
    update_lock: bool,
    as_of: date | None,
    stale_prices: bool,
    **words: Any,  # noqa: ANN401 - the options of a load and its limits, each of its own type
) -> Answer:
    mode = _mode(output, json=json)
    if update_lock and lock is None:
        raise UsageError("--update-lock needs --lock", hint="Write --lock llmfit.lock --update-lock")
    if lock is not None and lock.casefold().endswith(YAML):
        raise UsageError(f"--lock {lock}: the name of a deploy file", hint="Write --lock llmfit.lock")
    from llmfit.catalog import load_catalog

    day = as_of or today()
    catalog = load_catalog()
    try:
        results = check_targets(targets, words, catalog=catalog, today=day, stale_prices=stale_prices)
        results, changed, notes = locked_answer(
            results,
            None if lock is None else Path(lock),
            catalog,
            update=update_lock,
            again=lambda pins: check_targets(
                targets, words, catalog=catalog, today=day, stale_prices=stale_prices, pins=pins
            ),
        )
    except InvalidFileError as error:
        if mode not in REPORTS:
            raise
        return Answer(text=_report(mode, (), catalog, problems=error.problems), exit_code=2, notes=(error.message,))
    if mode in REPORTS:
        text = _report(mode, results, catalog)
    else:
        text = _shown(mode, results, catalog, today=day, changed=changed, explain=explain)
    return Answer(text=text, exit_code=exit_code_of(results), notes=(*_readings(results), *notes))


def _readings(results: "Sequence[CheckResult]") -> tuple[str, ...]:
    """Return how names that can mean several cards were read, each once."""
    devices = [result.sizing.device for result in results if result.sizing is not None]
    return tuple(dict.fromkeys(said for device in devices if device is not None for said in device.readings))


def exit_code_of(results: "Sequence[CheckResult]") -> int:
    """Return 1 where one does not hold, else 3 where one could not be decided, else 0."""
    statuses = {result.status for result in results}
    return 1 if "fail" in statuses else 3 if statuses != {"pass"} else 0


def _mode(output: str | None, *, json: bool) -> str:
    """Return the output that the options ask for together.

    Raises:
        UsageError: They contradict each other, or there is no such output.
    """
    word = (output or "").casefold()
    if word in REPORTS:
        if json:
            raise UsageError(f"--json and --output {word} contradict each other", hint="Give one of them")
        return word
    if output is not None and word not in OUTPUTS:
        close = nearest(word, [*OUTPUTS, *REPORTS], limit=1)
        hint = f"Did you mean {close[0]}?" if close else f"Name one of {', '.join([*OUTPUTS, *REPORTS])}"
        raise UsageError(f"--output {output[:40]}: no such output", hint=hint)
    return o.chosen_output(output, json=json)


def _shown(
    mode: str,
    results: "Sequence[CheckResult]",
    catalog: "Catalog",
    *,
    today: date,
    changed: Sequence[str],
    explain: bool,
) -> str:
    from llmfit.render.checking import CheckView
    from llmfit.render.view import render

    origin = origin_of("check", catalog)
    view = CheckView(results=results, origin=origin, today=today, changed=changed, explain=explain)
    return render(view, output=o.parse_output(mode), terminal=terminal(mode))


def _report(
    mode: str, results: "Sequence[CheckResult]", catalog: "Catalog", *, problems: "Sequence[FileProblem]" = ()
) -> str:
    if mode == "junit":
        from llmfit.render.junit import junit

        return junit(results, problems=problems)
    if mode == "github":
        from llmfit.render.github import github

        return github(results, problems=problems)
    from llmfit import __version__
    from llmfit.render.sarif import sarif
    from llmfit.render.view import json_text

    content = sarif(results, version=__version__, catalog=catalog.version, problems=problems)
    return json_text(content, terminal=terminal(mode), indent=2)


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("check", cls=Command)(check)
