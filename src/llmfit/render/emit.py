"""Writes the command or file that starts a plan's load, with flags of the named version of its engine.

vLLM: `vllm serve` of 0.33.0. llama.cpp: `llama-server` of 2026-10. Ollama: Modelfile and environment.
"""

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from llmfit.records.plan import Launch
from llmfit.units import amount

IMAGES: Final = {"vllm": "vllm/vllm-openai:v{version}", "llama.cpp": "ghcr.io/ggml-org/llama.cpp:server-cuda"}
_VLLM_DTYPES: Final = {"f16": "float16", "bf16": "bfloat16", "f32": "float32"}
_DTYPES: Final = {"f32": "torch.float32", "f16": "torch.float16"}


def emit(launch: Launch, kind: str) -> str:
    """Return the text of one kind of launch: vllm, llama.cpp, ollama, transformers or compose."""
    return _KINDS[kind](launch)


def vllm_arguments(launch: Launch) -> list[str]:
    """Return the arguments of `vllm serve` after the model."""
    load, options = launch.workload, launch.workload.options
    words = ["--max-model-len", str(load.context)]
    words += ["--max-num-seqs", str(options.max_num_seqs)]
    words += ["--max-num-batched-tokens", str(options.max_num_batched_tokens)]
    if launch.utilization is not None:
        words += ["--gpu-memory-utilization", f"{launch.utilization:g}"]
    if options.tensor_parallel > 1:
        words += ["--tensor-parallel-size", str(options.tensor_parallel)]
    if options.pipeline_parallel > 1:
        words += ["--pipeline-parallel-size", str(options.pipeline_parallel)]
    if load.format.id in _VLLM_DTYPES:
        words += ["--dtype", _VLLM_DTYPES[load.format.id]]
    if load.format.id == "fp8":
        words += ["--quantization", "fp8"]
    if load.kv_format.id in {"fp8", "fp8_ds_mla"}:
        words += ["--kv-cache-dtype", load.kv_format.id]
    if options.block_size != 16:
        words += ["--block-size", str(options.block_size)]
    return [*words, *(["--enforce-eager"] if options.enforce_eager else [])]


def llamacpp_arguments(launch: Launch, *, model: str) -> list[str]:
    """Return the arguments of `llama-server`; its `-c` counts the tokens of all slots together."""
    load, options = launch.workload, launch.workload.options
    layers = 999 if options.n_gpu_layers is None else options.n_gpu_layers
    words = ["-m", model, "-c", str(load.context * load.sequences), "-np", str(load.sequences), "-ngl", str(layers)]
    if options.n_cpu_moe:
        words += ["--n-cpu-moe", str(options.n_cpu_moe)]
    if load.kv_format.id != "f16":
        value = load.kv_format_v or load.kv_format
        words += ["--cache-type-k", load.kv_format.id, "--cache-type-v", value.id]
    words += ["--flash-attn", "on" if options.flash_attention else "off"]
    words += ["-b", str(options.n_batch), "-ub", str(options.n_ubatch)]
    words += ["--kv-unified"] if options.unified_kv else ["--no-kv-unified"]
    return [*words, *(["--swa-full"] if options.swa_full else [])]


def gguf_name(launch: Launch) -> str:
    """Return the name that a GGUF file of this model and format usually has."""
    return f"{launch.model.id.rpartition('/')[2]}-{launch.workload.format.id}.gguf"


def _heading(launch: Launch) -> list[str]:
    load = launch.workload
    version = load.options.engine_version or load.engine.version
    left = f"{amount(launch.total_bytes)} on {launch.device.name}, {amount(launch.margin_bytes)} left"
    basis = f"; {launch.basis}" if launch.basis else ""
    return [
        f"# {launch.model.id} in {load.format.id} on {load.engine.id} {version}",
        f"# {load.sequences} x {load.context:,} tokens, KV cache {load.kv_format.id}: {left}{basis}",
    ]


def _checkpoint_note(launch: Launch) -> list[str]:
    """Return a line where the model's own repository does not hold the format."""
    load = launch.workload
    made_at_load = load.format.family == "bitsandbytes" or load.format.id in {*_VLLM_DTYPES, "fp8"}
    if made_at_load or load.format.id == launch.model.native_format:
        return []
    return [f"# replace the model's name by that of a checkpoint in {load.format.id}"]


def _vllm(launch: Launch) -> str:
    command = _lines(["vllm", "serve", launch.model.id], vllm_arguments(launch))
    return "\n".join([*_heading(launch), *_checkpoint_note(launch), command])


def _llamacpp(launch: Launch) -> str:
    command = _lines(["llama-server"], llamacpp_arguments(launch, model=gguf_name(launch)))
    return "\n".join([*_heading(launch), command])


def _lines(command: Sequence[str], arguments: Sequence[str]) -> str:
    """Return a shell command with one option a line."""
    parts: list[list[str]] = []
    for word in arguments:
        if word.startswith("-") or not parts:
            parts.append([word])
        else:
            parts[-1].append(word)
    return " \\\n".join([shlex.join(command), *(f"  {shlex.join(part)}" for part in parts)])


def _ollama(launch: Launch) -> str:
    """Return a Modelfile; parallel requests, cache format and flash attention are the server's environment."""
    load, options = launch.workload, launch.workload.options
    environment = {
        "OLLAMA_NUM_PARALLEL": load.sequences,
        "OLLAMA_KV_CACHE_TYPE": load.kv_format.id,
        "OLLAMA_FLASH_ATTENTION": int(options.flash_attention),
    }
    lines = [
        *_heading(launch),
        f"# start the server with {' '.join(f'{name}={value}' for name, value in environment.items())}",
        f"FROM ./{gguf_name(launch)}",
        f"PARAMETER num_ctx {load.context}",
        f"PARAMETER num_batch {options.n_ubatch}",
    ]
    if options.n_gpu_layers is not None:
        lines.append(f"PARAMETER num_gpu {options.n_gpu_layers}")
    if options.n_cpu_moe:
        lines.append(f"# Ollama has no --n-cpu-moe {options.n_cpu_moe}: run llama-server to keep experts in RAM")
    return "\n".join(lines)


def _transformers(launch: Launch) -> str:
    load = launch.workload
    fmt = load.format.id
    lines = [
        *_heading(launch),
        *_checkpoint_note(launch),
        "import torch",
        "from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig",
        "",
        f"name = {json.dumps(launch.model.id)}",
    ]
    arguments = ['device_map="auto"', f'attn_implementation="{load.options.attn_implementation}"']
    if load.format.family == "bitsandbytes":
        lines += [f"quantized = BitsAndBytesConfig({_bitsandbytes(fmt)})"]
        arguments.append("quantization_config=quantized")
    arguments.append(f"dtype={_DTYPES.get(fmt, 'torch.bfloat16')}")
    lines += [
        "tokenizer = AutoTokenizer.from_pretrained(name)",
        f"model = AutoModelForCausalLM.from_pretrained(name, {', '.join(arguments)})",
        f"# prompts of {load.prefill_tokens:,} tokens; prompt and answer together at most {load.context:,}",
        f"longest = {load.context}",
        f"sequences = {load.sequences}",
    ]
    return "\n".join(lines)


def _bitsandbytes(fmt: str) -> str:
    if fmt == "int8":
        return "load_in_8bit=True"
    double = ", bnb_4bit_use_double_quant=True" if fmt == "nf4-dq" else ""
    return f'load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16{double}'


def _compose(launch: Launch) -> str:
    """Return a file for `docker compose up`: JSON strings are YAML strings, so no word is read as anything else."""
    engine = launch.workload.engine
    vllm = engine.id == "vllm"
    image = IMAGES[engine.id].format(version=launch.workload.options.engine_version or engine.version)
    if vllm:
        command, port, volume = ([launch.model.id, *vllm_arguments(launch)], 8000, "~/.cache/huggingface")
        target = "/root/.cache/huggingface"
    else:
        file = f"/models/{gguf_name(launch)}"
        command, port, volume = (["--host", "0.0.0.0", *llamacpp_arguments(launch, model=file)], 8080, "./models")  # noqa: S104 - the container's own interface
        target = "/models"
    lines = [
        *_heading(launch),
        *(_checkpoint_note(launch) if vllm else []),
        "services:",
        "  llm:",
        f"    image: {json.dumps(image)}",
        "    command:",
        *(f"      - {json.dumps(word)}" for word in command),
        "    ports:",
        f'      - "{port}:{port}"',
        "    volumes:",
        f"      - {json.dumps(f'{volume}:{target}')}",
        *(["    ipc: host"] if vllm else []),
        *_gpu_lines(len(launch.device.gpus)),
    ]
    return "\n".join(lines)


def _gpu_lines(count: int) -> list[str]:
    return [
        "    deploy:",
        "      resources:",
        "        reservations:",
        "          devices:",
        "            - driver: nvidia",
        f"              count: {count}",
        "              capabilities:",
        '                - "gpu"',
    ]


_KINDS: Mapping[str, Callable[[Launch], str]] = {
    "vllm": _vllm,
    "llama.cpp": _llamacpp,
    "ollama": _ollama,
    "transformers": _transformers,
    "compose": _compose,
}
KINDS: Final = tuple(_KINDS)
