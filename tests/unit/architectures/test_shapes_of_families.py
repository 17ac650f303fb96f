"""Each family's matrices, their names and its caches, one by one against transformers' own models.

A total can be right while two shapes are wrong, and formats, adapters and caches follow shapes.
"""

import json
from collections import Counter
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.records.architecture import Architecture, CacheKind, Role, Section, Tensor

FAMILIES = json.loads((Path(__file__).parent / "transformers_5_23_0_layers.json").read_text("utf-8"))["families"]
"""transformers 5.23.0 on the meta device: each matrix by the last word of its name, and what each layer kept."""

Shape = tuple[int, ...]
EXPERTS_IN = frozenset({Role.EXPERT_GATE, Role.EXPERT_UP, Role.EXPERT_GATE_UP})
EXPERTS = EXPERTS_IN | {Role.EXPERT_DOWN}
PROJECTIONS = frozenset(
    {Role.ATTN_Q, Role.ATTN_K, Role.ATTN_V, Role.ATTN_QKV, Role.ATTN_OUT, Role.ATTN_LATENT, Role.CROSS_ATTN}
    | {Role.MLP_GATE, Role.MLP_UP, Role.MLP_GATE_UP, Role.MLP_DOWN, Role.SHARED_EXPERT, Role.MIXER_IN, Role.MIXER_OUT}
    | {Role.EMBEDDING, Role.HEAD}
)
"""Roles of the matrices that adapters and formats are told by name."""
STACKED_BIASES = {"gate_up_proj_bias", "down_proj_bias"}
"""Biases of all experts in one tensor, which are vectors alone."""
TRANSPOSED = {"gpt2", "openai-gpt"}
"""Families whose `Conv1D` stores (in, out)."""


def family(values: dict[str, Any]) -> Any:
    """Return a family as a parameter with its name."""
    return pytest.param(values, id=values["base"]["model_type"])


def turned(shape: Shape, model_type: str) -> Shape:
    """Return the shape, the longer side first where either way is meant."""
    return tuple(sorted(shape, reverse=True)) if model_type in TRANSPOSED else shape


def theirs(values: dict[str, Any]) -> Counter[tuple[str, Shape]]:
    """Return how many matrices of each name and shape transformers has."""
    found: Counter[tuple[str, Shape]] = Counter()
    for name, listed in values["matrices"].items():
        if name in STACKED_BIASES:
            continue
        for one in listed.split(", "):
            shape, _, count = one.partition(" *")
            key = turned(tuple(map(int, shape.split("x"))), values["base"]["model_type"])
            found[name, key] += int(count or 1)
    return found


def ours(architecture: Architecture) -> Iterator[Tensor]:
    """Yield our matrices of the model as it runs."""
    for tensor in architecture.tensors:
        if is_matrix(tensor.shape) and tensor.section is not Section.MTP:
            yield tensor


def is_matrix(shape: Shape) -> bool:
    """Whether it is more than a vector with further sides of 1."""
    return len(shape) > 1 and prod(shape) > max(shape)


def is_stack(name: str, shape: Shape, experts: int) -> bool:
    """Whether transformers keeps all experts of a layer in this one tensor."""
    return experts > 0 and len(shape) == 3 and shape[0] == experts and name not in {"conv1d", "rg_lru"}


@pytest.mark.parametrize("values", [family(one) for one in FAMILIES])
def test_every_matrix_has_its_shape(values: dict[str, Any]) -> None:
    """As many matrices of each shape as transformers has, experts apart: those it may keep in one tensor."""
    architecture, kind = describe(values["base"]), values["base"]["model_type"]
    stacked = any(is_stack(*key, architecture.num_experts) for key in theirs(values))
    expected: Counter[Shape] = Counter()
    for (name, shape), count in theirs(values).items():
        if not is_stack(name, shape, architecture.num_experts) and is_matrix(shape):
            expected[shape] += count
    found: Counter[Shape] = Counter()
    for tensor in ours(architecture):
        if not (stacked and tensor.role in EXPERTS):
            found[turned(tensor.shape, kind)] += tensor.repeats
    assert found == expected


@pytest.mark.parametrize("values", [family(one) for one in FAMILIES if describe(one["base"]).num_experts])
def test_the_experts_are_as_large_and_divided_alike(values: dict[str, Any]) -> None:
    """What goes into the experts and what comes out has transformers' elements, in one tensor or in many."""
    architecture = describe(values["base"])
    stacks = [
        (name, shape, n)
        for (name, shape), n in theirs(values).items()
        if is_stack(name, shape, architecture.num_experts)
    ]
    if not stacks:
        pytest.skip("its experts are modules of their own, and among the shapes above")
    leaving = sum(prod(shape) * n for name, shape, n in stacks if name in {"down_proj", "output_linear"})
    entering = sum(prod(shape) * n for name, shape, n in stacks) - leaving
    sizes = {
        "in": sum(t.parameters for t in ours(architecture) if t.role in EXPERTS_IN),
        "out": sum(t.parameters for t in ours(architecture) if t.role is Role.EXPERT_DOWN),
    }
    assert sizes == {"in": entering, "out": leaving}
    assert entering in (leaving, 2 * leaving)


RENAMED = {"gemma4": "linear", "qwen2_vl": "0", "qwen2_5_vl": "0"}
"""Families with projections inside of a module whose own name says more."""


@pytest.mark.parametrize("values", [family(one) for one in FAMILIES if one["base"]["model_type"] not in RENAMED])
def test_projections_have_the_names_of_transformers(values: dict[str, Any]) -> None:
    """An adapter that is told `q_proj` finds just the matrices that it finds in transformers."""
    architecture, kind = describe(values["base"]), values["base"]["model_type"]
    expected, found = theirs(values), Counter[tuple[str, Shape]]()
    for tensor in ours(architecture):
        if tensor.role in PROJECTIONS and tensor.section is Section.TEXT and len(tensor.shape) == 2:
            found[tensor.module, turned(tensor.shape, kind)] += tensor.repeats
    assert found
    missing = {key: count - expected[key] for key, count in found.items() if count > expected[key]}
    assert missing == {}


MEASURED = [one for one in FAMILIES if "layers" in one]


@pytest.mark.parametrize("values", [family(one) for one in MEASURED])
def test_every_layer_keeps_what_transformers_kept(values: dict[str, Any]) -> None:
    """Elements of K and V of one token, of the convolution's state and of the recurrent one, layer by layer."""
    architecture = describe(values["base"])
    kept = [[0, 0, 0, 0] for _ in values["layers"]]
    for cache in architecture.caches:
        assert cache.kind is not CacheKind.LATENT, "transformers expands latents: not comparable"
        for layer in cache.layers:
            row = (cache.key_elements, cache.value_elements, cache.conv_elements, cache.recurrent_elements)
            kept[layer] = [before + more for before, more in zip(kept[layer], row, strict=True)]
    assert kept == values["layers"]


def test_enough_families_are_compared() -> None:
    """A hundred and twenty families' shapes, and the caches of eighty."""
    assert len(FAMILIES) >= 120
    assert len(MEASURED) >= 80
