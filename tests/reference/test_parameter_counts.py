"""1,241 configs of published models: parameters, caches and states against the published counts."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.errors import CannotAnswerError
from llmfit.records.architecture import Architecture, CacheKind, Section
from support.ranking import built_in

pytestmark = pytest.mark.shared

WINDOW_AS_IN_CONFIG = {"mimo_v2_flash"}
"""The table has transformers' internal window there, one more than the config's."""
WIDTHS_CONTRADICT = {"baichuan-inc/Baichuan-7B"}
"""Its config states Baichuan 2's 125,696 words, its count those of the first Baichuan."""
SILENT = ("", "failed")
"""Values of `kv_method` where nobody measured a cache."""


def rows(shared: Path) -> Iterator[tuple[dict[str, str], dict[str, str], dict[str, Any]]]:
    """Yield what the index says, what was counted, and the config."""
    facts = shared / "facts"
    with (facts / "parameters.csv").open(encoding="utf-8", newline="") as file:
        counted = {row["hf_id"]: row for row in csv.DictReader(file)}
    with (facts / "configs_index.csv").open(encoding="utf-8", newline="") as file:
        for index in csv.DictReader(file):
            config = json.loads((facts / index["file"]).read_text(encoding="utf-8"))
            yield index, counted[index["hf_id"]], config


@pytest.fixture(scope="module")
def described(shared: Path) -> list[tuple[dict[str, str], dict[str, str], Architecture | None]]:
    """Describe every config; None where it is refused."""
    found: list[tuple[dict[str, str], dict[str, str], Architecture | None]] = []
    for index, counted, config in rows(shared):
        try:
            found.append((index, counted, describe(config)))
        except CannotAnswerError:
            found.append((index, counted, None))
    return found


def number(text: str) -> int:
    """Return a figure of the table, 0 where there is none."""
    return int(float(text)) if text else 0


def size(architecture: Architecture, *kinds: CacheKind) -> float:
    """Return the bytes in 16 bit that one token takes in caches of these kinds."""
    return sum(
        2 * (c.key_elements + c.value_elements + c.indexer_elements) * len(c.layers) / c.compression
        for c in architecture.caches
        if c.kind in kinds
    )


def test_every_count_that_is_exact_is_given_exactly_or_refused(
    described: list[tuple[dict[str, str], dict[str, str], Architecture | None]],
    record_property: Any,
) -> None:
    """No config whose published count is exact is off by one; at least 99 % are answered."""
    exact = [row for row in described if row[0]["count_check"] == "exact"]
    wrong = {
        index["hf_id"]: architecture.parameters - number(counted["total_params"])
        for index, counted, architecture in exact
        if architecture and architecture.parameters != number(counted["total_params"])
    }
    answered = sum(architecture is not None for _, _, architecture in exact)
    record_property("exact_share", answered / len(exact))
    assert wrong == {}
    assert answered >= 0.99 * len(exact)


def test_other_counts_agree_too(described: list[tuple[dict[str, str], dict[str, str], Architecture | None]]) -> None:
    """Where the checkpoint stores more than parameters, the class's own count still comes out."""
    wrong = {
        index["hf_id"]
        for index, counted, architecture in described
        if index["count_check"] != "exact" and architecture
        if architecture.parameters != number(counted["total_params"])
    }
    assert wrong == WIDTHS_CONTRADICT


def test_hardly_any_config_is_refused(
    described: list[tuple[dict[str, str], dict[str, str], Architecture | None]],
) -> None:
    """At most two in a hundred, whatever is known of their count."""
    refused = Counter(index["model_type"] for index, _, architecture in described if architecture is None)
    assert refused.total() <= 0.02 * len(described), refused


def test_caches_and_states_are_the_measured_ones(
    described: list[tuple[dict[str, str], dict[str, str], Architecture | None]],
) -> None:
    """Growing, sliding and fixed parts as measured on the real cache classes."""
    wrong = {}
    for index, counted, architecture in described:
        if architecture is None or counted["kv_method"] in SILENT:
            continue
        states = [c for c in architecture.caches if c.kind is CacheKind.STATE]
        sliding = (CacheKind.SLIDING, CacheKind.CHUNKED)
        windows = {c.window for c in architecture.caches if c.window and c.kind in sliding}
        ours = {
            "growing": size(architecture, CacheKind.FULL, CacheKind.LATENT, CacheKind.COMPRESSED),
            "sliding": size(architecture, *sliding),
            "window": sum(windows),
            "conv": sum(c.conv_elements * len(c.layers) for c in states),
            "recurrent": sum(c.recurrent_elements * len(c.layers) for c in states),
        }
        theirs = {
            "growing": number(counted["kv_bytes_per_token_fp16"]),
            "sliding": number(counted["kv_bytes_sliding_per_token_fp16"]),
            "window": number(counted["window"]) - (index["model_type"] in WINDOW_AS_IN_CONFIG),
            "conv": number(counted["conv_state_elems"]),
            "recurrent": number(counted["recurrent_state_elems"]),
        }
        if ours != theirs:
            wrong[index["hf_id"]] = (ours, theirs)
    assert wrong == {}


ACTIVE_COUNTED_OTHERWISE = {"google/switch-base-8"}
"""The table counts every expert of Switch as active; one of eight is."""
PROJECTOR_COUNTED_AS_TEXT = {
    "meta-models/Muse-Glimmer-30B",
    "microsoft/Phi-3-vision-128k-instruct",
    "microsoft/Phi-3.5-vision-instruct",
}
"""The table leaves Muse's projector, and the tower and projector of Phi-3 vision, out of the towers."""


def test_active_parameters_and_towers_agree(
    described: list[tuple[dict[str, str], dict[str, str], Architecture | None]],
) -> None:
    """Everything that the chosen experts leave, input table included, and what of it are towers and projectors."""
    towers = {Section.VISION, Section.AUDIO, Section.PROJECTOR}
    active, seen = set(), set()
    for index, counted, architecture in described:
        if architecture is None or index["hf_id"] in WIDTHS_CONTRADICT:
            continue
        passed = sum(t.active_parameters for t in architecture.tensors if t.section is not Section.MTP)
        if counted["active_params"] and passed != number(counted["active_params"]):
            active.add(index["hf_id"])
        tower = sum(t.parameters for t in architecture.tensors if t.section in towers)
        if tower != number(counted["vision_audio_params"]):
            seen.add(index["hf_id"])
    assert active == ACTIVE_COUNTED_OTHERWISE
    assert seen == PROJECTOR_COUNTED_AS_TEXT


PUBLISHED_ACTIVE = {
    "openai/gpt-oss-20b": 3.61,
    "openai/gpt-oss-120b": 5.13,
    "Qwen/Qwen3-30B-A3B": 3.3,
    "Qwen/Qwen3-235B-A22B": 22,
    "Qwen/Qwen3-Coder-480B-A35B-Instruct": 35,
    "deepseek-ai/DeepSeek-V2": 21,
    "deepseek-ai/DeepSeek-V3": 37,
    "mistralai/Mixtral-8x7B-Instruct-v0.1": 12.9,
    "mistralai/Mixtral-8x22B-Instruct-v0.1": 39,
    "zai-org/GLM-4.5": 32,
    "moonshotai/Kimi-K2-Instruct": 32,
    "MiniMaxAI/MiniMax-M2": 10,
    "microsoft/Phi-3.5-MoE-instruct": 6.6,
    "databricks/dbrx-instruct": 36,
    "tencent/Hunyuan-A13B-Instruct": 13,
    "google/gemma-4-26B-A4B-it": 3.8,
    "LiquidAI/LFM2-24B-A2B": 2.3,
}
"""Billions that the publishers name on their model cards; OpenAI's says that the head counts and the input does not."""


@pytest.mark.parametrize(("name", "billions"), PUBLISHED_ACTIVE.items())
def test_active_parameters_are_those_that_publishers_name(name: str, billions: float) -> None:
    """Within 8 %, since most publishers round to whole billions and do not say what they count."""
    counted = describe(built_in().models[name].architecture).active_parameters / 1e9
    assert counted == pytest.approx(billions, rel=0.08)
    if name.startswith("openai/"):  # the one that says what it counts
        assert round(counted, 2) == billions
