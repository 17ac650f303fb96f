"""The sequences of one step of vLLM: what there is to choose from, and what choosing fewer leaves room for."""

from dataclasses import replace

import pytest

from llmfit.answers.words import device_of
from llmfit.records.workload import EngineOptions, Workload
from llmfit.solve.changes import Alternatives, solve_changes
from llmfit.solve.judge import judge, with_context
from llmfit.solve.steps import shorter_steps
from support.planning import catalog, wanted
from support.terminal import ask


def counts(asked: Workload, *, vram: float = 16) -> list[int]:
    """Return the sequences of the steps that there are to choose from."""
    architecture = wanted().architecture
    found = shorter_steps(architecture, asked, device=device_of(catalog(), vram=vram))
    return [one.options.max_num_seqs or 0 for one in found]


def test_steps_are_powers_of_two_down_to_what_runs_at_once() -> None:
    """From vLLM's default or the asked number, which are no choices themselves; the asked sequences end it."""
    asked = wanted(sequences=1).workloads[0]
    assert counts(asked) == [128, 64, 32, 16, 8, 4, 2, 1]
    assert counts(replace(asked, sequences=16)) == [128, 64, 32, 16]
    assert counts(replace(asked, sequences=24)) == [128, 64, 32, 24]
    assert counts(replace(asked, options=EngineOptions(max_num_seqs=100))) == [64, 32, 16, 8, 4, 2, 1]
    assert counts(replace(asked, options=EngineOptions(max_num_seqs=33))) == [32, 16, 8, 4, 2, 1]
    assert counts(replace(asked, sequences=256)) == []
    assert counts(replace(asked, sequences=255)) == [255]
    assert counts(replace(asked, sequences=1000)) == []
    assert counts(replace(asked, options=EngineOptions(max_num_seqs=2))) == [1]
    assert counts(replace(asked, options=EngineOptions(max_num_seqs=1))) == []
    assert counts(asked, vram=80)[0] == 512


@pytest.mark.parametrize("engine", ["llama.cpp", "transformers"])
def test_other_engines_have_no_steps(engine: str) -> None:
    """They take memory for what runs."""
    assert counts(wanted(engines=[engine]).workloads[0]) == []


def test_a_check_names_the_largest_step_that_fits() -> None:
    """With the next larger one it would not fit, and the promised bytes stay free."""
    asked = wanted("openai/gpt-oss-20b", precision=None, context=8192, sequences=1)
    device, plain = device_of(catalog(), vram=16), asked.workloads[0]
    first = solve_changes(asked.architecture, plain, device=device, alternatives=Alternatives())[0]
    assert (first.kind, first.setting, first.value, first.also) == ("options", "max_num_seqs", 64, ())
    assert first.message == "Let vLLM reserve room for 64 sequences in a step"
    fits = replace(plain, options=EngineOptions(max_num_seqs=64))
    found = judge(asked.architecture, fits, device=device)
    assert found.runs
    assert found.tightest.margin == first.margin_bytes
    twice = replace(plain, options=EngineOptions(max_num_seqs=128))
    assert not judge(asked.architecture, twice, device=device).runs


def test_steps_and_a_context_are_a_pair_where_neither_suffices() -> None:
    """The longest context that any step leaves, at least half of the asked one, and the largest step that leaves it."""
    asked = wanted("Qwen/Qwen3-8B", context=8192, sequences=1)
    device, plain = device_of(catalog(), vram=8), asked.workloads[0]
    found = solve_changes(asked.architecture, plain, device=device, alternatives=Alternatives())
    (pair,) = [change for change in found if change.also]
    step, context = int(pair.value), int(pair.also[0].value)
    assert (pair.setting, pair.also[0].setting) == ("max_num_seqs", "context")
    assert 4096 <= context < 8192

    def runs(sequences: int, tokens: int) -> bool:
        changed = replace(with_context(plain, tokens), options=EngineOptions(max_num_seqs=sequences))
        return judge(asked.architecture, changed, device=device).runs

    assert runs(step, context)
    assert not runs(step, context + 1)
    assert not runs(1, context + 1)
    assert not runs(2 * step, context)
    assert not runs(step, 8192)
    for longer, pairs in ((2 * context, 1), (2 * context + 1, 0)):
        load = replace(plain, context=longer)
        again = solve_changes(asked.architecture, load, device=device, alternatives=Alternatives())
        assert len([change for change in again if change.setting == "max_num_seqs"]) == pairs


def test_steps_and_a_format_are_a_pair_where_neither_suffices() -> None:
    """The most exact format that fits with any step, and the largest step with which it does."""
    asked = wanted("Qwen/Qwen3-8B", precision="fp8", context=4096, sequences=1)
    device, plain = device_of(catalog(), vram=8), asked.workloads[0]
    formats = tuple(catalog().formats.values())
    found = solve_changes(asked.architecture, plain, device=device, alternatives=Alternatives(formats=formats))
    pairs = {(change.setting, change.also[0].setting): change for change in found if change.also}
    assert ("max_num_seqs", "format") in pairs
    pair = pairs["max_num_seqs", "format"]
    format_ = catalog().format(str(pair.also[0].value))

    def runs(sequences: int) -> bool:
        changed = replace(plain, format=format_, options=EngineOptions(max_num_seqs=sequences))
        return judge(asked.architecture, changed, device=device).runs

    assert runs(int(pair.value))
    assert not runs(2 * int(pair.value))


def test_the_step_of_a_plan_passes_check(capsys: pytest.CaptureFixture[str]) -> None:
    """`plan` finds the longest context with it, `check` agrees with it, and without it nothing runs."""
    words = ("openai/gpt-oss-20b", "--vram", "16", "--engine", "vllm")
    plan = ask(capsys, "plan", *words, "--json")
    (variant,) = plan.json["variants"]
    assert (plan.code, variant["max_num_seqs"], variant["missing_bytes"]) == (0, 64, 0)
    context = ("--context", str(variant["longest_context"]))
    assert ask(capsys, "check", *words, *context).code == 1
    assert ask(capsys, "check", *words, *context, "--max-num-seqs", "64").code == 0
    assert "--max-num-seqs 64" in " ".join(ask(capsys, "plan", *words).out.split())
    assert "--max-num-seqs 64" in ask(capsys, "plan", *words, "--emit", "vllm").out
