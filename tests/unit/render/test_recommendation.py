"""The heading of recommendations: what of the device an engine may use."""

from dataclasses import replace

import pytest

from llmfit.records.engine import Engine
from llmfit.render.recommendation import RecommendationsView
from llmfit.units import amount
from support.answers import WORKLOAD, device, fit, origin
from support.picks import pick, recommendations

WHOLE = device(24.0)
LESS = device(20.0)
VLLM = replace(WORKLOAD, engine=Engine(id="vllm", version="1", constants=()))


@pytest.mark.parametrize(
    ("load", "on", "said"),
    [
        (VLLM, LESS, f"{amount(WHOLE.usable_bytes)} usable ({amount(LESS.usable_bytes)} by vllm), with"),
        (VLLM, WHOLE, f"{amount(WHOLE.usable_bytes)} usable, with"),
        (WORKLOAD, WHOLE, f"{amount(WHOLE.usable_bytes)} usable, with"),
    ],
    ids=["vllm takes a share", "vllm takes all", "llama.cpp"],
)
def test_the_heading_says_what_an_engine_leaves_unused(load: object, on: object, said: str) -> None:
    """Rows that count against a share of the card are not left to contradict the heading."""
    one = replace(pick(), workload=load, fit=fit(on=on))  # type: ignore[arg-type]  # chosen by name above
    view = RecommendationsView(
        answer=replace(recommendations(), picks=(one,)), device=WHOLE, origin=origin("recommend")
    )
    assert said in view.markdown().splitlines()[0]


@pytest.mark.parametrize(
    ("images", "said"), [(0, "with 8k tokens"), (1, "with 8k tokens and 1 image"), (2, "with 8k tokens and 2 images")]
)
def test_the_heading_says_what_each_pick_was_counted_with(images: int, said: str) -> None:
    """An image is part of the load as the tokens are."""
    one = replace(pick(), workload=replace(WORKLOAD, images=images))
    answer = replace(recommendations(), picks=(one,), offload=(), context=8192)
    view = RecommendationsView(answer=answer, device=WHOLE, origin=origin("recommend"))
    assert view.markdown().splitlines()[0].endswith(said)
