"""Machines with GPUs that can be rented, with dated list prices."""

from llmfit.records.base import Field, Record, Source


class CloudInstance(Record):
    """One type of instance in one region."""

    id: str
    """`provider/instance`, with `@region` where several regions are listed."""
    provider: str
    """aws, azure, gcp, lambda or runpod."""
    instance: str
    """The provider's own name of the type."""
    region: str
    """The provider's own name of the region that the price holds for; empty where it is one price everywhere."""
    gpu: str
    """Id in `gpus.yaml`."""
    gpu_count: int = Field(gt=0)
    """Whole GPUs of one instance."""
    vcpus: int | None = Field(default=None, gt=0)
    """Virtual processors."""
    ram_bytes: int | None = Field(default=None, gt=0)
    """Memory beside the GPUs."""
    price_usd_per_hour: float | None = Field(default=None, gt=0)
    """List price on demand, without tax and discounts; None where unknown."""
    price_date: str | None = None
    """ISO day on which the price was published; None where unknown."""
    sources: tuple[Source, ...] = ()
    """Where the row was read."""
