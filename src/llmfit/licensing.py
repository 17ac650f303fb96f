"""The effective licence: what a model's own tag and the licences of its ancestors allow together.

A tag binds nobody who took the weights under another licence: what was made from LLaMA 1 stays non-commercial,
whatever its repository says.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from llmfit.errors import UsageError
from llmfit.records.license import Commercial, EffectiveLicense, License
from llmfit.records.model import COPY_RELATIONS, Model
from llmfit.regions import COUNTRIES

_STRICTNESS: dict[Commercial, int] = {"yes": 0, "conditional": 1, "unknown": 2, "no": 3}
_CERTAINTIES = ("exact", "sourced", "derived", "estimated", "recalled", "unknown")
"""Best first."""

EU_MEMBERS = frozenset(
    "at be bg cy cz de dk ee es fi fr gr hr hu ie it lt lu lv mt nl pl pt ro se si sk".split(" ")  # noqa: SIM905 - 27 codes read better in one line
)
"""ISO 3166 codes of the 27 members since 2020-02-01 (European Union, country profiles)."""
_SPELLED = {"uk": "gb", "el": "gr"}
"""Codes that the EU itself uses for what ISO spells otherwise."""


def effective_license(
    model: Model, *, models: Mapping[str, Model], licenses: Mapping[str, License]
) -> EffectiveLicense:
    """Return the strictest of the model's licence and those that its ancestors pass on.

    Conditions of all of them remain, and caveats of all their data.
    A publisher may license anew what it made from its own weights.
    A licence that the table lacks counts as unknown; a circle in the lineage is walked once.
    """
    if model.base_model is None and not model.lineage_licenses:
        return _without_ancestors(model, licenses.get(model.license) or _unlisted(model.license))
    lineage = list(_lineage(model, models))
    applying = _applying(lineage, models=models, licenses=licenses)
    rows = [row for row, _, _ in applying.values()]
    seeing = _is_multimodal(model)
    # Of licences that are equally strict, the one that came first into the lineage decides.
    strictest, _, _ = max(applying.values(), key=lambda found: (_strictness(found[0], seeing=seeing), found[2]))
    deciding = rows[0] if strictest.permissive else strictest
    return EffectiveLicense(
        id=model.license,
        effective_id=deciding.id,
        ids=tuple(applying),
        commercial=deciding.commercial,
        permissive=all(row.permissive for row in rows),
        conditions=tuple(dict.fromkeys(condition for row in rows for condition in row.conditions)),
        regions_excluded=tuple(sorted({region for row in rows for region in _regions(row, seeing=seeing)})),
        derivatives_allowed=all(row.derivatives_allowed for row in rows),
        data_caveats=tuple(dict.fromkeys(caveat for ancestor in lineage for caveat in ancestor.data_caveats)),
        certainty=max((row.certainty for row in rows), key=_CERTAINTIES.index),
        because=tuple(reason for _, reason, _ in applying.values()),
    )


def _without_ancestors(model: Model, row: License) -> EffectiveLicense:
    """Return what the model's own licence alone allows: the common case, which an answer meets hundreds of times."""
    regions = _regions(row, seeing=_is_multimodal(model))
    return EffectiveLicense(
        id=model.license,
        effective_id=row.id,
        ids=(row.id,),
        commercial=row.commercial,
        permissive=row.permissive,
        conditions=row.conditions,
        regions_excluded=tuple(sorted(set(regions))) if regions else (),
        derivatives_allowed=row.derivatives_allowed,
        data_caveats=model.data_caveats,
        certainty=row.certainty,
        because=(_reason(row, model, model),),
    )


def _lineage(model: Model, models: Mapping[str, Model]) -> Iterator[Model]:
    """Yield the model and its ancestors, each once."""
    seen: set[str] = set()
    current: Model | None = model
    while current is not None and current.id not in seen:
        seen.add(current.id)
        yield current
        current = None if current.base_model is None else models.get(current.base_model)


def _applying(
    lineage: Sequence[Model], *, models: Mapping[str, Model], licenses: Mapping[str, License]
) -> dict[str, tuple[License, str, int]]:
    """Return every licence that holds for the first model of a lineage, its own first.

    With each the reason, and how many licences back it entered the lineage.
    """
    applying: dict[str, tuple[License, str, int]] = {}
    age = 0
    copied = False
    child: Model | None = None
    for ancestor in lineage:
        for license_id, own in _stated(ancestor):
            found = licenses.get(license_id) or _unlisted(license_id)
            silent_copy = (
                found.id == "unknown" and ancestor.base_relation in COPY_RELATIONS and ancestor.base_model in models
            )
            renewed = own and child is not None and child.publisher == ancestor.publisher and not copied
            left_behind = own and child is not None and not (found.passes_to_derivatives or copied)
            if not (silent_copy or renewed or left_behind):
                age += 1
                reason = applying[found.id][1] if found.id in applying else _reason(found, ancestor, lineage[0])
                applying[found.id] = (found, reason, age)
        copied = (copied or child is None) and ancestor.base_relation in COPY_RELATIONS
        child = ancestor
    return applying or {"unknown": (_unlisted("unknown"), "no licence is stated anywhere in its lineage", 0)}


def _stated(ancestor: Model) -> list[tuple[str, bool]]:
    """Return the licences that a row names, each with whether it is the row's own.

    `lineage_licenses` stand for ancestors without a row: they apply because somebody found that they do.
    """
    return [(ancestor.license, True), *((name, False) for name in ancestor.lineage_licenses)]


def _reason(found: License, ancestor: Model, model: Model) -> str:
    if ancestor is not model:
        return f"{found.name}: from {ancestor.id}, which it was made from"
    return f"{found.name}: its own" if found.id == model.license else f"{found.name}: from its lineage"


def _unlisted(license_id: str) -> License:
    return License(
        id=license_id,
        name=license_id,
        permissive=False,
        commercial="unknown",
        conditions=("Its text is not known here: read it before any use.",),
        passes_to_derivatives=True,
        certainty="unknown",
    )


def _is_multimodal(model: Model) -> bool:
    """Whether the model sees or hears, by its tasks or its configuration."""
    return not {"vision", "audio"}.isdisjoint(model.tasks) or "vision_config" in model.architecture


def _regions(row: License, *, seeing: bool) -> Sequence[str]:
    return (*row.regions_excluded, *row.regions_excluded_multimodal) if seeing else row.regions_excluded


def _strictness(row: License, *, seeing: bool) -> tuple[int, bool, int]:
    return _STRICTNESS[row.commercial], not row.permissive, len(_regions(row, seeing=seeing))


def allows(
    effective: EffectiveLicense,
    *,
    commercial: bool = False,
    permissive: bool = False,
    ids: Iterable[str] = (),
    region: str | None = None,
) -> tuple[bool, str]:
    """Return whether a licence meets what the user asks for, and the reason where it does not.

    `commercial` accepts conditions, which stay to be kept; unknown is not a yes.
    `ids` are licences of which one must be the deciding one.

    Raises:
        UsageError: The region is no code.
    """
    wanted = frozenset(ids)
    if commercial and effective.commercial in {"no", "unknown"}:
        if effective.effective_id == "unknown":
            return False, "licence unknown"
        word = "not allowed" if effective.commercial == "no" else "unknown"
        return False, f"commercial use {word}: {effective.effective_id}"
    if permissive and not effective.permissive:
        return False, f"not permissive: {effective.effective_id}"
    if wanted and effective.effective_id not in wanted:
        return False, f"licence is {effective.effective_id}"
    if region is not None and (excluded := excluded_region(effective.regions_excluded, region)):
        return False, f"licence grants nothing in {excluded.upper()}: {effective.effective_id}"
    return True, ""


def excluded_region(excluded: Sequence[str], region: str) -> str:
    """Return the excluded region that the asked one lies in or contains; empty where there is none.

    Raises:
        UsageError: The region is no ISO 3166 code of two letters, nor `eu`.
    """
    asked = parse_region(region)
    if asked in excluded:
        return asked
    if asked in EU_MEMBERS and "eu" in excluded:
        return "eu"
    inside = sorted(EU_MEMBERS.intersection(excluded)) if asked == "eu" else []
    return inside[0] if inside else ""


def parse_region(region: str) -> str:
    """Return the code of a region in lower case, as the licence table spells it.

    Raises:
        UsageError: It is no ISO 3166 code, nor `eu`.
    """
    code = region.strip().lower()
    code = _SPELLED.get(code, code)
    if code != "eu" and code not in COUNTRIES:
        raise UsageError(f"{region[:40]!r} is no region", hint="Write an ISO 3166 code such as kr or de, or eu")
    return code
