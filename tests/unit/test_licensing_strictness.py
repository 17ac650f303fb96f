"""Which licence of a lineage decides: how strict each is, how certain, and what an unlisted one means."""

from itertools import pairwise
from typing import Any

import pytest

from llmfit.errors import UsageError
from llmfit.licensing import allows, effective_license, excluded_region, parse_region
from llmfit.records.license import EffectiveLicense, License
from llmfit.records.model import Model
from support.models import a_license, a_model

FROM_LOOSE_TO_STRICT = ("yes", "conditional", "unknown", "no")
"""What is not known is worse than a condition, and not as bad as a ban."""
FROM_SURE_TO_UNSURE = ("exact", "sourced", "derived", "estimated", "recalled", "unknown")
"""The order of `Certainty`, as the records name it."""


def effective(*lineage: Model, licenses: tuple[License, ...]) -> EffectiveLicense:
    """Return the effective licence of the first of these models."""
    return effective_license(
        lineage[0], models={model.id: model for model in lineage}, licenses={row.id: row for row in licenses}
    )


def of_two(own: License, inherited: License, **changes: Any) -> EffectiveLicense:
    """Return the effective licence of a fine-tune under one licence, whose base by somebody else has another."""
    child = a_model("b/child", license=own.id, base_model="a/root", **changes)
    return effective(child, a_model("a/root", license=inherited.id), licenses=(own, inherited))


@pytest.mark.parametrize(("loose", "strict"), list(pairwise(FROM_LOOSE_TO_STRICT)))
def test_the_stricter_use_decides_whichever_came_first(loose: Any, strict: Any) -> None:
    """Neither more regions nor a longer history makes up for a looser use."""
    first = a_license("first", permissive=False, commercial=loose, passes_to_derivatives=True)
    wide = a_license("wide", permissive=False, commercial=loose, passes_to_derivatives=True, regions_excluded=("kr",))
    second = a_license("second", permissive=False, commercial=strict, passes_to_derivatives=True)
    for other in (first, wide):
        assert of_two(own=second, inherited=other).effective_id == "second"
        assert of_two(own=other, inherited=second).effective_id == "second"
        assert of_two(own=other, inherited=second).commercial == strict


def test_a_licence_with_duties_is_stricter_than_a_permissive_one() -> None:
    """Both allow commercial use; the one that is not permissive decides, though the other excludes a region."""
    duties = a_license("duties", permissive=False, passes_to_derivatives=True)
    plain = a_license("plain", passes_to_derivatives=True, regions_excluded=("kr",))
    for own, inherited in ((duties, plain), (plain, duties)):
        found = of_two(own=own, inherited=inherited)
        assert (found.effective_id, found.permissive, found.regions_excluded) == ("duties", False, ("kr",))


def test_of_equal_licences_the_one_with_more_regions_decides() -> None:
    """Two regions against one, whichever came first."""
    one, two = (
        a_license(name, permissive=False, passes_to_derivatives=True, regions_excluded=regions)
        for name, regions in (("one", ("kr",)), ("two", ("cn", "eu")))
    )
    assert of_two(own=one, inherited=two).effective_id == "two"
    assert of_two(own=two, inherited=one).effective_id == "two"
    assert of_two(own=two, inherited=one).regions_excluded == ("cn", "eu", "kr")


def test_among_permissive_licences_the_models_own_is_named() -> None:
    """An older Apache licence in the lineage changes no name, though its conditions stay."""
    found = effective(
        a_model(license="mit", lineage_licenses=("apache-2.0",)),
        licenses=(a_license("mit", conditions=("Keep it.",)), a_license("apache-2.0", conditions=("Name changes.",))),
    )
    assert (found.effective_id, found.permissive) == ("mit", True)
    assert found.conditions == ("Keep it.", "Name changes.")


@pytest.mark.parametrize(("better", "worse"), list(pairwise(FROM_SURE_TO_UNSURE)))
def test_the_answer_is_as_certain_as_its_least_certain_licence(better: Any, worse: Any) -> None:
    """In whichever place of the lineage it stands."""
    sure = a_license("sure", certainty=better, passes_to_derivatives=True)
    unsure = a_license("unsure", certainty=worse, passes_to_derivatives=True)
    assert of_two(own=sure, inherited=unsure).certainty == worse
    assert of_two(own=unsure, inherited=sure).certainty == worse


def test_an_unlisted_licence_allows_nothing_and_says_why() -> None:
    """Nobody here has read it: not permissive, unknown for commerce, with the advice to read it."""
    found = effective(a_model(license="made-up"), licenses=())
    assert (found.effective_id, found.commercial, found.permissive, found.certainty) == (
        "made-up",
        "unknown",
        False,
        "unknown",
    )
    assert found.conditions == ("Its text is not known here: read it before any use.",)


def test_an_unlisted_licence_is_taken_to_reach_derivatives() -> None:
    """What nobody has read might pass on: a permissive tag above it lifts nothing."""
    child = a_model("b/child", license="mit", base_model="a/root")
    found = effective(child, a_model("a/root", license="made-up"), licenses=(a_license("mit"),))
    assert (found.effective_id, found.commercial, found.ids) == ("made-up", "unknown", ("mit", "made-up"))


def test_a_lineage_in_which_nobody_states_a_licence_is_under_the_unknown_one() -> None:
    """Two copies of each other without a licence: the id is the table's `unknown`, and the reason says so."""
    one = a_model("a/one", license="unknown", base_model="b/two", base_relation="repack")
    two = a_model("b/two", license="unknown", base_model="a/one", base_relation="repack")
    found = effective(one, two, licenses=())
    assert (found.ids, found.effective_id) == (("unknown",), "unknown")
    assert found.because == ("no licence is stated anywhere in its lineage",)


def test_licences_found_behind_an_ancestor_hold_whatever_they_pass_on() -> None:
    """Somebody found that they apply: neither a permissive text nor the same publisher lifts them."""
    own, found = a_license("own"), a_license("found", conditions=("Say so.",))
    for child_id in ("b/child", "a/child"):
        child = a_model(child_id, license="own", base_model="a/root")
        root = a_model("a/root", license="own", lineage_licenses=("found",))
        assert effective(child, root, licenses=(own, found)).ids == ("own", "found")


@pytest.mark.parametrize(
    ("changes", "excluded"),
    [
        ({"tasks": ("chat",)}, ()),
        ({"tasks": ("chat", "audio")}, ("eu",)),
        ({"tasks": ("vision",)}, ("eu",)),
        ({"architecture": {"model_type": "x", "audio_config": {}}}, ()),
    ],
)
def test_a_model_that_hears_or_sees_is_excluded_where_such_models_are(
    changes: dict[str, Any], excluded: tuple[str, ...]
) -> None:
    """By its tasks alone, and in a lineage as without one."""
    row = a_license("multi", regions_excluded_multimodal=("eu",))
    assert effective(a_model(license="multi", **changes), licenses=(row,)).regions_excluded == excluded
    within = a_model(license="multi", lineage_licenses=("multi",), **changes)
    assert effective(within, licenses=(row,)).regions_excluded == excluded


def test_regions_are_told_once_and_in_order() -> None:
    """A licence that names a region twice, once for models that see, excludes it once."""
    row = a_license("row", regions_excluded=("kr", "cn"), regions_excluded_multimodal=("kr", "eu"))
    assert effective(a_model(license="row", tasks=("vision",)), licenses=(row,)).regions_excluded == ("cn", "eu", "kr")


def test_nothing_asked_is_nothing_refused() -> None:
    """Without a filter even a ban is shown: only who asks for commercial use hears of it, in words of their own."""
    ban, dark = (
        effective(a_model(license=word), licenses=(a_license(word, permissive=False, commercial=use),))
        for word, use in (("ban", "no"), ("dark", "unknown"))
    )
    assert allows(ban) == allows(dark) == (True, "")
    assert allows(ban, commercial=True) == (False, "commercial use not allowed: ban")
    assert allows(dark, commercial=True) == (False, "commercial use unknown: dark")


def test_another_member_of_the_union_is_not_excluded() -> None:
    """A licence without Germany holds in France; the union as a whole it does not cover, by its first such member."""
    assert excluded_region(("de",), "fr") == ""
    assert excluded_region(("it", "de"), "eu") == "de"
    assert excluded_region(("kr",), "eu") == ""


def test_a_region_that_is_none_comes_with_an_example() -> None:
    """The hint shows how one is written; a long word is cut."""
    with pytest.raises(UsageError) as caught:
        parse_region("x" * 60)
    assert caught.value.hint == "Write an ISO 3166 code such as kr or de, or eu"
    assert caught.value.message == f"'{'x' * 40}' is no region"
