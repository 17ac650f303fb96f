"""Reads what programs give for options: the names, bounds and sentences of the command line, and the types of each."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypedDict

from llmfit import quantities
from llmfit.errors import UsageError, nearest

Words = str | Iterable[str]
"""One word, or several."""
Number = int | str
"""A number, or how the command line writes it: `8k`."""


class LoadOptions(TypedDict, total=False):
    """What `llmfit estimate` and `llmfit compare` ask of a model that answers."""

    engine: str | None
    precision: str | None
    format_name: str | None
    kv_format: str | None
    context: Number | None
    prompt_tokens: Number | None
    sequences: Number | None
    engine_version: str | None
    ubatch_size: Number | None
    flash_attn: bool | None
    kv_unified: bool | None
    swa_full: bool | None
    n_gpu_layers: Number | None
    n_cpu_moe: Number | None
    cache_type_v: str | None
    max_num_seqs: Number | None
    max_num_batched_tokens: Number | None
    gpu_memory_utilization: float | str | None
    enforce_eager: bool | None
    block_size: Number | None
    tensor_parallel_size: Number | None
    pipeline_parallel_size: Number | None
    attn_implementation: str | None
    speculative: bool | None
    images: Number | None


class TrainingOptions(TypedDict, total=False):
    """What `llmfit estimate --training` asks, and what PEFT and its optimizers can be told beyond that."""

    stage: str | None
    optimizer: str | None
    recipe: str | None
    batch_size: Number | None
    sequence_length: Number | None
    gradient_accumulation: Number | None
    gradient_checkpointing: bool | str | None
    lora_rank: Number | None
    target_modules: Words | None
    modules_to_save: Words | None
    base_format: str | None
    loss: str | None
    attention: str | None
    packing: bool | None
    trainer: str | None
    gpus: Number | None
    zero: Number | None
    fsdp: bool | None
    offload_optimizer: bool | None
    offload_parameters: bool | None
    target_experts: bool | None
    lora_dropout: float | str | None
    adapter_dtype: str | None
    upcast_frozen: bool | None
    virtual_tokens: Number | None
    trainable_layers: Number | None
    galore_rank: Number | None
    foreach_optimizer: bool | None
    optimizer_in_backward: bool | None
    offload_activations: bool | None


class Wishes(TypedDict, total=False):
    """What `llmfit recommend` asks: limits filter, weights weigh."""

    task: Words | None
    license_: Words | None
    region: str | None
    language: Words | None
    context: Number | None
    prompt_tokens: Number | None
    sequences: Number | None
    engine: Words | None
    precision: str | None
    format_name: str | None
    kv_format: str | None
    publisher: Words | None
    family: Words | None
    max_parameters: Number | float | None
    max_download: float | str | None
    min_speed: float | str | None
    include_base: bool | None
    low_bit: bool | None
    siblings: bool | None
    weight: Mapping[str, float] | Words | None


Read = Callable[[Any], Any]
"""Returns what was given as the records have it; raises UsageError without the option's name."""


def shown(value: object) -> str:
    """Return the value as the command line would have it."""
    try:
        return value if isinstance(value, str) else str(value)
    except ValueError:  # a whole number of thousands of digits
        return "a number of thousands of digits"


def _quantity(parse: Callable[[str], Any]) -> Read:
    return lambda value: parse(shown(value))


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{shown(value)[:40]}: not a word", hint="Give a text in quotes")
    return value


def words(value: object) -> tuple[str, ...]:
    """Return one word, or several.

    Raises:
        UsageError: It is none, or a mapping.
    """
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Mapping | bytes) or not isinstance(value, Iterable):
        raise UsageError(f"{shown(value)[:40]}: no word, and no list of words", hint="Give texts in quotes")
    return tuple(_word(one) for one in value)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{shown(value)[:40]}: neither on nor off", hint="Give True or False")
    return value


def _checkpointing(value: object) -> str:
    return ("full" if value else "none") if isinstance(value, bool) else _word(value)


def _dropout(value: object) -> float:
    return 0.0 if isinstance(value, int | float) and value == 0 else quantities.share(shown(value))


def _adapter_dtype(value: object) -> str:
    if value not in ("fp32", "bf16"):
        raise UsageError(f"{shown(value)[:40]}: no type of adapters", hint="Give fp32 or bf16")
    return str(value)


def _weight(value: object) -> dict[str, float]:
    from llmfit.answers.questions import weights_of

    if isinstance(value, Mapping):
        value = [f"{shown(name)}={shown(weight)}" for name, weight in value.items()]
    try:
        return weights_of(words(value))
    except UsageError as error:
        raise UsageError(error.message.removeprefix("--weight "), hint=error.hint) from None


_TOKENS, _NUMBER, _COUNT = map(_quantity, (quantities.whole_number, quantities.number, quantities.count))
_POSITIVE, _SHARE, _ZERO = map(_quantity, (quantities.positive, quantities.share, quantities.zero_stage))

DEVICE: Mapping[str, Read] = {"gpu": words, "vram": shown, "ram": shown}
"""Options that name a machine; sizes are read where the machine is made."""
_ANSWERING: Mapping[str, Read] = {
    **dict.fromkeys(("precision", "format_name", "kv_format"), _word),
    "context": _TOKENS,
    "prompt_tokens": _TOKENS,
    "sequences": _NUMBER,
}
LOAD: Mapping[str, Read] = {
    "engine": _word,
    **_ANSWERING,
    **dict.fromkeys(("engine_version", "cache_type_v", "attn_implementation"), _word),
    **dict.fromkeys(("flash_attn", "kv_unified", "swa_full", "enforce_eager", "speculative"), _switch),
    **dict.fromkeys(("n_gpu_layers", "n_cpu_moe"), _COUNT),
    **dict.fromkeys(("ubatch_size", "block_size"), _TOKENS),
    **dict.fromkeys(("max_num_seqs", "max_num_batched_tokens", "images"), _NUMBER),
    **dict.fromkeys(("tensor_parallel_size", "pipeline_parallel_size"), _NUMBER),
    "gpu_memory_utilization": _SHARE,
}
"""Options of `LoadOptions`, with what reads each."""
TRAINING: Mapping[str, Read] = {
    **dict.fromkeys(("stage", "optimizer", "recipe", "base_format", "loss", "attention", "trainer"), _word),
    **dict.fromkeys(("target_modules", "modules_to_save"), words),
    **dict.fromkeys(("batch_size", "gradient_accumulation", "lora_rank", "gpus"), _NUMBER),
    **dict.fromkeys(("virtual_tokens", "trainable_layers", "galore_rank"), _NUMBER),
    **dict.fromkeys(("packing", "fsdp", "offload_optimizer", "offload_parameters", "target_experts"), _switch),
    **dict.fromkeys(("upcast_frozen", "foreach_optimizer", "optimizer_in_backward", "offload_activations"), _switch),
    "sequence_length": _TOKENS,
    "gradient_checkpointing": _checkpointing,
    "zero": _ZERO,
    "lora_dropout": _dropout,
    "adapter_dtype": _adapter_dtype,
}
"""Options of `TrainingOptions`, with what reads each."""
WISHES: Mapping[str, Read] = {
    **_ANSWERING,
    **dict.fromkeys(("task", "license_", "language", "engine", "publisher", "family"), words),
    **dict.fromkeys(("include_base", "low_bit", "siblings"), _switch),
    "region": _word,
    "max_parameters": _quantity(quantities.parameters),
    "max_download": _quantity(quantities.gigabytes),
    "min_speed": _POSITIVE,
    "weight": _weight,
    "top": _NUMBER,
}
"""Options of `Wishes`, with what reads each."""

_FIELDS = {
    "ubatch_size": "n_ubatch",
    "flash_attn": "flash_attention",
    "kv_unified": "unified_kv",
    "cache_type_v": "kv_format_v",
    "tensor_parallel_size": "tensor_parallel",
    "pipeline_parallel_size": "pipeline_parallel",
    "max_download": "max_weight_bytes",
    "min_speed": "min_tokens_per_second",
    "low_bit": "include_low_bit",
    "siblings": "all_variants",
    "weight": "weights",
}
"""The field that an option fills, where its name is another."""
_ON = "flash_attn"
"""The switch that is on by itself; of the others, one that is off was not given."""


def given(options: Mapping[str, Read], values: Mapping[str, object]) -> dict[str, Any]:
    """Return the options that were given, by the names of the records' fields; None is not given.

    Raises:
        UsageError: There is no such option, or its value is none of it.
    """
    found = {}
    for name, value in values.items():
        if name not in options:
            raise _unknown(name, options)
        if value is None or (value is False and name != _ON and options[name] is _switch):
            continue
        try:
            found[_FIELDS.get(name, name)] = options[name](value)
        except UsageError as error:
            raise UsageError(f"{flag_of(name)} {error.message}", hint=error.hint) from None
    return found


def method_of(training: object) -> tuple[str, dict[str, Any]]:
    """Return a method of fine-tuning and its options, from its name or a mapping that holds it as `method`.

    Raises:
        UsageError: It is neither, or an option is none.
    """
    if not isinstance(training, Mapping):
        training = {"method": training}
    if not isinstance(method := training.get("method"), str):
        raise UsageError(f"--training {shown(method)[:40]}: no method", hint="Name one, such as qlora")
    return method, given(TRAINING, {name: value for name, value in training.items() if name != "method"})


def flag_of(name: str) -> str:
    """Return the option as the command line spells it."""
    return "--" + {"format_name": "format"}.get(name, name).rstrip("_").replace("_", "-")


def _unknown(name: object, options: Mapping[str, Read]) -> UsageError:
    name = shown(name)
    if options is WISHES and name in TRAINING:
        return UsageError(f"{flag_of(name)} needs --training", hint="Such as --training qlora")
    if options is LOAD and name in TRAINING:
        return UsageError(f"{flag_of(name)} needs --training", hint="Call estimate_finetuning")
    if options is TRAINING and name in LOAD:
        return UsageError(f"{flag_of(name)} has no meaning with --training", hint="Call estimate_model")
    spelled = {field: option for option, field in _FIELDS.items() if option in options}
    close = [spelled[name]] if name in spelled else nearest(name, options, limit=1)
    usual = "Options are those of the command line, with underscores: `llmfit --help`"
    hint = f"Did you mean {close[0]}?" if close else usual
    return UsageError(f"no such option: {name[:60]}", hint=hint)
