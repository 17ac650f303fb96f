"""What a machine costs by the hour, as far as somebody published it lately."""

from datetime import date

from llmfit.catalog import Catalog
from llmfit.records.cloud import CloudInstance
from llmfit.records.device import Device
from llmfit.records.frozen import dataclass

FRESH_DAYS = 180
"""Days for which a list price is taken as today's: providers change theirs about once or twice a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The cheapest instance with a device's GPUs, or why there is none."""

    instance: CloudInstance | None
    reason: str = ""


def is_fresh(row: CloudInstance, *, today: date) -> bool:
    """Return whether the row has a price that was published in the last half year."""
    if row.price_usd_per_hour is None or row.price_date is None:
        return False
    return (today - date.fromisoformat(row.price_date)).days <= FRESH_DAYS


def cheapest_price(device: Device, catalog: Catalog, *, today: date, stale: bool = False) -> Price:
    """Return the cheapest instance that has the device's GPUs; `stale` accepts prices that are out of date."""
    names = {gpu.name for gpu in device.gpus}
    if len(names) != 1:
        return Price(instance=None, reason="no price is known of machines with several kinds of GPU")
    rows = [
        row
        for row in catalog.clouds.values()
        if row.price_usd_per_hour is not None
        and catalog.gpus[row.gpu].name in names
        and row.gpu_count == len(device.gpus)
    ]
    if not rows:
        return Price(instance=None, reason=f"no price is known of an instance with {device.name}")
    current = [row for row in rows if stale or is_fresh(row, today=today)]
    if not current:
        newest = max(row.price_date or "unknown" for row in rows)
        reason = f"the newest price of {device.name} is of {newest}, more than {FRESH_DAYS} days ago"
        return Price(instance=None, reason=f"{reason}; --stale-prices accepts it")
    return Price(instance=min(current, key=lambda row: (row.price_usd_per_hour or 0.0, row.id)))
