"""Write the real output of commands into the documents that show it.

A document marks a place with a comment that holds the command, followed by a fenced block:

    <!-- output: llmfit estimate qwen3-8b --vram 8 -->

python tools/outputs.py            write every block again
python tools/outputs.py --check    fail where a block is not what the command prints
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(
    r"(<!-- output: llmfit (?P<words>.+?) -->\n```)(?P<kind>\w*)\n(?P<text>.*?)(?=^```$)", re.DOTALL | re.MULTILINE
)


def documents() -> list[Path]:
    """Return every document that may show output."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def printed(words: str) -> str:
    """Run llmfit as a reader would at 80 columns, without colour or a catalog of one's own."""
    environment = {
        **os.environ,
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
        "LLMFIT_CATALOG": "",
        "XDG_DATA_HOME": os.devnull,
    }
    command = f'"{sys.executable}" -m llmfit {words}'
    done = subprocess.run(command, shell=True, env=environment, cwd=ROOT, capture_output=True, check=False)  # noqa: S602 - pipes are part of what documents show
    return done.stdout.decode("utf-8")


def refreshed(text: str) -> str:
    """Return a document with every block as its command prints it now."""
    return BLOCK.sub(lambda found: f"{found[1]}{found['kind']}\n{printed(found['words'])}", text)


def main() -> int:
    """Refresh the documents, or say which are stale."""
    stale = []
    for path in documents():
        text = path.read_text(encoding="utf-8")
        now = refreshed(text)
        if now == text:
            continue
        stale.append(str(path.relative_to(ROOT)))
        if "--check" not in sys.argv:
            path.write_text(now, encoding="utf-8")
    if stale and "--check" in sys.argv:
        print(f"stale: {', '.join(stale)}; run `python3 tools/dev.py generate`")
        return 1
    print(f"written: {', '.join(stale)}" if stale else "every output is current")
    return 0


if __name__ == "__main__":
    sys.exit(main())
