"""Compare training estimates with published measurements, row by row and by source.

    python benchmarks/accuracy_training.py SHARED_FOLDER

The folder holds `facts/configs/`, the `config.json` files of the measured models.
"""

import json
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from llmfit.architectures import describe  # noqa: E402 - found only after the path is set
from llmfit.errors import LlmfitError  # noqa: E402 - found only after the path is set
from support.training import estimated_gib, training_rows  # noqa: E402 - found only after the path is set


def main(folder: str) -> None:
    """Print every row and the errors of each group."""
    errors: dict[str, list[float]] = {}
    blind: dict[str, list[float]] = {}
    for row in training_rows():
        config = json.loads((Path(folder) / "facts" / "configs" / f"{row['config']}.json").read_text(encoding="utf-8"))
        try:
            estimated = estimated_gib(describe(config), row)
        except LlmfitError as error:
            print(f"{row['id']:70.70} – {error}")
            continue
        error = estimated / row["measured_gib"] - 1
        (blind if row.get("blind_spot") else errors).setdefault(row["group"], []).append(error)
        mark = "blind" if row.get("blind_spot") else "MISS" if abs(error) > 0.2 else ""
        print(f"{row['id']:70.70} {row['measured_gib']:7.2f} {estimated:7.2f} {error:+7.1%} {mark}")
    for title, groups in (("judged", errors), ("blind spots", blind)):
        print(f"\n{title}")
        for group, found in groups.items():
            print(f"  {group:20} {_summary(found)}")
        print(f"  {'all':20} {_summary([x for group in groups.values() for x in group])}")


def _summary(found: list[float]) -> str:
    sizes = sorted(abs(x) for x in found)
    p90 = sizes[min(len(sizes) - 1, int(0.9 * len(sizes)))]
    return f"n {len(sizes):3}  median {median(sizes):6.1%}  p90 {p90:6.1%}  worst {sizes[-1]:6.1%}"


if __name__ == "__main__":
    main(sys.argv[1])
