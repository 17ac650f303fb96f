"""Laws of the inverse questions: what plan says is the most passes check, and one more does not."""

import random
from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmfit.answers.checking import Asked, check_load
from llmfit.answers.words import device_of
from llmfit.architectures import describe
from llmfit.catalog import Catalog, load_catalog
from llmfit.errors import LlmfitError
from llmfit.estimate.shapes import divided
from llmfit.records.deployment import CheckResult, Limits
from llmfit.records.device import Device
from llmfit.records.workload import Workload
from llmfit.solve.limits import frontier, longest_context, most_sequences, sequences_limit
from llmfit.solve.search import largest

TODAY = date(2026, 11, 21)
GPUS = (
    *("RTX 2060 6GB", "RTX 3060 12GB", "RTX 4060 Ti 16GB", "RTX 4090", "L4", "A10", "Tesla T4", "L40S"),
    *("A100 SXM4 80GB", "H100 SXM5 80GB", "RTX 5090", "2x L4", "4x A10", "2x RTX 3090", "3x RTX 4090"),
)
CASES = 200


@cache
def catalog() -> Catalog:
    """Return the built-in rows, once for all cases."""
    return load_catalog(user_file=None)


def random_case(number: int) -> Asked | None:
    """Return a load on a machine, drawn by its number; None where the engine cannot run the model so."""
    dice = random.Random(number)  # noqa: S311 - cases have to be the same in every run
    known = catalog()
    model = known.models[dice.choice(sorted(known.models))]
    engine = known.engines[dice.choice(sorted(known.engines))]
    format_ = dice.choice([one for one in known.formats.values() if engine.id in one.engines and not one.requires_qat])
    kv_format = dice.choice([one for one in known.kv_formats.values() if engine.id in one.engines])
    device = device_of(known, gpu=[dice.choice(GPUS)], ram=dice.choice([None, 16, 64]))
    try:
        architecture = describe(model.architecture)
    except LlmfitError:
        return None
    workload = Workload(
        engine=engine,
        format=format_,
        kv_format=kv_format,
        context=dice.choice([256, 1000, 4096, 8192, 20_000]),
        sequences=dice.choice([1, 1, 2, 5, 16]),
    )
    return Asked(
        name=str(number),
        model=model,
        architecture=architecture,
        workload=workload,
        device=device,
        limits=Limits(),
        today=TODAY,
    )


def checked(asked: Asked, *, context: int | None = None, sequences: int | None = None) -> CheckResult:
    """Return what check says to the load with another context or number of sequences."""
    load = asked.workload
    changed = replace(load, context=context or load.context, sequences=sequences or load.sequences)
    return check_load(replace(asked, workload=changed), catalog())


@cache
def runnable() -> tuple[tuple[Asked, int, int], ...]:
    """Return cases of which at least one token fits, each with its longest context and most sequences."""
    found: list[tuple[Asked, int, int]] = []
    number = 0
    while len(found) < CASES:
        number += 1
        asked = random_case(number)
        if asked is None or checked(asked, context=1, sequences=1).status == "undecided":
            continue
        asked = replace(asked, workload=divided(asked.architecture, asked.workload, asked.device))
        try:
            longest = longest_context(asked.architecture, asked.workload, device=asked.device, limit=1 << 20)
            most = most_sequences(asked.architecture, asked.workload, device=asked.device)
        except LlmfitError:
            continue
        found.append((asked, longest, most))
    return tuple(found)


def test_the_longest_context_passes_check_and_one_token_more_fails() -> None:
    """For 200 loads: what plan calls the longest is the most that check lets pass."""
    decided = 0
    for asked, longest, _ in runnable():
        if longest:
            assert checked(asked, context=longest).status == "pass", (asked.model.id, asked.workload, longest)
            decided += 1
        if longest < 1 << 20:
            assert checked(asked, context=longest + 1).status == "fail", (asked.model.id, asked.workload, longest)
    assert decided > CASES / 4


def test_the_most_sequences_pass_check_and_one_more_fails() -> None:
    """For 200 loads: what plan calls the most sequences is the most that check lets pass."""
    for asked, _, most in runnable():
        limit = sequences_limit(asked.architecture, asked.workload, device=asked.device)
        if most:
            assert checked(asked, sequences=most).status == "pass", (asked.model.id, asked.workload, most)
        if most < limit:
            assert checked(asked, sequences=most + 1).status == "fail", (asked.model.id, asked.workload, most)


def test_the_changes_of_a_check_make_it_fit_and_nothing_less_does() -> None:
    """Each context and number of sequences that check proposes passes, and one more does not."""
    seen = 0
    for asked, _, _ in runnable():
        for change in checked(asked).changes:
            if change.setting in {"context", "sequences"}:
                seen += 1
                assert checked(asked, **{change.setting: int(change.value)}).status == "pass"
                assert checked(asked, **{change.setting: int(change.value) + 1}).status == "fail"
    assert seen > 10


def test_every_point_of_a_frontier_is_maximal() -> None:
    """No context of a point can grow, and the points fall with the sequences."""
    for asked, longest, _ in runnable()[:60]:
        points = frontier(asked.architecture, asked.workload, device=asked.device, limit=1 << 20)
        if asked.workload.sequences == 1 and points:
            assert points[0].context == longest
        for point in points:
            at = {"context": point.context, "sequences": point.sequences}
            assert checked(asked, **at).status == "pass"
        assert [point.context for point in points] == sorted((point.context for point in points), reverse=True)


@given(st.integers(0, 10**12), st.integers(1, 10**9), st.integers(1, 10**7), st.sampled_from([1, 16, 256]))
def test_search_finds_the_closed_form_of_stepped_lines(capacity: int, slope: int, limit: int, step: int) -> None:
    """Where cost is a line over whole steps, the answer is that of the division."""
    probes: list[int] = []

    def margin(n: int) -> int:
        probes.append(n)
        return capacity - slope * (-(-n // step) * step)

    expected = min(limit, capacity // (slope * step) * step)
    assert largest(margin, limit=limit, step=step) == expected
    # Both ends, the crossing, the proof above it, and now and then one halving for rounding.
    assert len(probes) <= 10


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=200), st.integers(0, 20_000))
def test_search_finds_the_last_place_of_any_falling_margin(steps: list[int], capacity: int) -> None:
    """For any margin that never grows, the answer is the last place that is not negative."""
    margins = [capacity - sum(steps[: place + 1]) for place in range(len(steps))]
    expected = sum(1 for one in margins if one >= 0)
    assert largest(lambda n: margins[n - 1], limit=len(margins)) == expected


@pytest.mark.parametrize("headroom", [0.0, 0.1, 0.5])
def test_headroom_never_lengthens_a_context(headroom: float) -> None:
    """What must stay free can only take from what fits."""
    for asked, longest, _ in runnable()[:40]:
        device: Device = asked.device
        found = longest_context(asked.architecture, asked.workload, device=device, limit=1 << 20, headroom=headroom)
        assert found <= longest
