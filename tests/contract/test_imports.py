"""Which module imports which: no module reaches itself again, whatever way round."""

from collections.abc import Collection, Mapping

import grimp

PACKAGE = "llmfit"

Graph = Mapping[str, Collection[str]]
"""Module → the modules that it imports, at its top, in a function or for a type checker."""


def imports() -> Graph:
    """Return what each module imports of ours.

    `llmfit` itself names its public functions for type checkers, and imports none of them before it is used.
    """
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    return {name: graph.find_modules_directly_imported_by(name) for name in graph.modules - {PACKAGE}}


def a_cycle(graph: Graph) -> list[str]:
    """Return the modules of a cycle, each before one that it imports, the first also last; none where none is."""
    done: set[str] = set()
    path: list[str] = []

    def visit(name: str) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        path.append(name)
        found = next(filter(None, map(visit, sorted(graph.get(name, ())))), [])
        path.pop()
        done.add(name)
        return found

    return next(filter(None, map(visit, sorted(graph))), [])


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Not inside functions either, and not for types alone: what two modules share has a place below both."""
    cycle = a_cycle(imports())
    assert not cycle, " → ".join(cycle)


def test_a_cycle_would_be_named() -> None:
    """In the order of the imports, without what only leads to it."""
    assert a_cycle({"a": ["b"], "b": ["c", "d"], "c": [], "d": ["e"], "e": ["b"]}) == ["b", "d", "e", "b"]
    assert a_cycle({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}) == []
    assert a_cycle({"a": ["a"]}) == ["a", "a"]
