"""The error of speed on groups of measurements that its constants were not fitted on."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_held_out_speeds_lie_within_the_stated_bounds() -> None:
    """The median ratio lies within 0.8 and 1.25, and four of five rows inside the range."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "speed.py")], capture_output=True, text=True, check=True
    )
    every = re.search(r"\| all \|[^\n]*?\| (\d+) \| ([\d.]+) \|", done.stdout)
    inside = re.search(r"rows \((\d+)%\) lie inside", done.stdout)
    assert every is not None, done.stdout
    assert inside is not None, done.stdout
    assert int(every[1]) >= 100
    assert 0.8 <= float(every[2]) <= 1.25
    assert int(inside[1]) >= 80
    page = (ROOT / "docs" / "concepts" / "how-it-estimates.md").read_text("utf-8")
    rows = re.search(r"(\d+) of (\d+) held-out", done.stdout)
    assert rows is not None, done.stdout
    assert f"{every[2]} times the estimated in the median, and {rows[1]} of {rows[2]} rows lie inside" in page
