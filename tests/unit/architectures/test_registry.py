"""Where the recipe of a `model_type` is found."""

import subprocess
import sys
from collections import Counter
from importlib import import_module
from pkgutil import iter_modules

from llmfit.architectures import families, known_model_types
from llmfit.architectures.families.registry import MODULES, find_family, model_types

PACKAGE = families.__name__


def families_of(name: str) -> dict[str, object]:
    """Return a module's recipes; none where it has no `FAMILIES`."""
    found: dict[str, object] = getattr(import_module(f"{PACKAGE}.{name}"), "FAMILIES", {})
    return found


def test_every_module_with_families_is_searched_once() -> None:
    """No family is forgotten, and none is named twice."""
    having = [module.name for module in iter_modules(families.__path__) if families_of(module.name)]
    assert sorted(MODULES) == sorted(having)


def test_no_model_type_has_two_recipes() -> None:
    """The order of the search decides how soon a recipe is found, never which one."""
    counts = Counter(model_type for name in MODULES for model_type in families_of(name))
    assert [model_type for model_type, count in counts.items() if count > 1] == []


def test_the_search_finds_what_the_module_has() -> None:
    """What the search gives for a `model_type` is its module's own recipe."""
    for name in MODULES:
        for model_type, recipe in families_of(name).items():
            assert find_family(model_type) is recipe


def test_an_unknown_model_type_has_no_recipe() -> None:
    """A search that ends without a recipe says so."""
    assert find_family("no such type") is None


def test_known_model_types_are_sorted_and_complete() -> None:
    """Every `model_type` with a recipe is listed."""
    assert list(known_model_types()) == model_types() == sorted(model_types())
    assert {"llama", "bert", "t5", "deepseek_v4"} <= set(model_types())


def test_a_search_imports_no_module_behind_the_one_that_it_ends_in() -> None:
    """A common model does not pay for the rare ones."""
    code = f"""
import sys
from llmfit.architectures.families.registry import find_family
find_family("llama")
print([name for name in {MODULES[-5:]!r} if "{PACKAGE}." + name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
