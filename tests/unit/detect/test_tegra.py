"""Jetsons, by device trees of our own."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from llmfit.catalog import load_catalog
from llmfit.catalog.names import find_detected_gpu
from llmfit.detect.finding import Finding
from llmfit.detect.ram import RamFigures
from llmfit.detect.tegra import find_tegra

GIB = 1024**3


def tree(root: Path, files: Mapping[str, str]) -> Path:
    """Return a folder with these files."""
    for name, text in files.items():
        (root / name).write_text(text)
    return root


JETSON = {"model": "NVIDIA Jetson AGX Orin Developer Kit\0", "compatible": "nvidia,p3737-0000\0nvidia,tegra234\0"}
RAM = RamFigures(61 * GIB, 50 * GIB, "test")


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("NVIDIA Jetson AGX Orin Developer Kit\0", "Jetson AGX Orin"),
        ("NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super\0", "Jetson Orin Nano"),
        ("NVIDIA Jetson Orin NX (16GB ram)\0", "Jetson Orin NX"),
        ("\0", "Jetson with tegra234"),
        ("x\x1b[31m\0", "x [31m"),
    ],
)
def test_a_jetson_is_named_by_its_device_tree(model: str, name: str, tmp_path: Path) -> None:
    """Its GPU has the machine's RAM, as far as it is free."""
    found = find_tegra(tree(tmp_path, JETSON | {"model": model}), ram=RAM)
    (gpu,) = found.gpus
    assert (gpu.name, found.unified) == (name, True)
    assert (gpu.total_bytes, gpu.usable_bytes) == (61 * GIB, 50 * GIB)
    assert (gpu.vendor, gpu.platform, gpu.compute, gpu.bf16) == ("nvidia", "cuda", "sm_87", True)


@pytest.mark.parametrize(("chip", "compute", "bf16"), [("tegra264", "sm_110", True), ("tegra194", "sm_72", False)])
def test_the_chip_says_what_a_jetson_can_compute(chip: str, compute: str, *, bf16: bool, tmp_path: Path) -> None:
    """By NVIDIA's list of compute capabilities."""
    (gpu,) = find_tegra(tree(tmp_path, {"compatible": f"a\0nvidia,{chip}\0"}), ram=RAM).gpus
    assert (gpu.compute, gpu.bf16) == (compute, bf16)


@pytest.mark.parametrize("compatible", ["", "raspberrypi,4-model-b\0brcm,bcm2711\0", "nvidia,other\0"])
def test_another_board_is_no_jetson(compatible: str, tmp_path: Path) -> None:
    """Nothing is found, and nothing said."""
    assert find_tegra(tree(tmp_path, {"compatible": compatible}), ram=RAM) == Finding()
    assert find_tegra(tmp_path / "none", ram=RAM) == Finding()


@pytest.mark.parametrize(
    ("model", "gib", "gpu_id"),
    [
        ("NVIDIA Jetson AGX Orin Developer Kit", 61.4, "jetson-agx-orin-64gb"),
        ("NVIDIA Jetson AGX Orin Developer Kit", 30.0, "jetson-agx-orin-32gb"),
        ("NVIDIA Jetson Orin NX Engineering Reference Developer Kit", 15.3, "jetson-orin-nx-16gb"),
        ("NVIDIA Jetson Orin Nano Developer Kit", 7.44, "jetson-orin-nano-8gb"),
    ],
)
def test_a_jetson_is_a_row_of_the_table(model: str, gib: float, gpu_id: str, tmp_path: Path) -> None:
    """Its bandwidth is known from there."""
    ram = RamFigures(round(gib * GIB), GIB, "test")
    (gpu,) = find_tegra(tree(tmp_path, JETSON | {"model": model}), ram=ram).gpus
    found = find_detected_gpu(gpu.name, gpu.total_bytes, load_catalog(user_file=None).gpus)
    assert found is not None
    assert found.id == gpu_id
