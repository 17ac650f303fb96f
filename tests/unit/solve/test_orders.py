"""The orders of a check: what each change says, and which number stands beside it."""

from dataclasses import replace

import pytest

from llmfit.answers.words import device_of
from llmfit.estimate import estimate
from llmfit.records.workload import EngineOptions
from llmfit.solve.changes import split_change
from llmfit.solve.judge import Judgement, judge
from llmfit.solve.offload import Offload
from llmfit.solve.pairs import device_change, step_change
from support.planning import catalog, wanted


def judged(sequences: int) -> Judgement:
    """Return a judgement of vLLM with so many sequences in a step."""
    asked = wanted("Qwen/Qwen3-8B", context=1024, sequences=1)
    load = replace(asked.workloads[0], options=EngineOptions(max_num_seqs=sequences))
    return judge(asked.architecture, load, device=device_of(catalog(), vram=24))


@pytest.mark.parametrize(("count", "words"), [(1, "1 sequence"), (2, "2 sequences"), (1024, "1,024 sequences")])
def test_steps_are_counted_in_words(count: int, words: str) -> None:
    """With what then stays free."""
    found = judged(count)
    change = step_change(found)
    assert change.message == f"Let vLLM reserve room for {words} in a step"
    assert (change.value, change.margin_bytes) == (count, found.tightest.margin)


@pytest.mark.parametrize(
    ("here", "there", "message"),
    [
        (["L4"], ["2x L4"], "Divide it among 2x L4"),
        (["2x L4"], ["4x L4"], "Divide it among 4x L4"),
        (["L4"], ["L40S"], "Move to L40S"),
        (["2x L4"], ["2x L40S"], "Move to 2x L40S"),
        (["2x L4"], ["L4"], "Move to L4"),
        (["L4", "L40S"], ["2x L4", "2x L40S"], "Divide it among 2x L4 + 2x L40S"),
    ],
)
def test_more_of_the_same_gpus_share_it_and_others_take_it_over(
    here: list[str], there: list[str], message: str
) -> None:
    """By the names of the cards."""
    change = device_change(device_of(catalog(), gpu=there), judged(1), here=device_of(catalog(), gpu=here))
    assert change.message == message
    assert change.value == message.rpartition("Divide it among ")[2].removeprefix("Move to ")


def split(layers: int | None, experts: int) -> Offload:
    """Return a split with so many layers on the GPU, or the experts of so many in RAM."""
    asked = wanted("openai/gpt-oss-20b", engines=["llama.cpp"], precision=None, context=1024, sequences=1)
    found = estimate(asked.architecture, asked.workloads[0])
    return Offload(n_gpu_layers=layers, n_cpu_moe=experts, estimate=found)


@pytest.mark.parametrize(
    ("fullest", "roomy", "order"),
    [
        ((None, 10), (None, 12), ("n_cpu_moe", 10, "Keep the experts of 10 layers in RAM", 12)),
        ((None, 1), (None, 1), ("n_cpu_moe", 1, "Keep the experts of 1 layer in RAM", None)),
        ((None, 10), (20, 0), ("n_cpu_moe", 10, "Keep the experts of 10 layers in RAM", None)),
        ((None, 0), (None, 3), ("n_cpu_moe", 0, "Keep the experts of 0 layers in RAM", 3)),
        ((21, 0), (19, 0), ("n_gpu_layers", 21, "Keep 21 layers on the GPU, the others in RAM", 19)),
        ((1, 0), (0, 0), ("n_gpu_layers", 1, "Keep 1 layer on the GPU, the others in RAM", 0)),
        ((21, 0), (None, 4), ("n_gpu_layers", 21, "Keep 21 layers on the GPU, the others in RAM", None)),
        ((21, 0), None, ("n_gpu_layers", 21, "Keep 21 layers on the GPU, the others in RAM", None)),
    ],
)
def test_a_split_names_the_roomy_one_of_its_kind(
    fullest: tuple[int | None, int], roomy: tuple[int | None, int] | None, order: tuple[str, int, str, int | None]
) -> None:
    """Layers are not compared with experts, and an equal number is not said twice."""
    change = split_change(split(*fullest), None if roomy is None else split(*roomy))
    assert (change.setting, change.value, change.message, change.roomy) == order
