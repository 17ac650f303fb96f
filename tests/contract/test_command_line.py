"""What the command line promises: documented, described by schema, quick to start, thin."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from llmfit import errors
from llmfit.commands import COMMANDS, reference
from llmfit.render import schema
from support.terminal import ask_process

ROOT = Path(__file__).parents[2]
HEAVY = ("pydantic", "rich", "yaml", "ruamel", "huggingface_hub", "psutil", "pynvml", "filelock", "importlib.metadata")


def loaded_after(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has after running the code."""
    asked = (
        f"import io, contextlib, sys\nwith contextlib.redirect_stdout(io.StringIO()):\n    {code}\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import llmfit",
        "import llmfit; llmfit.load_catalog; llmfit.Model",
        "from llmfit.cli import run; run(['recommend', '--vram', '6', '--task', 'chat', '--json'])",
        "from llmfit.cli import run; run(['estimate', 'Qwen/Qwen3-8B', '--vram', '12', '--json'])",
        *(
            f"from llmfit.cli import run; run(['recommend', '--vram', '6', '--task', 'chat', '--output', '{mode}'])"
            for mode in ("plain", "jsonl", "csv", "markdown")
        ),
        "from llmfit.cli import run; run(['models', 'qwen', '--output', 'plain'])",
        "from llmfit.cli import run; run(['recommend', '--help'])",
    ],
)
def test_answers_load_nothing_heavy(code: str) -> None:
    """Neither the API nor an answer for programs imports what takes longer to load than the answer takes."""
    assert loaded_after(code).isdisjoint(HEAVY)


def test_a_recommendation_loads_no_module_that_it_does_not_ask() -> None:
    """Other engines, fine-tuning, detection and rare families wait until somebody asks for them."""
    loaded = loaded_after("from llmfit.cli import run; run(['recommend', '--vram', '6', '--task', 'chat', '--json'])")
    unasked = {
        "llmfit.architectures.families.glm5_next",
        "llmfit.architectures.families.encoders",
        "llmfit.architectures.families.seq2seq",
        "llmfit.detect",
        "llmfit.estimate.activations.transformers",
        "llmfit.estimate.kv_cache.vllm",
        "llmfit.estimate.training",
        "llmfit.estimate.weights.quantized",
        "llmfit.records.training",
        "llmfit.sources",
        "platformdirs",
        "tempfile",
    }
    assert loaded & unasked == set()


def test_tables_are_drawn_by_rich_and_load_nothing_else_that_is_heavy() -> None:
    """Of rich, only what draws lines is loaded: its tables are for cells that do not fit."""
    loaded = loaded_after("from llmfit.cli import run; run(['recommend', '--vram', '6', '--task', 'chat'])")
    assert loaded.intersection(HEAVY) == {"rich"}
    assert "rich.text" in loaded
    assert loaded.isdisjoint(
        {"rich.table", "rich.markdown", "rich.pretty", "rich.syntax", "rich.traceback", "rich.progress"}
    )


def test_importing_the_package_loads_only_itself() -> None:
    """`import llmfit` costs nothing: every name is imported when it is first used."""
    assert {name for name in loaded_after("import llmfit") if name.startswith("llmfit")} == {"llmfit"}


def test_a_call_imports_only_its_own_command() -> None:
    """`gpus` does not load what `recommend` needs."""
    loaded = loaded_after("from llmfit.cli import run; run(['gpus', '4090', '--json'])")
    assert "llmfit.commands.gpus" in loaded
    assert loaded.isdisjoint({"llmfit.commands.recommend", "llmfit.rank", "llmfit.estimate"})


def test_every_public_name_can_be_used() -> None:
    """What `__all__` promises is there, and nothing else is made up."""
    import llmfit

    for name in llmfit.__all__:
        assert getattr(llmfit, name) is not None
    assert set(dir(llmfit)) == set(llmfit.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = llmfit.nothing


def test_help_pages_are_current() -> None:
    """`docs/reference/commands.md` is what `--help` says."""
    assert reference.main(["--check"]) == 0


def test_schemas_are_current() -> None:
    """`docs/reference/schema/` is what the envelopes' types say."""
    assert schema.main(["--check"]) == 0


def test_a_stale_page_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--check` fails where a generated file differs; without it the file is written."""
    monkeypatch.setattr(reference, "TARGET", tmp_path / "commands.md")
    monkeypatch.setattr(schema, "FOLDER", tmp_path / "schema")
    for module in (reference, schema):
        assert module.main(["--check"]) == 1
        assert module.main([]) == 0
        assert module.main(["--check"]) == 0


def test_help_is_ascii_and_fits_80_columns() -> None:
    """A help page can be read anywhere."""
    for name, page in reference.help_pages().items():
        assert page.isascii(), name
        assert max(len(line) for line in page.splitlines()) <= 80, name


def test_every_command_is_in_the_guide() -> None:
    """Each command appears with its name in `docs/guide/`."""
    guide = "\n".join(path.read_text("utf-8") for path in (ROOT / "docs" / "guide").glob("*.md"))
    for command in COMMANDS:
        assert f"llmfit {command}" in guide


def test_every_error_code_is_documented_with_its_exit_code() -> None:
    """`docs/reference/exit-codes.md` has each word that the envelope may hold."""
    page = (ROOT / "docs" / "reference" / "exit-codes.md").read_text("utf-8")
    waiting = [errors.LlmfitError]
    while waiting:
        error = waiting.pop()
        waiting += error.__subclasses__()
        if error is not errors.LlmfitError:
            assert f"| `{error.code}` | {error.exit_code} |" in page


def test_every_schema_is_named_in_the_documentation() -> None:
    """`docs/reference/json.md` links each published schema."""
    page = (ROOT / "docs" / "reference" / "json.md").read_text("utf-8")
    for name in schema.schemas():
        assert f"(schema/{name}.json)" in page


def test_the_examples_of_the_guide_run() -> None:
    """Each command line in the guide is understood: it leaves with 0 or 1, or 3 where this machine has no GPU."""
    lines: list[str] = []
    for path in (ROOT / "docs" / "guide").glob("*.md"):
        for block in re.findall(r"```console\n(.*?)```", path.read_text("utf-8"), re.DOTALL):
            lines += [line for line in block.splitlines() if line.startswith("llmfit") and "|" not in line]
    assert len(lines) > 5
    import shlex

    for line in lines:
        said = ask_process(*shlex.split(line)[1:])
        assert said.code in {0, 1}, f"{line}: {said.err}"


def test_the_python_example_of_the_guide_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The code in `docs/guide/python.md` does what it says."""
    page = (ROOT / "docs" / "guide" / "python.md").read_text("utf-8")
    block = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    exec(block, {})  # noqa: S102 - the documentation's own example
    assert "fits" in capsys.readouterr().out


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the kernel does not tell a process's peak")
def test_an_answer_stays_small_in_memory() -> None:
    """A recommendation needs less than 60 MB."""
    code = (
        "import sys\nfrom llmfit.cli import run\nrun(['recommend', '--vram', '6', '--json'])\n"
        "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stderr.split()[-1]) < 60 * 1024
    assert json.loads(done.stdout)["recommendations"]
