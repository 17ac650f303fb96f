"""One fixed answer of each command, by the name of its golden file."""

from dataclasses import replace

from llmfit.records.estimate import Verdict
from llmfit.render.catalog import GpusView, ModelsView, ModelView
from llmfit.render.comparison import ComparisonView
from llmfit.render.importing import ImportView
from llmfit.render.machine import MachineView
from llmfit.render.recommendation import RecommendationsView
from llmfit.render.sizing import SizingView
from llmfit.render.view import View
from support.answers import (
    GPU,
    LICENSE,
    STRICT,
    device,
    estimate,
    fit,
    model,
    offloaded_sizing,
    origin,
    row,
    sizing,
    training_sizing,
)
from support.inverse_answers import inverse_views
from support.picks import companion, pick, recommendations, to_fine_tune


def views() -> dict[str, View]:
    """Return one fixed answer of each command, by the name of its golden file."""
    too_large = fit(Verdict.TOO_LARGE, of=estimate(weights=14.0))
    return {
        "recommend": RecommendationsView(answer=recommendations(), device=device(), origin=origin("recommend")),
        "recommend-explained": RecommendationsView(
            answer=recommendations(picks=1), device=device(), origin=origin("recommend"), explain=True
        ),
        "recommend-bundle": RecommendationsView(
            answer=replace(recommendations(), picks=(pick(companions=(companion(),)),)),
            device=device(),
            origin=origin("recommend"),
        ),
        "recommend-nothing": RecommendationsView(
            answer=recommendations(picks=0), device=device(), origin=origin("recommend")
        ),
        "recommend-training": RecommendationsView(answer=to_fine_tune(), device=device(), origin=origin("recommend")),
        "estimate": SizingView(sizing=sizing(), origin=origin("estimate")),
        "estimate-explained": SizingView(sizing=sizing(license_=STRICT), origin=origin("estimate"), explain=True),
        "estimate-too-large": SizingView(sizing=sizing(compared=too_large), origin=origin("estimate")),
        "estimate-offload": SizingView(sizing=offloaded_sizing(), origin=origin("estimate")),
        "estimate-training": SizingView(sizing=training_sizing(), origin=origin("estimate"), explain=True),
        "compare": ComparisonView(
            sizings=(sizing(), sizing("meadow/Stork-30B", compared=too_large)),
            device=device(),
            origin=origin("compare"),
        ),
        "compare-offload": ComparisonView(
            sizings=(offloaded_sizing(experts=True),), device=device(), origin=origin("compare")
        ),
        "models": ModelsView(rows=(row(), row("meadow/Egg-1B", LICENSE)), found=3, origin=origin("models")),
        "models-show": ModelView(row=row(), origin=origin("models show")),
        "gpus": GpusView(gpus=(GPU,), found=1, origin=origin("gpus")),
        "detect": MachineView(device=device(), origin=origin("detect")),
        "import": ImportView(
            model=model(),
            license=LICENSE,
            active_parameters=8_030_261_248,
            action="added",
            file="/home/kim/.local/share/llmfit/catalog.yaml",
            differences=(),
            warnings=("The repository names no language",),
            origin=origin("import"),
        ),
        "import-update": ImportView(
            model=model(),
            license=STRICT,
            active_parameters=None,
            action="updated",
            file="catalog.yaml",
            differences=(
                ("license", "mit", "other"),
                ("languages", ("en",), ("en", "ko")),
                ("gated", None, True),
                ("notes", "a|b", "two\nlines"),
            ),
            warnings=(),
            origin=origin("import"),
        ),
        **inverse_views(),
    }
