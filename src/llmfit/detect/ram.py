"""RAM that a program may take: what the system has free, within what its control groups allow."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RamFigures:
    """Bytes of RAM, and where they come from."""

    total: int
    available: int
    source: str


def read_ram(root: Path = Path("/")) -> RamFigures:
    """Return this machine's RAM, clamped to the limits of the control groups that it runs in."""
    import psutil

    memory = psutil.virtual_memory()
    return clamp_ram(RamFigures(memory.total, memory.available, "psutil"), root=root)


def clamp_ram(ram: RamFigures, *, root: Path) -> RamFigures:
    """Return the RAM within every limit of a control group, v1 or v2, below `root`.

    The total is the tightest limit; what is free is the least that a group has left, its siblings counted.
    """
    total, available = ram.total, ram.available
    for folder in _groups(root):
        limit, used = _limit(folder)
        if limit is not None and limit < ram.total:
            total, available = min(total, limit), min(available, max(0, limit - used))
    if total == ram.total:
        return ram
    return RamFigures(total, available, f"{ram.source}, limited by a control group")


def _groups(root: Path) -> list[Path]:
    """Return the folders whose limits hold for this process, from its own group up to the top."""
    mounts = {"": root / "sys/fs/cgroup", "memory": root / "sys/fs/cgroup/memory"}
    folders: dict[Path, None] = {}
    for line in _read(root / "proc/self/cgroup").splitlines()[:64]:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        mount = mounts.get("memory" if "memory" in controllers.split(",") else controllers)
        if mount is None or ".." in path.split("/"):
            continue
        own = mount / path.strip("/")
        folders |= dict.fromkeys([own, *(parent for parent in own.parents if mount in (parent, *parent.parents))])
    return [*folders, *(mount for mount in mounts.values() if mount not in folders)]


def _limit(folder: Path) -> tuple[int | None, int]:
    """Return the limit of a group and what it uses, its droppable file cache left out; None for no limit.

    cgroup v2 writes `max` where there is none, v1 a number beyond any machine's RAM.
    """
    for names in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
        limit = _number(folder / names[0])
        if limit:
            return limit, max(0, (_number(folder / names[1]) or 0) - _cache(folder))
    return None, 0


def _cache(folder: Path) -> int:
    for line in _read(folder / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name in {"inactive_file", "total_inactive_file"} and value.isascii() and value.isdigit():
            return int(value)
    return 0


def _number(path: Path) -> int | None:
    text = _read(path).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 30 else None


def _read(path: Path) -> str:
    """Return the first 64 KiB of a file; empty where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(65536).decode("utf-8", "replace")
    except OSError:
        return ""
