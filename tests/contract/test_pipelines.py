"""The Action's script, the hook, the example repository and the guide's recipes do what they say."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import ruamel.yaml

from llmfit.deployments import read_deployments
from support.deploying import GOOD, one
from support.published import published_schema

ROOT = Path(__file__).parents[2]
TEAM = ROOT / "examples" / "team"
DAY = "2026-11-21"


def load(path: Path) -> Any:
    """Return what a YAML file says."""
    return ruamel.yaml.YAML(typ="safe").load(path.read_text("utf-8"))


@pytest.fixture
def runner(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a step on GitHub: `llmfit` on the path, files for summary and outputs."""
    program = tmp_path / "bin" / "llmfit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m llmfit "$@"\n', "utf-8")
    program.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "LLMFIT_AS_OF": DAY,
    }


def step(folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the Action's script in a folder, as GitHub does."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    script = str(ROOT / "action" / "check.sh")
    return subprocess.run(
        [bash, "--noprofile", "--norc", "-eo", "pipefail", script],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_action_installs_pinned_packages_with_their_hashes(tmp_path: Path) -> None:
    """Into an environment of its own, which later steps find on the path."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    calls, path = tmp_path / "calls", tmp_path / "path"
    recorder = f'#!/bin/sh\necho "$@" >>{calls}\n'
    program = tmp_path / "bin" / "python3"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nmkdir -p "$3/bin"\ncat >"$3/bin/python" <<"END"\n{recorder}END\nchmod +x "$3/bin/python"\n',
        "utf-8",
    )
    program.chmod(0o755)
    environ = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}", "RUNNER_TEMP": str(tmp_path)}
    environ |= {"GITHUB_PATH": str(path), "GITHUB_ACTION_PATH": str(ROOT)}
    done = subprocess.run([bash, str(ROOT / "action" / "install.sh")], env=environ, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    dependencies, program_itself = calls.read_text("utf-8").splitlines()
    assert f"--require-hashes -r {ROOT / 'constraints' / 'run.txt'}" in dependencies
    assert "--no-deps" in program_itself
    assert path.read_text("utf-8").strip() == str(tmp_path / "llmfit" / "bin")


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        (GOOD, 0, "::notice"),
        (one("sequences: 900"), 1, "::error"),
        (one("context: 0"), 2, "::error"),
        (one(model="a/b"), 3, "::error"),
    ],
    ids=["holds", "fails", "invalid", "undecided"],
)
def test_the_action_annotates_and_leaves_with_the_code_of_the_check(
    text: str, code: int, word: str, tmp_path: Path, runner: dict[str, str]
) -> None:
    """Annotations on stdout, a table in the summary, reports where asked, and the exit code as output."""
    (tmp_path / "deploy.yaml").write_text(text, "utf-8")
    done = step(tmp_path, {**runner, "LLMFIT_SARIF": "a.sarif", "LLMFIT_JUNIT": "a.xml"})
    assert done.returncode == code, done.stderr
    assert done.stdout.startswith(word)
    assert (tmp_path / "output").read_text("utf-8") == f"exit-code={code}\n"
    assert '"version": "2.1.0"' in (tmp_path / "a.sarif").read_text("utf-8")
    assert (tmp_path / "a.xml").read_text("utf-8").startswith("<?xml")
    if code != 2:
        assert "| chat |" in (tmp_path / "summary.md").read_text("utf-8")


def test_the_action_pins_and_checks_a_lock(tmp_path: Path, runner: dict[str, str]) -> None:
    """With `lock` the facts are pinned by the first run and compared by the next."""
    (tmp_path / "deploy.yaml").write_text(GOOD, "utf-8")
    environ = {**runner, "LLMFIT_LOCK": "llmfit.lock"}
    assert step(tmp_path, environ).returncode == 0
    assert (tmp_path / "llmfit.lock").is_file()
    (tmp_path / "deploy.yaml").write_text(GOOD.replace("8192", "4096"), "utf-8")
    assert "context: 8192 became 4096" in step(tmp_path, environ).stderr


def test_the_action_takes_files_from_its_inputs_without_a_shell_reading_them(
    tmp_path: Path, runner: dict[str, str]
) -> None:
    """A file's name is data: what looks like a command in it is not run."""
    done = step(tmp_path, {**runner, "LLMFIT_FILES": "$(touch${IFS}ran).yaml"})
    assert done.returncode == 3
    assert not (tmp_path / "ran").exists()


def test_the_action_passes_each_input_through_the_environment() -> None:
    """No input is written into a script, where it could become a command; every one is passed on."""
    action = load(ROOT / "action.yml")
    jsonschema.validate(action, published_schema("github-actions"))
    steps = action["runs"]["steps"]
    assert not any("${{" in each["run"] for each in steps)
    assert len(steps[-1]["env"]) == len(action["inputs"])


def test_the_example_repository_holds(tmp_path: Path, runner: dict[str, str]) -> None:
    """Its deploy file passes, by the Action's script, on the day on which it was written."""
    shutil.copy(TEAM / "deploy.yaml", tmp_path)
    done = step(tmp_path, runner)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 of 3 deployments hold" in done.stdout


def test_the_example_files_are_valid() -> None:
    """Workflow and pipeline hold to their published forms, and name what there is."""
    workflow = load(TEAM / ".github" / "workflows" / "llmfit.yml")
    jsonschema.validate(workflow, published_schema("github-workflows"))
    jsonschema.validate(load(TEAM / ".gitlab-ci.yml"), published_schema("gitlab-ci"))
    inputs = set(load(ROOT / "action.yml")["inputs"])
    used = [each["with"] for each in workflow["jobs"]["check"]["steps"] if "llmfit" in each.get("uses", "")]
    assert set(used[0]) <= inputs
    hooks = {hook["id"] for hook in load(ROOT / ".pre-commit-hooks.yaml")}
    assert load(TEAM / ".pre-commit-config.yaml")["repos"][0]["hooks"][0]["id"] in hooks


def test_the_shell_guard_is_a_shell_script() -> None:
    """Bash accepts the guard and the Action's script."""
    for path in (TEAM / "pull.sh", ROOT / "action" / "check.sh"):
        assert subprocess.run([shutil.which("bash") or "sh", "-n", str(path)], check=False).returncode == 0
        assert os.access(path, os.X_OK)


def test_the_deploy_files_of_the_guide_are_valid(tmp_path: Path) -> None:
    """Each YAML block with deployments in the guide can be read, and its schema accepts it."""
    import json
    import re

    schema = json.loads((ROOT / "docs" / "reference" / "schema" / "deploy.json").read_text("utf-8"))
    blocks = [
        block
        for path in (ROOT / "docs" / "guide").glob("*.md")
        for block in re.findall(r"```yaml\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
        if "deployments:" in block
    ]
    assert blocks
    for block in [*blocks, (TEAM / "deploy.yaml").read_text("utf-8"), GOOD]:
        path = tmp_path / "deploy.yaml"
        path.write_text(block, "utf-8")
        read_deployments(path)
        content = json.loads(json.dumps(load(path), default=str))
        jsonschema.validate(content, schema)


def test_commits_are_held_to_every_generator() -> None:
    """What `tools/dev.py check` compares, the hooks compare: no generated file is forgotten."""
    hooks = load(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    text = (ROOT / "tools" / "dev.py").read_text("utf-8").partition("GENERATORS = (")[2].partition("\n)")[0]
    generators = [line.split('"')[-2 if "--write" not in line else -4] for line in text.splitlines() if '"' in line]
    assert len(generators) > 4
    assert [name for name in generators if not any(name in hook["entry"] for hook in hooks)] == []
