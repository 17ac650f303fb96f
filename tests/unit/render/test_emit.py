"""Commands and files that start a plan's load: flags that exist, numbers that are the plan's."""

import ast
import json
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import ruamel.yaml

from llmfit.answers.planning import plan_device, wanted_of
from llmfit.answers.planning.launch import ENGINES, launch_of
from llmfit.answers.words import device_of
from llmfit.catalog import Catalog, load_catalog
from llmfit.records.plan import Launch
from llmfit.render.emit import KINDS, emit
from support.published import published_schema

LLAMA_SERVER = frozenset(
    [
        "-m",
        "-c",
        "-np",
        "-ngl",
        "--n-cpu-moe",
        "--cache-type-k",
        "--cache-type-v",
        "--flash-attn",
        "-b",
        "-ub",
        "--kv-unified",
        "--no-kv-unified",
        "--swa-full",
        "--host",
    ]
)
"""Options of llama-server that we write, read in `common/arg.cpp` of the version in `engines.yaml`."""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """Return the built-in rows."""
    return load_catalog(user_file=None)


def launched(
    catalog: Catalog, kind: str, *, gpu: str = "NVIDIA L4", model: str = "Qwen/Qwen3-8B", **words: Any
) -> Launch:
    """Return the launch of one kind on a card."""
    engines = words.pop("engines", [ENGINES[kind][0]])
    wanted = wanted_of(catalog, model, engines=engines, **words)
    plan = plan_device(wanted, device_of(catalog, gpu=[gpu], ram=words.pop("ram", None)))
    found = launch_of(wanted, plan, emit=kind)
    assert found is not None
    return found


def words_of(text: str) -> list[str]:
    """Return the words of the shell command below the comments."""
    return shlex.split(text, comments=True)


def value(words: list[str], flag: str) -> str:
    """Return the word after a flag."""
    return words[words.index(flag) + 1]


def test_vllm_is_told_what_was_counted(catalog: Catalog) -> None:
    """Context, sequences of a step, tokens of a step and share are those of the estimate."""
    launch = launched(catalog, "vllm", precision="int4", context=16_384, sequences=4, kv_format="fp8")
    words, options = words_of(emit(launch, "vllm")), launch.workload.options
    assert words[:3] == ["vllm", "serve", "Qwen/Qwen3-8B"]
    assert value(words, "--max-model-len") == "16384"
    assert value(words, "--max-num-seqs") == str(options.max_num_seqs)
    assert value(words, "--max-num-batched-tokens") == str(options.max_num_batched_tokens)
    assert value(words, "--gpu-memory-utilization") == "0.92"
    assert value(words, "--kv-cache-dtype") == "fp8"


def test_vllm_is_told_the_shape(catalog: Catalog) -> None:
    """On several GPUs the shape of the plan stands in the command."""
    words = words_of(emit(launched(catalog, "vllm", gpu="3x L4", model="Qwen/Qwen3-32B", precision="int4"), "vllm"))
    assert value(words, "--pipeline-parallel-size") == "3"
    words = words_of(emit(launched(catalog, "vllm", gpu="2x L4", model="Qwen/Qwen3-32B", precision="int4"), "vllm"))
    assert value(words, "--tensor-parallel-size") == "2"


def test_every_vllm_flag_exists(catalog: Catalog, shared: Path) -> None:
    """Each flag that we can write is one of vLLM 0.33.0."""
    known = set((shared / "facts" / "vllm_0.33.0_engine_flags.txt").read_text("utf-8").split())
    base = launched(catalog, "vllm", precision="fp16")
    options = replace(base.workload.options, tensor_parallel=2, pipeline_parallel=2, enforce_eager=True, block_size=32)
    fp8 = replace(base.workload, format=catalog.format("fp8"), kv_format=catalog.kv_format("fp8"), options=options)
    texts = [emit(base, "vllm"), emit(replace(base, workload=fp8), "vllm")]
    flags = {word for text in texts for word in words_of(text) if word.startswith("--")}
    assert len(flags) == 11
    assert flags <= known


def test_llama_server_counts_the_tokens_of_all_slots(catalog: Catalog) -> None:
    """`-c` is the context times the slots, each flag is known, layers in RAM stay there."""
    text = emit(launched(catalog, "llama.cpp", context=4096, sequences=4, kv_format="q8_0"), "llama.cpp")
    words = words_of(text)
    assert value(words, "-c") == str(4 * 4096)
    assert value(words, "-np") == "4"
    assert value(words, "--cache-type-v") == "q8_0"
    assert {word for word in words if re.match(r"--?[a-z]", word)} <= LLAMA_SERVER


def test_what_lies_in_ram_is_told(catalog: Catalog) -> None:
    """A model that is too large starts with as many layers on the GPU as the plan found."""
    wanted = wanted_of(catalog, "Qwen/Qwen3-32B", engines=["llama.cpp"], precision="int4")
    plan = plan_device(wanted, device_of(catalog, vram=8, ram=64))
    launch = launch_of(wanted, plan, emit="llama.cpp")
    assert launch is not None
    assert launch.in_ram
    assert value(words_of(emit(launch, "llama.cpp")), "-ngl") == str(plan.variants[0].n_gpu_layers)
    assert f"PARAMETER num_gpu {plan.variants[0].n_gpu_layers}" in emit(launch, "ollama")


def test_ollama_gets_a_modelfile(catalog: Catalog) -> None:
    """Every line is an instruction of a Modelfile or a comment; the server's part is environment."""
    text = emit(launched(catalog, "ollama", context=8192, sequences=2), "ollama")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"(FROM \./\S+|PARAMETER (num_ctx|num_batch|num_gpu) \d+)", line) for line in lines)
    assert "PARAMETER num_ctx 8192" in lines
    assert "OLLAMA_NUM_PARALLEL=2" in text


@pytest.mark.parametrize("precision", ["fp16", "int8", "int4"])
def test_transformers_gets_a_program(catalog: Catalog, precision: str) -> None:
    """The text is valid Python and loads the model in the format that was counted."""
    text = emit(launched(catalog, "transformers", precision=precision), "transformers")
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert "from_pretrained" in called
    assert ("load_in_4bit" in text, "load_in_8bit" in text) == (precision == "int4", precision == "int8")


@pytest.mark.parametrize(("engine", "port"), [("vllm", 8000), ("llama.cpp", 8080)])
def test_a_compose_file_is_valid_and_says_the_same(catalog: Catalog, engine: str, port: int) -> None:
    """It holds to the compose specification, and its command is the one of the shell."""
    launch = launched(catalog, "compose", engines=[engine], precision="int4", context=8192)
    content = ruamel.yaml.YAML(typ="safe").load(emit(launch, "compose"))
    jsonschema.validate(content, published_schema("compose-spec"))
    service = content["services"]["llm"]
    assert service["ports"] == [f"{port}:{port}"]
    told = words_of(emit(launch, engine))
    assert set(service["command"]) - {"--host", "0.0.0.0"} >= {word for word in told if word.isdigit()}  # noqa: S104 - the container's own interface
    assert service["deploy"]["resources"]["reservations"]["devices"][0]["count"] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_launch_says_what_it_is(catalog: Catalog, kind: str) -> None:
    """Model, format, engine, load and what stays free are in the first two lines."""
    head = emit(launched(catalog, kind, precision="int4", context=4096), kind).splitlines()[:2]
    assert head[0].startswith("# Qwen/Qwen3-8B in ")
    assert "4,096 tokens" in head[1]
    assert " left" in head[1]
    assert json.dumps(head)
