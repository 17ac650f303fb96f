"""Documents: every link leads somewhere, and figures in prose are those of the data."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llmfit.catalog import load_catalog
from llmfit.estimate.training.state import Amount
from llmfit.estimate.training.timeline import Gradients, moments
from llmfit.fit import COMFORTABLE
from llmfit.rank.quantisation import loss_points
from support.measured import compare_all, summarise
from support.ranking import built_in
from support.training import llama, load

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part in {"build", "dist"} for part in path.relative_to(ROOT).parts)
)
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """Return what links may point at inside a page: its headings, as GitHub and PyPI spell them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+?)\s*$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    """Within the repository; addresses of others are not opened."""
    broken = []
    for link in LINK.findall(CODE.sub("", page.read_text("utf-8"))):
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        path = (page.parent / target) if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


def test_every_page_of_the_documentation_can_be_reached() -> None:
    """From the README, over links; folders stand for the pages in them."""
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        for link in LINK.findall(CODE.sub("", page.read_text("utf-8"))):
            path = (page.parent / link.partition("#")[0]).resolve()
            if path.is_dir():
                waiting += path.glob("*.md")
            elif path.suffix == ".md" and path.is_file():
                waiting.append(path)
    assert [page.relative_to(ROOT).as_posix() for page in PAGES if page not in seen] == []


def percent(share: float) -> str:
    """Return a share as the pages write it."""
    return f"{100 * share:g} %"


def words(factor: float) -> str:
    """Return a small factor as the pages write it."""
    return {2.0: "twice", 4.0: "four times"}.get(factor, f"{factor:g} times")


def ranking_says() -> list[str]:
    """Return the sentences that hold figures of data/ranking.yaml."""
    ranking, formats = built_in().ranking, built_in().formats
    prior, knee, weights = ranking.prior, ranking.small.knee, ranking.weights
    rungs = {rung.format: rung for rung in ranking.ladder if rung.engine == "llama.cpp"}
    most, least = rungs["Q8_0"].max_parameters, rungs["Q3_K_M"].min_parameters
    loss = loss_points(formats["Q4_K_M"], parameters=8 * 10**9, tasks=(), ranking=ranking, formats=formats)
    noise = ranking.judgement.class_factors
    return [
        f"{prior.intercept:g} + {prior.per_doubling:g} · log2(parameters in B) + {prior.per_year:g} · years since",
        f"years since {prior.epoch[:7]} of the *base model's* release, ± {prior.standard_deviation:g}",
        f"Below {knee:g} B the rating falls faster",
        f"F16 up to {rungs['f16'].max_parameters:g} B, Q8_0 up to {most:g} B and Q6_K above",
        f"Three bits are offered from {least:g} B, two bits from {rungs['IQ2_M'].min_parameters:g} B",
        f"At 8 B, Q4_K_M costs about {loss:.0f} points, and a doubling of the size gains {prior.per_doubling:g}",
        f"Quality weighs {percent(weights['quality'])}, speed {percent(weights['speed'])}, room for a longer context",
        f"{percent(weights['context'])}, adoption (likes, log scale) {percent(weights['adoption'])}.",
        f"A model {ranking.toy_gap:g} points below the best that fits is out; so is one below {knee:g} B",
        f"worse than a fitting model of more than {ranking.toy_ratio:g} times its size",
        f"no format of the ladder fits {percent(COMFORTABLE)} of what is usable",
        f"Context saturates at {words(ranking.context_comfort)} what was asked",
        f"Vendor figures have {words(noise['vendor'])}, self-reported ones {words(noise['self_reported'])} the noise",
    ]


def training_says() -> list[str]:
    """Return the names of the moments of a step, of the load that has all of them."""
    training = load("qlora", trainer="litgpt")
    found = moments(llama(), training, gradients=Gradients(Amount(), Amount()), chunks=8)
    return [moment.name for moment in found]


def readme_says() -> list[str]:
    """Return the measured errors that the README shows."""
    rows = compare_all()

    def of(*groups: str) -> tuple[int, float, float, float]:
        return summarise(row.error for row in rows if row.group in groups)

    _, middle, high, _ = summarise(row.error for row in rows if row.engine == "transformers")
    runs = of("llama.cpp logs", "ik_llama.cpp logs")
    weights, activation = of("vLLM weights"), of("vLLM activation peak")
    return [
        f"| llama.cpp: weights, cache and buffers of a run | at most {runs[3]:.1%} |",
        f"| transformers: allocated memory | median {middle:.1%}, p95 {high:.1%} |",
        f"| vLLM: weights, activation peak | at most {weights[3]:.1%} and {activation[3]:.1%} |",
    ]


SENTENCES: dict[str, Callable[[], list[str]]] = {
    "README.md": readme_says,
    "docs/concepts/how-it-ranks.md": ranking_says,
    "docs/concepts/how-training-estimates.md": training_says,
}
"""What pages say of the data, made from the data."""


@pytest.mark.parametrize("page", SENTENCES)
def test_figures_in_prose_are_those_of_the_data(page: str) -> None:
    """A changed fact changes the sentence that tells it."""
    text = (ROOT / page).read_text("utf-8")
    assert [sentence for sentence in SENTENCES[page]() if sentence not in text] == []


@pytest.mark.parametrize("script", ["accuracy.py", "accuracy_training.py", "ranking/harness.py"])
def test_generated_reports_are_current(script: str) -> None:
    """Tables of measured errors are those of today's code; the ranking's trials were run on today's facts."""
    path = ROOT / "benchmarks" / script
    done = subprocess.run([sys.executable, str(path), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_map_of_the_code_is_complete() -> None:
    """CONTRIBUTING names every module and package of the program."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    folder = ROOT / "src" / "llmfit"
    named = {path.name for path in folder.glob("*.py")} | {
        f"{path.parent.name}/" for path in folder.glob("*/__init__.py")
    }
    named.remove("__init__.py")
    assert sorted(name for name in named if f"`{name}`" not in text) == []


def test_every_file_of_facts_is_explained() -> None:
    """Who adds a row finds how beside the file."""
    page = (ROOT / "data" / "README.md").read_text("utf-8")
    titles = " ".join(re.findall(r"^## (.+)$", page, re.MULTILINE))
    assert [path.name for path in (ROOT / "data").glob("*.yaml") if path.name not in titles] == []


def test_the_catalog_file_of_the_guide_is_valid(tmp_path: Path) -> None:
    """It can be copied as it stands."""
    page = (ROOT / "docs" / "guide" / "catalog.md").read_text("utf-8")
    path = tmp_path / "catalog.yaml"
    path.write_text(page.partition("```yaml\n")[2].partition("```")[0], "utf-8")
    assert load_catalog(user_file=path).gpu("Example 24 GB").bandwidth_gbps == 600
