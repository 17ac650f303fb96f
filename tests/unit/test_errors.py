"""The tree of errors, as it is drawn and as it is."""

import re
from importlib import import_module
from pkgutil import walk_packages

import pytest

import llmfit
from llmfit import errors
from llmfit.errors import LlmfitError, nearest


def below(kind: type[LlmfitError], *, depth: int = 0) -> dict[str, int]:
    """Return every class below one, with how deep it lies."""
    found: dict[str, int] = {}
    for one in kind.__subclasses__():
        found |= {one.__name__: depth, **below(one, depth=depth + 1)}
    return found


def test_the_tree_is_drawn_as_it_is() -> None:
    """Each class stands at its depth, and no module has one of its own."""
    for module in walk_packages(llmfit.__path__, "llmfit."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    drawn = {
        name: len(indent) // 4
        for indent, name in re.findall(r"^([│ ]*)[├└]── (\w+Error)", errors.__doc__ or "", re.MULTILINE)
    }
    assert drawn == below(LlmfitError)
    assert all(hasattr(errors, name) for name in drawn)


@pytest.mark.parametrize("kind", [getattr(errors, name) for name in below(LlmfitError)])
def test_what_is_wrong_with_a_question_leaves_with_2_and_an_unknown_answer_with_3(kind: type[LlmfitError]) -> None:
    """Every error has a sentence, a hint and a word for programs."""
    error = kind("It is so", hint="Do this")
    assert (error.message, error.hint, str(error)) == ("It is so", "Do this", "It is so")
    assert error.exit_code == (2 if isinstance(error, errors.UsageError) else 3)
    assert re.fullmatch(r"[a-z_]+", error.code)
    assert kind("It is so").hint == ""


def test_problems_are_kept_in_their_order() -> None:
    """Of a deploy file, and of a catalog's."""
    for kind in (errors.InvalidFileError, errors.ProblemsError):
        assert kind("It is so", problems=iter("ba")).problems == ("b", "a")
        assert kind("It is so").problems == ()


@pytest.mark.parametrize(
    ("word", "limits", "found"),
    [
        ("CODIGN", {"limit": 2}, ["Coding", "code"]),
        ("cod", {}, ["code", "decode", "Coding"]),
        ("cod", {"limit": 1}, ["code"]),
        ("cod", {"cutoff": 0.8}, ["code"]),
        ("xyz", {}, []),
    ],
)
def test_the_nearest_words_come_first_as_they_are_spelled(word: str, limits: dict[str, int], found: list[str]) -> None:
    """Case does not matter; what is too far is left out."""
    assert nearest(word, ["Coding", "code", "decode", "chat"], **limits) == found
