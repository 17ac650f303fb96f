"""Effective licences over made-up lineages."""

from dataclasses import replace
from typing import Any

import pytest

from llmfit.errors import UsageError
from llmfit.licensing import EU_MEMBERS, allows, effective_license, excluded_region, parse_region
from llmfit.records.license import EffectiveLicense
from llmfit.records.model import Model
from llmfit.regions import COUNTRIES
from support.models import a_license, a_model

LICENSES = {
    row.id: row
    for row in (
        a_license("apache-2.0", conditions=("Keep the text.",)),
        a_license("mit", conditions=("Keep the notice.",)),
        a_license("unknown", permissive=False, commercial="unknown", passes_to_derivatives=True, certainty="unknown"),
        a_license("ban", permissive=False, commercial="no", passes_to_derivatives=True, conditions=("Research only.",)),
        a_license(
            "community", permissive=False, commercial="conditional", passes_to_derivatives=True, conditions=("Ask.",)
        ),
        a_license(
            "seeing",
            permissive=False,
            commercial="conditional",
            passes_to_derivatives=True,
            regions_excluded=("kr",),
            regions_excluded_multimodal=("eu",),
        ),
        a_license("recalled", commercial="yes", certainty="recalled", derivatives_allowed=False),
    )
}


def effective(*lineage: Model) -> EffectiveLicense:
    """Return the effective licence of the first of these models."""
    return effective_license(lineage[0], models={m.id: m for m in lineage}, licenses=LICENSES)


def test_a_model_without_ancestors_has_its_own_licence() -> None:
    """Nothing is added to what the repository states."""
    found = effective(a_model(license="mit"))
    assert (found.id, found.effective_id, found.ids, found.commercial, found.permissive) == (
        "mit",
        "mit",
        ("mit",),
        "yes",
        True,
    )
    assert found.conditions == ("Keep the notice.",)
    assert found.because == ("mit: its own",)


@pytest.mark.parametrize("license_id", [*LICENSES, "made-up"])
@pytest.mark.parametrize("tasks", [("chat",), ("vision",)])
def test_a_model_without_ancestors_is_the_shortest_lineage(license_id: str, tasks: tuple[str, ...]) -> None:
    """The short way gives what the long way gives where the base has no row."""
    alone = a_model(license=license_id, tasks=tasks, data_caveats=("one",))
    without_row = replace(alone, base_model="z/gone")
    assert effective(alone) == effective(without_row)


def test_a_ban_reaches_the_grandchild_whatever_its_tag() -> None:
    """What was made from a non-commercial model stays non-commercial."""
    child = a_model("c/child", license="mit", base_model="b/middle")
    middle = a_model("b/middle", license="apache-2.0", base_model="a/root")
    found = effective(child, middle, a_model("a/root", license="ban"))
    assert (found.effective_id, found.commercial, found.permissive) == ("ban", "no", False)
    assert found.ids == ("mit", "ban")
    assert found.because[-1] == "ban: from a/root, which it was made from"


def test_conditions_of_every_licence_remain() -> None:
    """A distillate keeps its own conditions beside those of its base."""
    found = effective(a_model("b/child", license="mit", base_model="a/root"), a_model("a/root", license="community"))
    assert found.conditions == ("Keep the notice.", "Ask.")
    assert found.commercial == "conditional"


def test_permissive_licences_do_not_pass_on() -> None:
    """A fine-tune of an Apache model may choose another licence."""
    found = effective(
        a_model("b/child", license="community", base_model="a/root"), a_model("a/root", license="apache-2.0")
    )
    assert found.ids == ("community",)


def test_a_publisher_may_license_its_own_weights_anew() -> None:
    """The new licence alone holds where base and derivative have one publisher."""
    found = effective(a_model("a/next", license="community", base_model="a/root"), a_model("a/root", license="ban"))
    assert (found.effective_id, found.ids) == ("community", ("community",))


def test_a_foreign_ancestor_still_holds_behind_a_renewed_licence() -> None:
    """Licensing anew lifts nothing that another publisher imposed."""
    found = effective(
        a_model("b/second", license="mit", base_model="b/first"),
        a_model("b/first", license="apache-2.0", base_model="a/root"),
        a_model("a/root", license="ban"),
    )
    assert found.effective_id == "ban"


@pytest.mark.parametrize("relation", ["quantized", "repack"])
def test_a_copy_has_the_licence_of_what_it_copies(relation: Any) -> None:
    """A repack without a licence is under its original's, permissive or not."""
    copy = a_model("b/copy", license="unknown", base_model="a/root", base_relation=relation)
    found = effective(copy, a_model("a/root", license="apache-2.0"))
    assert (found.effective_id, found.commercial, found.permissive) == ("apache-2.0", "yes", True)


def test_a_copy_cannot_loosen_its_original() -> None:
    """The tag of a repack does not replace the original's licence."""
    copy = a_model("b/copy", license="mit", base_model="a/root", base_relation="quantized")
    assert effective(copy, a_model("a/root", license="ban")).commercial == "no"


def test_a_fine_tune_without_licence_is_unknown() -> None:
    """No licence grants nothing, even on a permissive base."""
    found = effective(
        a_model("b/child", license="unknown", base_model="a/root", base_relation="finetune"),
        a_model("a/root", license="apache-2.0"),
    )
    assert (found.commercial, found.permissive, found.certainty) == ("unknown", False, "unknown")


def test_a_licence_that_the_table_lacks_is_unknown() -> None:
    """It is never taken for a permissive one."""
    assert effective(a_model(license="made-up")).commercial == "unknown"


def test_lineage_licences_stand_for_ancestors_without_a_row() -> None:
    """They hold even where a model of that licence would not pass it on."""
    found = effective(a_model(license="mit", lineage_licenses=("ban",)))
    assert (found.effective_id, found.because[-1]) == ("ban", "ban: from its lineage")


def test_of_equally_strict_licences_the_oldest_decides() -> None:
    """A ban that the model repeats is still its ancestor's, older than one from its data."""
    other = a_license("other-ban", permissive=False, commercial="no", passes_to_derivatives=True)
    child = a_model("b/child", license="ban", lineage_licenses=("other-ban",), base_model="a/root")
    models = {m.id: m for m in (child, a_model("a/root", license="ban"))}
    found = effective_license(child, models=models, licenses={**LICENSES, "other-ban": other})
    assert (found.effective_id, found.ids) == ("ban", ("ban", "other-ban"))
    assert found.because == ("ban: its own", "other-ban: from its lineage")


def test_a_circle_is_walked_once() -> None:
    """Two models that name each other as base end, with both licences."""
    one, two = a_model("a/one", license="mit", base_model="b/two"), a_model("b/two", license="ban", base_model="a/one")
    assert effective(one, two).ids == ("mit", "ban")


def test_a_circle_of_copies_without_licence_is_unknown() -> None:
    """Where nobody states a licence, none is found."""
    one = a_model("a/one", license="unknown", base_model="b/two", base_relation="repack")
    two = a_model("b/two", license="unknown", base_model="a/one", base_relation="repack")
    found = effective(one, two)
    assert (found.effective_id, found.commercial) == ("unknown", "unknown")


def test_caveats_of_the_data_are_kept_over_the_lineage() -> None:
    """Each is said once, the model's own first."""
    child = a_model("b/child", base_model="a/root", data_caveats=("own", "shared"))
    assert effective(child, a_model("a/root", data_caveats=("shared", "old"))).data_caveats == ("own", "shared", "old")


def test_the_least_certain_licence_decides_the_certainty() -> None:
    """One recalled text makes the whole answer recalled; a ban on derivatives stays."""
    found = effective(a_model(license="mit", lineage_licenses=("recalled",)))
    assert (found.certainty, found.derivatives_allowed) == ("recalled", False)


@pytest.mark.parametrize(
    ("changes", "regions"),
    [
        ({}, ("kr",)),
        ({"tasks": ("chat", "vision")}, ("eu", "kr")),
        ({"architecture": {"model_type": "x", "vision_config": {}}}, ("eu", "kr")),
    ],
)
def test_some_regions_are_excluded_for_seeing_models_alone(changes: dict[str, Any], regions: tuple[str, ...]) -> None:
    """The text models of the same licence are not affected."""
    assert effective(a_model(license="seeing", **changes)).regions_excluded == regions


@pytest.mark.parametrize(
    ("license_id", "commercial"), [("apache-2.0", True), ("community", True), ("unknown", False), ("ban", False)]
)
def test_commercial_accepts_conditions_but_not_the_unknown(license_id: str, *, commercial: bool) -> None:
    """Unknown is excluded, with a reason that names the licence."""
    allowed, reason = allows(effective(a_model(license=license_id)), commercial=True)
    assert allowed is commercial
    assert (license_id in reason) is not commercial
    assert reason.count("unknown") == (license_id == "unknown")


def test_permissive_and_ids_narrow_further() -> None:
    """Each filter has a reason of its own; no filter allows everything."""
    found = effective(a_model(license="community"))
    assert allows(found) == (True, "")
    assert allows(found, permissive=True) == (False, "not permissive: community")
    assert allows(found, ids=("mit",)) == (False, "licence is community")
    assert allows(found, ids=("mit", "community")) == (True, "")


def test_a_region_is_refused_with_a_reason() -> None:
    """The reason names region and licence."""
    assert allows(effective(a_model(license="seeing")), region="KR") == (False, "licence grants nothing in KR: seeing")


@pytest.mark.parametrize(
    ("excluded", "asked", "found"),
    [
        (("eu",), "de", "eu"),
        (("eu",), "eu", "eu"),
        (("eu",), "gb", ""),
        (("eu",), "ch", ""),
        (("gb",), "uk", "gb"),
        (("de",), "eu", "de"),
        (("eu",), "el", "eu"),
        ((), "kr", ""),
    ],
)
def test_regions_contain_one_another(excluded: tuple[str, ...], asked: str, found: str) -> None:
    """A member state is in the EU, and the EU is not wholly served where one member is excluded."""
    assert excluded_region(excluded, asked) == found


@pytest.mark.parametrize("word", ["", "korea", "k", "e1", "한국", "e u", "zz", "xx"])
def test_a_region_is_a_code_of_iso_3166(word: str) -> None:
    """Anything else is a wrong question, not an unknown answer."""
    with pytest.raises(UsageError, match="no region"):
        parse_region(word)


def test_every_country_is_a_region() -> None:
    """ISO 3166-1 assigns 249 codes; the members of the EU are among them, the EU itself is not."""
    assert len(COUNTRIES) == 249
    assert COUNTRIES >= EU_MEMBERS
    assert [parse_region(word) for word in ("KR", " us ", "EU", "uk")] == ["kr", "us", "eu", "gb"]


def test_the_european_union_has_27_members() -> None:
    """Great Britain, Norway and Switzerland are none of them."""
    assert len(EU_MEMBERS) == 27
    assert EU_MEMBERS.isdisjoint({"gb", "no", "ch", "eu"})
