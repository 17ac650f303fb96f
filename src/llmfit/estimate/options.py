"""The engines' options: their own names, which engine has which, and what contradicts the model or the load."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from llmfit.errors import UsageError
from llmfit.estimate.versions import checked_version
from llmfit.records.architecture import UNSEEN, Architecture, CacheKind, Section
from llmfit.records.device import MOST_GPUS
from llmfit.records.format import EngineName, KvFormat
from llmfit.records.workload import EngineOptions, Workload

_ALL: tuple[EngineName, ...] = ("llama.cpp", "transformers", "vllm")
_LLAMACPP: tuple[EngineName, ...] = ("llama.cpp",)
_VLLM: tuple[EngineName, ...] = ("vllm",)
_ON_WORKLOAD: Mapping[str, Any] = {"images": 0, "kv_format_v": None}
"""Options that are fields of a workload, with their defaults; the others are those of `EngineOptions`."""
_DEFAULTS = EngineOptions()


class Option(NamedTuple):
    """One option that changes what an engine takes."""

    flag: str
    """As the command line spells it, after the engine's own."""
    engines: tuple[EngineName, ...]
    default: str
    """What holds where it is left out, in words."""
    low: float | None = None
    """Smallest number that the engine takes."""
    high: float | None = None
    words: tuple[str, ...] = ()
    """The words among which to choose."""

    @property
    def word(self) -> str:
        """Its name in JSON: the flag with underscores."""
        return self.flag.removeprefix("--").replace("-", "_")


OPTIONS: Mapping[str, Option] = {
    "engine_version": Option(flag="--engine-version", engines=_ALL, default="the version of the rules"),
    "n_ubatch": Option(flag="--ubatch-size", engines=_LLAMACPP, default="512", low=1, high=65536),
    "flash_attention": Option(flag="--flash-attn", engines=_LLAMACPP, default="on"),
    "unified_kv": Option(flag="--kv-unified", engines=_LLAMACPP, default="off"),
    "swa_full": Option(flag="--swa-full", engines=_LLAMACPP, default="off"),
    "n_gpu_layers": Option(flag="--n-gpu-layers", engines=_LLAMACPP, default="all", low=0),
    "n_cpu_moe": Option(flag="--n-cpu-moe", engines=_LLAMACPP, default="0", low=0),
    "kv_format_v": Option(flag="--cache-type-v", engines=_LLAMACPP, default="that of --kv-format"),
    "max_num_seqs": Option(flag="--max-num-seqs", engines=_VLLM, default="256; 1024 on large cards", low=1, high=65536),
    "max_num_batched_tokens": Option(
        flag="--max-num-batched-tokens", engines=_VLLM, default="2048; 8192 on large cards", low=1, high=10**7
    ),
    "gpu_memory_utilization": Option(
        flag="--gpu-memory-utilization", engines=_VLLM, default="as much as is usable", low=0.01, high=1
    ),
    "enforce_eager": Option(flag="--enforce-eager", engines=_VLLM, default="off"),
    "block_size": Option(
        flag="--block-size", engines=_VLLM, default="16", words=("1", "8", "16", "32", "64", "128", "256")
    ),
    "tensor_parallel": Option(
        flag="--tensor-parallel-size",
        engines=_VLLM,
        default="as many of the GPUs as vLLM accepts",
        low=1,
        high=MOST_GPUS,
    ),
    "pipeline_parallel": Option(
        flag="--pipeline-parallel-size", engines=_VLLM, default="what uses the other GPUs", low=1, high=MOST_GPUS
    ),
    "attn_implementation": Option(
        flag="--attn-implementation",
        engines=("transformers",),
        default="sdpa",
        words=("eager", "sdpa", "flash_attention_2", "awq_fused", "litgpt"),
    ),
    "speculative": Option(flag="--speculative", engines=("llama.cpp", "vllm"), default="off"),
    "images": Option(flag="--images", engines=_ALL, default="0", low=1, high=1024),
}
"""By the name of the field; `docs/guide/engines.md` says more of each."""


def with_options(
    workload: Workload,
    architecture: Architecture | None,
    *,
    model: str,
    given: Mapping[str, Any],
    takes_images: bool = False,
) -> Workload:
    """Return the load with these options of its engine set, by the names of OPTIONS; None is not set.

    `takes_images`: whether the model is known to, even where its configuration describes no image part.

    Raises:
        UsageError: One is another engine's, out of range, or contradicts the model or the load.
    """
    given = {name: value for name, value in given.items() if value is not None}
    if given:
        if architecture is None:
            flag = OPTIONS[next(iter(given))].flag
            raise UsageError(f"{flag} needs a known architecture, and that of {model} is not", hint="Leave it out")
        for name, value in given.items():
            _check(OPTIONS[name], value, engine=workload.engine.id)
        if "engine_version" in given:
            given["engine_version"] = checked_version(workload.engine, given["engine_version"])
        on_workload = {name: value for name, value in given.items() if name in _ON_WORKLOAD}
        inner = {name: value for name, value in given.items() if name not in _ON_WORKLOAD}
        workload = replace(workload, options=replace(workload.options, **inner), **on_workload)
    if architecture is not None:
        for message, hint in _CONTRADICTIONS[workload.engine.id](workload, architecture, model):
            raise UsageError(message, hint=hint)
        if workload.images and takes_images and not sees(architecture):
            hint = "Leave it out, and keep room for its vision tower"
            raise UsageError(f"--images cannot be counted: {model} takes them, but {UNSEEN}", hint=hint)
        for message, hint in _missing(workload, architecture, model):
            raise UsageError(message, hint=hint)
    return workload


def set_options(workload: Workload) -> dict[str, Any]:
    """Return the options that differ from the engine's default, by the names of OPTIONS, less the version."""
    found: dict[str, Any] = {}
    for name, option in OPTIONS.items():
        if name == "engine_version" or workload.engine.id not in option.engines:
            continue
        if name in _ON_WORKLOAD:
            value, default = getattr(workload, name), _ON_WORKLOAD[name]
        else:
            value, default = getattr(workload.options, name), getattr(_DEFAULTS, name)
        if value != default:
            found[name] = value.id if isinstance(value, KvFormat) else value
    return found


def option_words(workload: Workload) -> list[str]:
    """Return the set options as one would write them: `--ubatch-size 1024`, `--no-flash-attn`."""
    words = []
    for name, value in set_options(workload).items():
        flag = OPTIONS[name].flag
        if isinstance(value, bool):
            words.append(flag if value else flag.replace("--", "--no-", 1))
        else:
            words.append(f"{flag} {value}")
    return words


def _check(option: Option, value: object, *, engine: EngineName) -> None:
    """Raise UsageError where the engine has no such option, or not with this value."""
    if engine not in option.engines:
        owners = " and ".join(option.engines)
        hint = f"Add --engine {option.engines[0]}, or leave it out"
        raise UsageError(f"{option.flag} is an option of {owners}, not of {engine}", hint=hint)
    if option.words and str(value) not in option.words:
        raise UsageError(
            f"{option.flag} {str(value)[:40]}: no such choice", hint=f"Name one of {', '.join(option.words)}"
        )
    if isinstance(value, int | float) and not isinstance(value, bool):
        if option.low is not None and value < option.low:
            raise UsageError(f"{option.flag} {value:g} is too small", hint=f"Give at least {option.low:g}")
        if option.high is not None and value > option.high:
            raise UsageError(f"{option.flag} {value:,} is too large", hint=f"Give at most {option.high:,}")


Problems = Iterator[tuple[str, str]]
"""Messages with their hints."""


def _llamacpp(workload: Workload, architecture: Architecture, model: str) -> Problems:
    from llmfit.estimate.weights.gguf_models import layer_count

    options, layers = workload.options, layer_count(architecture)
    if options.n_gpu_layers is not None and options.n_gpu_layers > layers + 1:
        yield (
            f"--n-gpu-layers {options.n_gpu_layers} is more than {model} has: {layers} layers and the output",
            f"Give at most {layers + 1}, or leave it out for all",
        )
    if options.n_cpu_moe and not architecture.num_experts:
        yield f"--n-cpu-moe moves experts, and {model} has none", "Give --n-gpu-layers instead"
    if options.n_cpu_moe > layers:
        yield f"--n-cpu-moe {options.n_cpu_moe} is more than the {layers} layers of {model}", f"Give at most {layers}"
    value_format = workload.kv_format_v or workload.kv_format
    if value_format.block_size > 1 and not options.flash_attention:
        yield (
            f"llama.cpp keeps V as {value_format.id} with flash attention only",
            "Leave out --no-flash-attn, or give --cache-type-v f16",
        )


def _vllm(workload: Workload, architecture: Architecture, model: str) -> Problems:
    del model
    options = workload.options
    seqs, tokens = options.max_num_seqs, options.max_num_batched_tokens
    if seqs is not None and tokens is not None and tokens < seqs:
        yield (
            f"--max-num-batched-tokens {tokens} is less than --max-num-seqs {seqs}",
            "Each sequence of a step takes a token at least",
        )
    if seqs is not None and workload.sequences > seqs:
        yield (
            f"--max-num-seqs {seqs} runs fewer at once than --sequences {workload.sequences}",
            f"Give --max-num-seqs {workload.sequences}, or fewer sequences",
        )
    if options.tensor_parallel * options.pipeline_parallel > 1:
        from llmfit.estimate.shapes import refusals

        for problem in refusals(architecture, workload.format, options.tensor_parallel, options.pipeline_parallel):
            flag, hint = OPTIONS[problem.option].flag, problem.hint or "Give another number, or leave it out"
            yield f"{flag} {getattr(options, problem.option)}: {problem.message}", hint


def _transformers(workload: Workload, architecture: Architecture, model: str) -> Problems:
    del architecture, model
    if workload.options.attn_implementation == "awq_fused" and workload.format.family != "awq":
        yield (
            f"--attn-implementation awq_fused needs AWQ weights, not {workload.format.id}",
            "Add --format awq-int4, or name another implementation",
        )


_CONTRADICTIONS = {"llama.cpp": _llamacpp, "vllm": _vllm, "transformers": _transformers}


def _missing(workload: Workload, architecture: Architecture, model: str) -> Problems:
    """Yield options for which the model lacks what they speak of."""
    if workload.images and not sees(architecture):
        yield f"--images has no meaning for {model}, which takes none", "Leave it out"
    elif workload.images and workload.engine.id != "llama.cpp" and not crosses(architecture):
        yield (
            f"--images changes nothing on {workload.engine.id}: it always loads the vision tower of {model}",
            "Count an image's tokens in --context",
        )
    if workload.options.speculative and not any(t.section is Section.MTP for t in architecture.tensors):
        yield f"--speculative needs next-token layers, and {model} has none", "Leave it out"


def sees(architecture: Architecture) -> bool:
    """Whether the model takes images."""
    return crosses(architecture) or any(tensor.section is Section.VISION for tensor in architecture.tensors)


def crosses(architecture: Architecture) -> bool:
    """Whether decoder layers attend to images beside the text, so that each image has a cache of its own."""
    return not architecture.is_encoder_decoder and any(c.kind is CacheKind.CROSS for c in architecture.caches)
