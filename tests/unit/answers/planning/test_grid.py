"""Precision × context → the smallest class of card."""

from llmfit.answers.planning import plan_grid, wanted_of
from support.planning import catalog


def test_a_grid_grows_with_context_and_shrinks_with_bits() -> None:
    """Along a row cards never get smaller; down a column of one engine they never get larger."""
    asked = wanted_of(catalog(), "Qwen/Qwen3-8B", engines=["llama.cpp"])
    cells = plan_grid(asked, catalog()).grid
    rows: dict[str, list[int]] = {}
    for cell in cells:
        rows.setdefault(cell.format, []).append(cell.card_gb or 10_000)
    assert len(rows) == 3
    for row in rows.values():
        assert row == sorted(row)
    for column in zip(*rows.values(), strict=True):
        assert list(column) == sorted(column, reverse=True)
