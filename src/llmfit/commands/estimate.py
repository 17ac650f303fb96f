"""`llmfit estimate`: how many bytes, part by part."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from llmfit.commands import options as o
from llmfit.commands.parsing import Command
from llmfit.commands.sink import Answer, origin_of, terminal
from llmfit.errors import NoGpuFoundError

if TYPE_CHECKING:
    from llmfit.catalog import Catalog
    from llmfit.records.device import Device
    from llmfit.records.sizing import Sizing


def estimate(
    model: o.Model,
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
    sequences: o.Sequences = 1,
    output: o.OutputMode = None,
    json: o.Json = False,
    explain: o.Explain = False,
) -> Answer:
    """How many bytes a model takes, part by part.

    Without --gpu and --vram it is compared with this machine's GPU, where there is one.
    Exit code 1 where it does not fit.
    """
    return _answer(**locals())


def _answer(
    *,
    model: str,
    gpu: Sequence[str] | None,
    vram: str | None,
    ram: str | None,
    output: str | None,
    json: bool,
    explain: bool,
    **load: Any,  # noqa: ANN401 - the options of a load, each of its own type
) -> Answer:
    mode = o.chosen_output(output, json=json)
    from llmfit.api import estimate_model
    from llmfit.catalog import load_catalog
    from llmfit.render.sizing import SizingView
    from llmfit.render.view import render

    catalog = load_catalog()
    row = catalog.model(model)
    device, notes = device_or_none(catalog, gpu=gpu or (), vram=vram, ram=ram)
    sizing = estimate_model(row, device=device, catalog=catalog, **load)
    view = SizingView(sizing=sizing, origin=origin_of("estimate", catalog), explain=explain)
    return Answer(text=render(view, output=mode, terminal=terminal()), exit_code=exit_code_of([sizing]), notes=notes)


def device_or_none(
    catalog: "Catalog", *, gpu: Sequence[str], vram: str | None, ram: str | None
) -> "tuple[Device | None, tuple[str, ...]]":
    """Return the named device, else this machine's; None with a note where this machine has no GPU."""
    from llmfit.words import device_of

    try:
        return device_of(catalog, gpu=gpu, vram=vram, ram=ram), ()
    except NoGpuFoundError:
        return None, ("no GPU found here, so there is no verdict; name one with --gpu or --vram",)


def exit_code_of(sizings: "Sequence[Sizing]") -> int:
    """Return 0 where one fits or there is no device, 1 where none fits, 3 where a part or every verdict is unknown."""
    if any(sizing.estimate.unknown for sizing in sizings):
        return 3
    verdicts = {sizing.fit.verdict.value for sizing in sizings if sizing.fit is not None}
    if not verdicts or verdicts & {"fits", "tight"}:
        return 0
    return 3 if verdicts == {"unknown"} else 1


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("estimate", cls=Command)(estimate)
