"""Reading of single keys from a config."""

import math
from typing import Any

import pytest

from llmfit.architectures.reader import Config
from llmfit.errors import InvalidConfigError, UnsupportedArchitectureError

IMPOSSIBLE = [0, -1, True, False, 1.5, math.nan, math.inf, "64", [64], {}, 10**7 + 1, 10**5000]


@pytest.mark.parametrize("value", IMPOSSIBLE, ids=lambda value: type(value).__name__)
def test_a_size_that_cannot_be_is_refused_by_name(value: object) -> None:
    """Zero, negative, NaN, booleans, words, lists and absurd numbers are no dimension."""
    with pytest.raises(InvalidConfigError, match="hidden_size"):
        Config({"hidden_size": value}).size("hidden_size")


def test_a_missing_size_is_refused_unless_there_is_a_default() -> None:
    """Nothing is invented for a key that nobody states."""
    with pytest.raises(InvalidConfigError, match="no `hidden_size`"):
        Config({}).size("hidden_size")
    assert Config({}).size("hidden_size", 7) == 7
    assert Config({"hidden_size": None}).size("hidden_size", 7) == 7


def test_older_names_and_family_defaults_stand_in() -> None:
    """The canonical key wins, then the older one, then what the family means by silence."""
    read: dict[str, Any] = {"aliases": {"hidden_size": "n_embd"}, "defaults": {"hidden_size": 3}}
    assert Config({"hidden_size": 1}, **read).size("hidden_size") == 1
    assert Config({"n_embd": 2}, **read).size("hidden_size") == 2
    assert Config({}, **read).size("hidden_size") == 3


def test_two_names_that_disagree_are_refused() -> None:
    """Which of two different widths is true cannot be known."""
    config = Config({"hidden_size": 1, "n_embd": 2}, aliases={"hidden_size": "n_embd"})
    with pytest.raises(InvalidConfigError, match="n_embd"):
        config.size("hidden_size")
    assert Config({"hidden_size": 2, "n_embd": 2}, aliases={"hidden_size": "n_embd"}).size("hidden_size") == 2


def test_null_in_so_many_words_is_not_silence() -> None:
    """A null window means no window; an absent one means the family's."""
    family = {"sliding_window": 4096}
    assert Config({"sliding_window": None}, defaults=family).optional("sliding_window") is None
    assert Config({}, defaults=family).optional("sliding_window") == 4096
    assert Config({"attention_bias": None}).flag("attention_bias", True) is False
    assert Config({}).flag("attention_bias", True) is True


@pytest.mark.parametrize("value", ["yes", 1, 0, [], {}])
def test_only_true_and_false_are_flags(value: object) -> None:
    """A word or a number is not taken for a flag."""
    with pytest.raises(InvalidConfigError, match="mlp_bias"):
        Config({"mlp_bias": value}).flag("mlp_bias")


def test_layers_are_bounded() -> None:
    """Two thousand layers are allowed, one more is damage."""
    assert Config({"num_hidden_layers": 2000}).layers() == 2000
    with pytest.raises(InvalidConfigError, match="2000 layers"):
        Config({"num_hidden_layers": 2001}).layers()


def test_lists_must_be_of_one_type_and_of_the_right_length() -> None:
    """One entry for each layer, all words or all numbers."""
    config = Config({"layer_types": ["a", "b"]})
    assert config.items("layer_types", str, length=2) == ["a", "b"]
    assert config.items("absent", str) is None
    for kind, length in ((int, 2), (str, 3)):
        with pytest.raises(InvalidConfigError, match="layer_types"):
            config.items("layer_types", kind, length=length)


def test_a_nested_config_names_its_path() -> None:
    """The message says which of several `hidden_size` is wrong."""
    with pytest.raises(InvalidConfigError, match=r"vision_config\.hidden_size"):
        Config({"vision_config": {"hidden_size": 0}}).child("vision_config").size("hidden_size")
    with pytest.raises(InvalidConfigError, match="not an object"):
        Config({"vision_config": 5}).child("vision_config")


def test_a_value_without_known_effect_is_unsupported() -> None:
    """False is not zero: only the listed values pass."""
    config = Config({"router_bias": True, "zero": 0})
    with pytest.raises(UnsupportedArchitectureError, match="router_bias"):
        config.only("router_bias", False)
    with pytest.raises(UnsupportedArchitectureError, match="zero"):
        config.only("zero", False)
    Config({}).only("router_bias", False)


def test_remainders_are_refused() -> None:
    """Heads must divide what they divide."""
    assert Config({}).divided("hidden_size", 64, 8) == 8
    with pytest.raises(InvalidConfigError, match="3 parts"):
        Config({}).divided("hidden_size", 64, 3)


def test_context_lengths_may_be_longer_than_dimensions() -> None:
    """Ten million tokens are a context, but no width."""
    assert Config({"n": 10_485_760}).tokens("n") == 10_485_760
    assert Config({}).tokens("n") is None
    for value in (0, "x", 10**10):
        with pytest.raises(InvalidConfigError, match="`n`"):
            Config({"n": value}).tokens("n")


def test_counts_words_and_numbers_are_checked() -> None:
    """Counts may be zero; words and numbers must be such."""
    config = Config({"zero": 0, "word": "gated-gelu", "half": 0.5, "bad": -1})
    assert config.count("zero") == 0
    assert config.count("absent", 4) == 4
    assert config.word("word") == "gated-gelu"
    assert config.word("absent", "relu") == "relu"
    assert config.number("half", 1.0) == 0.5
    assert config.number("absent", 1.5) == 1.5
    for read in (config.count, config.word, lambda name: config.number(name, 1.0)):
        with pytest.raises(InvalidConfigError, match="bad"):
            read("bad")
