import pytest

from llmfit.estimate.weights.gguf_rules import (
    SCHEMES,
    Slot,
    Traits,
    choices,
    divided,
    fitting,
    head_type,
)

PLAIN = Traits(gqa=1)
GROUPED = Traits(gqa=4)
EIGHT_EXPERTS = Traits(gqa=4, experts=8)
FALCON = Traits(gqa=16, falcon=True)


def types(scheme: str, slot: Slot, traits: Traits, *, n: int = 32) -> dict[str, list[int]]:
    """Return the layers of each type in a model of n layers."""
    return {layout: list(layers) for layout, layers in divided(choices(scheme, traits)[slot], n, tuple(range(n)))}


def test_q4_k_m_gives_more_bits_to_both_ends_and_every_third_layer_between() -> None:
    """The first and last eighth of 32 layers, and every third from the sixth on, get Q6_K."""
    more = [0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31]
    found = types("Q4_K_M", Slot.DOWN, PLAIN)
    assert found["Q6_K"] == more
    assert len(found["Q4_K"]) == 16
    assert types("Q4_K_M", Slot.V, PLAIN)["Q6_K"] == more


@pytest.mark.parametrize(
    ("scheme", "slot", "traits", "expected"),
    [
        ("Q4_K_S", Slot.V, PLAIN, {"Q5_K": [0, 1, 2, 3]}),
        ("Q4_K_S", Slot.DOWN, PLAIN, {"Q5_K": [0, 1, 2, 3]}),
        ("Q3_K_M", Slot.V, PLAIN, {"Q5_K": [0, 1]}),
        ("Q3_K_M", Slot.DOWN, PLAIN, {"Q5_K": [0, 1]}),
        ("IQ4_XS", Slot.DOWN, PLAIN, {"IQ4_XS": list(range(32))}),
        ("Q2_K_S", Slot.DOWN, PLAIN, {"Q4_K": [0, 1, 2, 3]}),
        ("IQ2_XS", Slot.DOWN, PLAIN, {"Q2_K": [0, 1, 2, 3]}),
        ("IQ2_M", Slot.DOWN, PLAIN, {"IQ3_S": [0, 1, 2, 3]}),
        ("Q4_K_M", Slot.DOWN, FALCON, {"Q6_K": [0, 1]}),
        ("Q3_K_M", Slot.DOWN, FALCON, {"Q5_K": [0, 1]}),
    ],
)
def test_some_layers_get_more(scheme: str, slot: Slot, traits: Traits, expected: dict[str, list[int]]) -> None:
    """Schemes lift some of 32 layers by the slot's own rule."""
    found = types(scheme, slot, traits)
    assert {layout: found[layout] for layout in expected} == expected
    assert sum(len(layers) for layers in found.values()) == 32


@pytest.mark.parametrize(
    ("scheme", "slot", "traits", "expected"),
    [
        ("Q2_K", Slot.V, PLAIN, "Q3_K"),
        ("Q2_K", Slot.V, GROUPED, "Q4_K"),
        ("Q2_K_S", Slot.V, PLAIN, "Q2_K"),
        ("Q2_K_S", Slot.V, GROUPED, "Q4_K"),
        ("Q2_K", Slot.OUT, PLAIN, "Q3_K"),
        ("Q2_K", Slot.DOWN, PLAIN, "Q3_K"),
        ("Q3_K_L", Slot.V, PLAIN, "Q5_K"),
        ("Q3_K_L", Slot.OUT, PLAIN, "Q5_K"),
        ("Q3_K_L", Slot.OUT, FALCON, "Q4_K"),
        ("Q3_K_L", Slot.DOWN, FALCON, "Q4_K"),
        ("Q4_K_S", Slot.DOWN, FALCON, "Q4_K"),
        ("Q3_K_M", Slot.OUT, FALCON, "Q3_K"),
        ("Q4_K_M", Slot.K, EIGHT_EXPERTS, "Q8_0"),
        ("Q4_K_M", Slot.V, EIGHT_EXPERTS, "Q8_0"),
        ("Q4_K_M", Slot.OUT, EIGHT_EXPERTS, "Q5_K"),
        ("Q5_K_M", Slot.OUT, EIGHT_EXPERTS, "Q5_K"),
        ("Q6_K", Slot.OUT, EIGHT_EXPERTS, "Q6_K"),
        ("IQ1_S", Slot.OUT, EIGHT_EXPERTS, "Q5_K"),
        ("IQ1_S", Slot.OUT, PLAIN, "IQ2_XXS"),
        ("IQ1_S", Slot.K, EIGHT_EXPERTS, "Q4_K"),
        ("IQ2_S", Slot.OUT, PLAIN, "IQ3_S"),
        ("IQ2_XS", Slot.V, PLAIN, "Q2_K"),
        ("IQ2_M", Slot.V, PLAIN, "IQ3_S"),
        ("IQ2_M", Slot.V, GROUPED, "Q4_K"),
        ("IQ2_XXS", Slot.V, Traits(experts=4), "Q4_K"),
        ("IQ3_XXS", Slot.V, PLAIN, "IQ3_XXS"),
        ("IQ3_XXS", Slot.Q, PLAIN, "IQ2_S"),
        ("IQ3_XXS", Slot.OUT, PLAIN, "IQ3_S"),
        ("IQ3_XXS", Slot.DOWN, PLAIN, "IQ3_XXS"),
        ("IQ3_XS", Slot.K, PLAIN, "IQ3_XXS"),
        ("IQ3_M", Slot.V, PLAIN, "Q4_K"),
        ("IQ4_NL", Slot.V, GROUPED, "Q5_K"),
        ("IQ4_NL", Slot.V, PLAIN, "IQ4_NL"),
        ("Q8_0", Slot.V, PLAIN, "Q8_0"),
        ("Q4_0", Slot.DOWN, PLAIN, "Q4_0"),
        ("Q4_K_M", Slot.F32, PLAIN, "F32"),
        ("Q4_K_M", Slot.KEPT, PLAIN, "F16"),
        ("BF16", Slot.KEPT, PLAIN, "BF16"),
        ("F16", Slot.K, EIGHT_EXPERTS, "F16"),
        ("IQ1_M", Slot.EMBEDDING, PLAIN, "Q2_K"),
        ("IQ2_S", Slot.EMBEDDING, PLAIN, "IQ3_S"),
        ("TQ1_0", Slot.EMBEDDING, PLAIN, "Q4_K"),
        ("Q4_K_M", Slot.EMBEDDING, PLAIN, "Q4_K"),
        ("MXFP4_MOE", Slot.OUT, EIGHT_EXPERTS, "Q8_0"),
    ],
)
def test_all_layers_get_one_type(scheme: str, slot: Slot, traits: Traits, expected: str) -> None:
    """Where the layer does not matter, a scheme gives a slot one type."""
    assert list(types(scheme, slot, traits)) == [expected]


def test_a_seventy_billion_model_gets_better_values() -> None:
    """80 layers with grouped queries: values of three and four bits become Q5_K, six bits stay."""
    found = types("Q4_K_M", Slot.V, Traits(gqa=8, seventy=True), n=80)
    assert set(found) == {"Q6_K", "Q5_K"}
    assert list(types("Q3_K_S", Slot.V, Traits(gqa=8, seventy=True), n=80)) == ["Q5_K"]


def test_iq3_xs_saves_in_the_middle() -> None:
    """Gate and up get IQ3_XXS but in the first and last eighth."""
    assert types("IQ3_XS", Slot.UP, PLAIN)["IQ3_XXS"] == list(range(4, 28))


@pytest.mark.parametrize(
    ("layout", "columns", "expected"),
    [
        ("Q4_K", 4096, "Q4_K"),
        ("Q4_K", 896, "Q5_0"),
        ("Q5_K", 896, "Q5_1"),
        ("Q6_K", 896, "Q8_0"),
        ("Q3_K", 896, "Q4_0"),
        ("IQ3_S", 896, "IQ4_NL"),
        ("TQ1_0", 896, "Q4_0"),
        ("Q8_0", 896, "Q8_0"),
        ("Q8_0", 100, "F16"),
        ("Q4_K", 100, "F16"),
        ("F16", 100, "F16"),
        ("MXFP4", 128, "MXFP4"),
    ],
)
def test_rows_that_do_not_fit_fall_back(layout: str, columns: int, expected: str) -> None:
    """A row that is no multiple of 256 takes a type of 32; one that is none of 32 stays F16."""
    assert fitting(layout, columns) == expected


@pytest.mark.parametrize(
    ("scheme", "columns", "falcon", "expected"),
    [
        ("Q4_K_M", 4096, False, "Q6_K"),
        ("Q4_K_M", 896, False, "Q8_0"),
        ("Q4_K_M", 8192, True, "Q8_0"),
        ("Q4_0", 4096, False, "Q6_K"),
        ("Q4_0", 896, False, "Q8_0"),
        ("Q8_0", 4096, False, "Q8_0"),
        ("IQ2_XXS", 4096, False, "Q5_K"),
        ("IQ4_XS", 4096, False, "Q6_K"),
        ("MXFP4_MOE", 2880, False, "Q8_0"),
        ("F16", 4096, True, "F16"),
    ],
)
def test_the_head_has_a_rule_of_its_own(scheme: str, columns: int, *, falcon: bool, expected: str) -> None:
    """The output matrix gets Q6_K, Q5_K in tiny schemes, Q8_0 where blocks do not fit."""
    assert head_type(scheme, columns, falcon=falcon) == expected


def test_schemes_are_those_of_the_published_files() -> None:
    """No scheme is missing by accident."""
    assert len(SCHEMES) == 33
