"""How long an answer takes, as ratios in one run, and how ranking grows with the catalog.

python benchmarks/start_up.py [--rounds 15]

Times are user and system seconds of a child process; the commands take turns, and the least of the rounds counts,
so that a busy machine changes both sides alike. The bytecode of llmfit and its dependencies is compiled first.
"""

import argparse
import compileall
import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QUESTION = ("recommend", "--vram", "6", "--task", "chat")
BASE = "import typer, pydantic"
CASES = {
    BASE: ("-c", BASE),
    "recommend --json": ("-m", "llmfit", *QUESTION, "--json"),
    "recommend, table": ("-m", "llmfit", *QUESTION),
    "estimate --json": ("-m", "llmfit", "estimate", "Qwen/Qwen3-8B", "--vram", "8", "--json"),
    "gpus --json": ("-m", "llmfit", "gpus", "4090", "--json"),
    "--help": ("-m", "llmfit", "--help"),
}
PEAK = """
import gc, resource, sys
gc.disable()  # as the program does
from llmfit.cli import run
run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
"""
BARS = {"recommend --json": 1.5, "recommend, table": 2.0}


def seconds_of(words: tuple[str, ...]) -> float:
    """Run Python with these words and return the CPU time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=False, env=environment())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def environment() -> dict[str, str]:
    """Return the environment, without what keeps bytecode from being used, and without a user's own catalog."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "LLMFIT_CATALOG": ""}


def measure_start(rounds: int) -> None:
    """Print each case's least time and its ratio to the base."""
    least = dict.fromkeys(CASES, float("inf"))
    for _ in range(rounds):
        for name, words in CASES.items():
            least[name] = min(least[name], seconds_of(words))
    for name, seconds in least.items():
        bar = f"  (bar {BARS[name]})" if name in BARS else ""
        print(f"{name:32}{1000 * seconds:6.0f} ms  {seconds / least[BASE]:5.2f} x{bar}")
    peak = subprocess.run(
        [
            sys.executable,
            "-c",
            PEAK,
            *QUESTION,
            "--json",
        ],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    print(f"{'peak memory':32}{peak.stderr.strip():>6} MB  (bar 60)")


def measure_wall(rounds: int) -> None:
    """Print the ratios of elapsed time that hyperfine measures, where it is installed."""
    if shutil.which("hyperfine") is None:
        return
    names = [BASE, *BARS]
    lines = [shlex.join([sys.executable, *CASES[name]]) for name in names]
    words = ("hyperfine", "-N", "-i", "--warmup", "2", "--runs", str(rounds), "--style", "none")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "wall.json"
        subprocess.run([*words, "--export-json", str(target), *lines], check=True, env=environment())
        least = [result["min"] for result in json.loads(target.read_text())["results"]]
    for name, seconds in zip(names, least, strict=True):
        print(f"{name + ', elapsed':32}{1000 * seconds:6.0f} ms  {seconds / least[0]:5.2f} x")


def measure_growth() -> None:
    """Print how much longer ranking takes with ten times the models."""
    from llmfit.answers.questions import question_of
    from llmfit.answers.words import device_of
    from llmfit.catalog import load_catalog
    from llmfit.rank import recommend

    catalog = load_catalog(user_file=None)
    question, device = question_of(catalog, task=["chat"]), device_of(catalog, vram=6)
    seconds = []
    for copies in (1, 10):
        rows = [
            replace(model, id=f"{model.id}-{copy}" if copy else model.id)
            for model in catalog.models.values()
            for copy in range(copies)
        ]
        many = catalog.with_models(rows, alone=True)  # nothing of them was rated when the catalog was compiled
        recommend(question, many, device=device)
        started = time.process_time()
        recommend(question, many, device=device)
        seconds.append(time.process_time() - started)
    print(f"{'ranking, 1 x catalog':32}{1000 * seconds[0]:6.0f} ms")
    print(f"{'ranking, 10 x catalog':32}{1000 * seconds[1]:6.0f} ms  {seconds[1] / seconds[0]:5.2f} x  (bar 10)")


def main() -> None:
    """Compile, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    for package in ("typer", "pydantic", "pydantic_core", "annotated_doc", "typing_inspection", "platformdirs"):
        compileall.compile_dir(Path(sysconfig.get_path("purelib")) / package, quiet=2)
    compileall.compile_dir(ROOT / "src" / "llmfit", quiet=2)
    measure_start(asked.rounds)
    measure_wall(asked.rounds)
    measure_growth()


if __name__ == "__main__":
    main()
