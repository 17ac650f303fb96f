"""Machines to move to, where a load does not fit."""

import pytest

from llmfit.answers.checking.machines import machines_beyond
from llmfit.answers.words import device_of
from support.planning import catalog


@pytest.mark.parametrize("gpu", ["L4", "RTX 3060 12GB", "2x L4", "Radeon RX 7900 XT"])
def test_machines_to_move_to_grow(gpu: str) -> None:
    """Each has more memory than the one before, as many cards, of the same vendor."""
    device = device_of(catalog(), gpu=[gpu])
    found = machines_beyond(device, catalog())
    sizes = [device.usable_bytes, *(one.usable_bytes for one in found)]
    assert sizes == sorted(set(sizes))
    assert {len(one.gpus) for one in found} <= {len(device.gpus)}
    assert {one.gpus[0].vendor for one in found} <= {device.gpus[0].vendor}


def test_machines_to_move_to_are_sold_as_cards() -> None:
    """No GPU of a laptop, and no part of a card, is advice."""
    rows = {row.name: row for row in catalog().gpus.values()}
    for device in machines_beyond(device_of(catalog(), vram=8), catalog()):
        row = rows[device.gpus[0].name]
        assert row.form_factor in {"desktop", "workstation", "datacenter"}, row.name
        assert "(per GPU)" not in row.name
