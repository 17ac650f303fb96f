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
    assert found.source == "psutil"


def test_a_limit_beyond_the_machine_is_none(tmp_path: Path) -> None:
    """Whatever its group uses."""
    files = {"proc/self/cgroup": "0::/", f"{V2}/memory.max": 64 * GIB, f"{V2}/memory.current": 60 * GIB}
    assert clamp_ram(RAM, root=group(tmp_path, files)) is RAM


@pytest.mark.parametrize(
    ("path", "place"),
    [("/../outside", "sys/fs/outside"), ("/a", "sys/fs"), ("/a", "sys"), ("/a", ""), ("/a/../b", f"{V2}/b")],
)
def test_nothing_outside_the_groups_is_a_limit(path: str, place: str, tmp_path: Path) -> None:
    """Neither where a path leads up, nor above the place where groups are mounted."""
    root = group(tmp_path, {"proc/self/cgroup": f"0::{path}", f"{place}/memory.max".lstrip("/"): GIB})
    assert clamp_ram(RAM, root=root) is RAM


@pytest.mark.parametrize("path", ["/X/Xs", "/a:b", "/system.slice/docker-1.scope"])
def test_a_group_may_have_any_name(path: str, tmp_path: Path) -> None:
    """Colons and capitals among its letters."""
    root = group(tmp_path, {"proc/self/cgroup": f"0::{path}", f"{V2}{path}/memory.max": 4 * GIB})
    assert clamp_ram(RAM, root=root).total == 4 * GIB


@pytest.mark.parametrize(
    "stat", ["inactive_file abc", "inactive_file", "inactive_file -5", "inactive_fileX 5", "active_file 99999999999"]
)
def test_a_cache_that_is_no_number_is_none(stat: str, tmp_path: Path) -> None:
    """What is used stays used."""
    files = {f"{V2}/memory.max": 8 * GIB, f"{V2}/memory.current": 3 * GIB, f"{V2}/memory.stat": stat}
    assert clamp_ram(RAM, root=group(tmp_path, {"proc/self/cgroup": "0::/", **files})).available == 5 * GIB


def test_files_that_are_no_text_are_read_as_nothing(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 raise nothing."""
    root = group(tmp_path, {"proc/self/cgroup": "0::/", f"{V2}/memory.current": 1})
    (root / V2 / "memory.max").write_bytes(b"\xff\xfe")
    assert clamp_ram(RAM, root=root) is RAM


def test_a_cache_larger_than_the_use_frees_no_more_than_the_limit(tmp_path: Path) -> None:
    """The two are read one after the other."""
    files = {f"{V2}/memory.max": 8 * GIB, f"{V2}/memory.current": GIB, f"{V2}/memory.stat": f"inactive_file {2 * GIB}"}
    assert clamp_ram(RAM, root=group(tmp_path, {"proc/self/cgroup": "0::/", **files})).available == 8 * GIB
