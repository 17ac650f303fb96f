"""What a check finds: memory, headroom, licence, speed and price, each against its limit."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from llmfit.answers.checking.asked import Asked
from llmfit.answers.checking.prices import cheapest_price
from llmfit.catalog import Catalog
from llmfit.licensing import allows
from llmfit.records.deployment import Finding, Level, Limits, Rule
from llmfit.records.device import Device
from llmfit.records.estimate import LABELS, Verdict
from llmfit.records.license import EffectiveLicense
from llmfit.records.sizing import Sizing
from llmfit.solve.judge import Judgement
from llmfit.units import in_gib


def findings_of(
    asked: Asked, found: Judgement, *, roomy: bool, sizing: Sizing, catalog: Catalog
) -> tuple[Finding, ...]:
    """Return everything that does not hold, is unknown, or should be known; excused where an exception says so.

    `roomy`: whether the asked headroom stays free.
    """
    limits = asked.limits
    every = [
        *_memory(found, sizing, asked.device),
        *([] if roomy or not found.runs else [_headroom(asked, found)]),
        *_license(asked, sizing.license),
        *_speed(limits.min_tokens_per_second, sizing, runs=found.runs),
        *(_price(asked, limits.max_usd_per_hour, catalog) if limits.max_usd_per_hour is not None else []),
        *_engine(found),
    ]
    placed = [replace(finding, place=finding.place or asked.place) for finding in every]
    return (*(_excused(finding, asked) for finding in placed), *_unused(asked, placed))


def _memory(found: Judgement, sizing: Sizing, device: Device) -> Iterator[Finding]:
    """Yield what is missing; that part of it may lie in RAM is said where a split was solved."""
    room = found.tightest
    if found.fit.verdict is Verdict.UNKNOWN:
        yield Finding(rule="undecided", level="unknown", message=found.fit.reason)
    elif room.margin < 0:
        what = f"{in_gib(room.usable)} {'that the engine takes' if room.usable < room.card else 'usable'}"
        where = "the fullest GPU" if len(device.gpus) > 1 else device.name or "RAM"
        offload = "; it runs with part of it in RAM" if sizing.offload is not None else ""
        part = LABELS[found.deciding_part]
        message = (
            f"needs {in_gib(room.needed)} of {what} on {where}: {in_gib(-room.margin)} too much, decided by {part}"
        )
        yield Finding(rule="fit", level="error", message=f"{message}{offload}", field="context")
    elif found.ram_missing:
        message = f"needs {in_gib(found.estimate.host_bytes)} of RAM, {in_gib(found.ram_missing)} more than there is"
        yield Finding(rule="fit", level="error", message=message, field="ram_gb")


def _headroom(asked: Asked, found: Judgement) -> Finding:
    limits, room = asked.limits, found.tightest
    name = "min_headroom_percent" if limits.min_headroom_percent is not None else "min_headroom_gb"
    left = f"{in_gib(room.margin)} ({100 * room.margin / max(1, room.usable):.1f} %)"
    message = f"{left} stays free, less than the {headroom_words(limits)} asked for"
    return Finding(rule="headroom", level="error", message=message, field=f"limits.{name}")


def headroom_words(limits: Limits) -> str:
    """Return what must stay free in words; empty where nothing must."""
    words = []
    if limits.min_headroom_percent:
        words.append(f"{limits.min_headroom_percent:g} %")
    if limits.min_headroom_gb:
        words.append(f"{limits.min_headroom_gb:g} GiB")
    return " and ".join(words)


def _license(asked: Asked, license_: EffectiveLicense) -> Iterator[Finding]:
    """Yield what the licences do not allow; a licence whose text is unknown decides nothing."""
    limits = asked.limits
    level: Level = "unknown" if license_.commercial == "unknown" else "error"
    if limits.commercial:
        allowed, reason = allows(license_, commercial=True)
        if not allowed:
            yield Finding(rule="commercial", level=level, message=reason, field="limits.commercial")
    if limits.licenses:
        allowed, reason = allows(license_, ids=limits.licenses)
        if not allowed:
            message = f"{reason}, none of {', '.join(limits.licenses)}"
            unknown: Level = "unknown" if license_.effective_id == "unknown" else "error"
            yield Finding(rule="license", level=unknown, message=message, field="limits.licenses")
    for region in limits.regions:
        allowed, reason = allows(license_, region=region)
        if not allowed:
            yield Finding(rule="region", level="error", message=reason, field="limits.regions")
        elif license_.commercial == "unknown":
            message = f"the licence {license_.effective_id} is unknown, so is where it holds"
            yield Finding(rule="region", level="unknown", message=message, field="limits.regions")


def _speed(wanted: float | None, sizing: Sizing, *, runs: bool) -> Iterator[Finding]:
    if wanted is None or not runs:
        return
    speed, field = sizing.speed, "limits.min_tokens_per_second"
    if speed is None:
        message = "the speed on this device is unknown"
        yield Finding(rule="speed", level="unknown", message=message, field=field)
    elif speed.typical < wanted:
        message = f"about {speed.typical:.3g} tokens/s ({speed.low:.3g} to {speed.high:.3g}), {wanted:g} asked for"
        yield Finding(rule="speed", level="error", message=message, field=field)
    elif speed.low < wanted:
        message = f"{speed.low:.3g} to {speed.high:.3g} tokens/s: the low end is below {wanted:g}"
        yield Finding(rule="speed", level="warning", message=message, field=field)


def _price(asked: Asked, wanted: float, catalog: Catalog) -> Iterator[Finding]:
    """Yield a price above the limit; a price that nobody knows, or that is out of date, decides nothing."""
    field = "limits.max_usd_per_hour"
    price = cheapest_price(asked.device, catalog, today=asked.today, stale=asked.stale_prices)
    if price.instance is None:
        yield Finding(rule="price", level="unknown", message=price.reason, field=field)
        return
    row = price.instance
    cost = f"{row.provider} {row.instance} in {row.region}: {row.price_usd_per_hour:g} USD/h on {row.price_date}"
    if (row.price_usd_per_hour or 0.0) > wanted:
        message = f"cheapest is {cost}, above {wanted:g}"
        yield Finding(rule="price", level="error", message=message, field=field)
    else:
        yield Finding(rule="price", level="note", message=cost, field=field)


def _engine(found: Judgement) -> Iterator[Finding]:
    load = found.workload
    if load.engine.id != "vllm":
        return
    asked, limit = load.options.gpu_memory_utilization, load.options.max_num_seqs
    usual = load.engine.constant("gpu_memory_utilization").value
    if asked is None and found.utilization is not None and found.utilization < usual:
        message = f"vLLM's default share of {usual:g} is not free here: start vLLM with --gpu-memory-utilization"
        yield Finding(rule="engine", level="warning", message=f"{message} {found.utilization:g}", field="options")
    if limit is not None and load.sequences > limit:
        message = f"vLLM runs {limit} sequences at once (max_num_seqs): the other {load.sequences - limit} wait"
        yield Finding(rule="engine", level="warning", message=message, field="sequences")


def _excused(finding: Finding, asked: Asked) -> Finding:
    """Return the finding with the reason of the exception that covers it today."""
    if finding.level not in {"error", "unknown"}:
        return finding
    for waiver in asked.waivers:
        if waiver.rule == finding.rule and asked.today <= waiver.expires:
            return replace(finding, excused=f"{waiver.reason} (until {waiver.expires.isoformat()})")
    return finding


def _unused(asked: Asked, findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield a warning for each exception that is out of date, or that nothing needs."""
    needed: set[Rule] = {finding.rule for finding in findings if finding.level in {"error", "unknown"}}
    for waiver in asked.waivers:
        if asked.today > waiver.expires:
            message = f"the exception for {waiver.rule} ended on {waiver.expires.isoformat()}: {waiver.reason}"
        elif waiver.rule not in needed:
            message = f"the exception for {waiver.rule} excuses nothing: remove it"
        else:
            continue
        yield Finding(rule="exception", level="warning", message=message, place=asked.place)
