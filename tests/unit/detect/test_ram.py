"""RAM within the limits of control groups, on trees of our own."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from llmfit.detect.ram import RamFigures, clamp_ram, read_ram

GIB = 1024**3
RAM = RamFigures(32 * GIB, 20 * GIB, "psutil")


def group(root: Path, files: Mapping[str, object]) -> Path:
    """Return a root folder with these control-group files."""
    for name, value in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")
    return root


V2 = "sys/fs/cgroup"
V1 = "sys/fs/cgroup/memory"


@pytest.mark.parametrize(
    ("files", "total", "available"),
    [
        ({}, 32, 20),
        ({"proc/self/cgroup": "0::/", f"{V2}/memory.max": "max"}, 32, 20),
        ({"proc/self/cgroup": "0::/", f"{V2}/memory.max": 8 * GIB, f"{V2}/memory.current": 3 * GIB}, 8, 5),
        (
            {
                "proc/self/cgroup": "0::/a/b",
                f"{V2}/a/memory.max": 8 * GIB,
                f"{V2}/a/memory.current": 3 * GIB,
                f"{V2}/a/memory.stat": f"anon {GIB}\ninactive_file {2 * GIB}",
                f"{V2}/a/b/memory.max": "max",
            },
            8,
            7,
        ),
        (
            {
                "proc/self/cgroup": "0::/a/b",
                f"{V2}/a/memory.max": 8 * GIB,
                f"{V2}/a/b/memory.max": 4 * GIB,
                f"{V2}/a/b/memory.current": GIB,
            },
            4,
            3,
        ),
        (
            {
                "proc/self/cgroup": "5:cpu:/x\n4:memory:/docker/1",
                f"{V1}/docker/1/memory.limit_in_bytes": 2 * GIB,
                f"{V1}/docker/1/memory.usage_in_bytes": GIB,
                f"{V1}/docker/1/memory.stat": f"total_inactive_file {GIB // 2}",
            },
            2,
            1.5,
        ),
        ({"proc/self/cgroup": "4:memory:/", f"{V1}/memory.limit_in_bytes": 0x7FFFFFFFFFFFF000}, 32, 20),
        ({"proc/self/cgroup": "4:memory:/gone", f"{V1}/memory.limit_in_bytes": 4 * GIB}, 4, 4),
        ({"proc/self/cgroup": "0::/../../x", f"{V2}/memory.max": 4 * GIB}, 4, 4),
        ({"proc/self/cgroup": "0::/", f"{V2}/memory.max": 64 * GIB}, 32, 20),
        ({"proc/self/cgroup": "0::/", f"{V2}/memory.max": 4 * GIB, f"{V2}/memory.current": 9 * GIB}, 4, 0),
        ({"proc/self/cgroup": "0::/", f"{V2}/memory.max": "junk"}, 32, 20),
        ({"proc/self/cgroup": "0::/", f"{V2}/memory.max": 32 * GIB, f"{V2}/memory.current": 31 * GIB}, 32, 20),
        (
            {
                "proc/self/cgroup": "0::/a/b",
                f"{V2}/a/memory.max": 8 * GIB,
                f"{V2}/a/memory.current": 7 * GIB,
                f"{V2}/a/b/memory.max": 4 * GIB,
                f"{V2}/a/b/memory.current": 1 * GIB,
            },
            4,
            1,
        ),
        (
            {
                "proc/self/cgroup": "0::/a/b/c",
                f"{V2}/a/memory.max": 2 * GIB,
                f"{V2}/a/b/memory.max": "max",
                f"{V2}/a/b/c/memory.max": 4 * GIB,
                f"{V2}/a/b/c/memory.current": 1 * GIB,
            },
            2,
            2,
        ),
        (
            {
                "proc/self/cgroup": "12:cpuset:/x\n3:name=systemd:/y\n4:cpu,memory:/docker/1\n0::/z",
                f"{V1}/docker/memory.limit_in_bytes": 6 * GIB,
                f"{V1}/docker/memory.usage_in_bytes": 2 * GIB,
                f"{V1}/docker/1/memory.limit_in_bytes": 0x7FFFFFFFFFFFF000,
                f"{V2}/z/memory.max": "max",
            },
            6,
            4,
        ),
        ({"proc/self/cgroup": "junk\n::\n0:", f"{V2}/memory.max": "0"}, 32, 20),
    ],
)
def test_ram_stays_within_its_control_groups(
    tmp_path: Path, files: dict[str, object], total: float, available: float
) -> None:
    """The tightest limit of all parents holds, v1 or v2; cache that can be dropped is free."""
    found = clamp_ram(RAM, root=group(tmp_path, files))
    assert (found.total, found.available) == (total * GIB, available * GIB)
    assert ("control group" in found.source) is (total < 32)


def test_this_machines_ram_is_read() -> None:
    """Something, and not more than there is."""
    found = read_ram()
    assert 0 < found.available <= found.total
