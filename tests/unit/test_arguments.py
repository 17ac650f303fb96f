"""What programs give for options."""

from typing import Any, get_type_hints

import pytest

from llmfit import arguments as a
from llmfit.errors import UsageError
from llmfit.quantities import whole_number

GIB = 1024**3
HELP = "Options are those of the command line, with underscores: `llmfit --help`"


@pytest.mark.parametrize(
    ("options", "name", "value", "field", "read"),
    [
        (a.LOAD, "context", "8k", "context", 8192),
        (a.LOAD, "context", 4096, "context", 4096),
        (a.LOAD, "sequences", "3", "sequences", 3),
        (a.LOAD, "ubatch_size", "1k", "n_ubatch", 1024),
        (a.LOAD, "n_gpu_layers", 0, "n_gpu_layers", 0),
        (a.LOAD, "flash_attn", False, "flash_attention", False),
        (a.LOAD, "kv_unified", True, "unified_kv", True),
        (a.LOAD, "cache_type_v", "q8_0", "kv_format_v", "q8_0"),
        (a.LOAD, "tensor_parallel_size", 2, "tensor_parallel", 2),
        (a.LOAD, "pipeline_parallel_size", 2, "pipeline_parallel", 2),
        (a.LOAD, "gpu_memory_utilization", "0.9", "gpu_memory_utilization", 0.9),
        (a.WISHES, "task", "code", "task", ("code",)),
        (a.WISHES, "task", ["code", "chat"], "task", ("code", "chat")),
        (a.WISHES, "engine", {"vllm"}, "engine", ("vllm",)),
        (a.WISHES, "max_parameters", "8B", "max_parameters", 8 * 10**9),
        (a.WISHES, "max_parameters", 8e9, "max_parameters", 8 * 10**9),
        (a.WISHES, "max_download", 5, "max_weight_bytes", 5 * GIB),
        (a.WISHES, "min_speed", "20", "min_tokens_per_second", 20.0),
        (a.WISHES, "low_bit", True, "include_low_bit", True),
        (a.WISHES, "siblings", True, "all_variants", True),
        (a.WISHES, "weight", {"speed": 0.3}, "weights", {"speed": 0.3}),
        (a.WISHES, "weight", "speed=0.3", "weights", {"speed": 0.3}),
        (a.TRAINING, "gradient_checkpointing", True, "gradient_checkpointing", "full"),
        (a.TRAINING, "gradient_checkpointing", False, "gradient_checkpointing", "none"),
        (a.TRAINING, "gradient_checkpointing", "selective", "gradient_checkpointing", "selective"),
        (a.TRAINING, "lora_dropout", 0, "lora_dropout", 0.0),
        (a.TRAINING, "lora_dropout", 0.05, "lora_dropout", 0.05),
        (a.TRAINING, "adapter_dtype", "bf16", "adapter_dtype", "bf16"),
        (a.TRAINING, "zero", 3, "zero", 3),
        (a.TRAINING, "target_modules", "q_proj", "target_modules", ("q_proj",)),
        (a.DEVICE, "vram", 11.5, "vram", "11.5"),
        (a.DEVICE, "ram", "64 GB", "ram", "64 GB"),
        (a.DEVICE, "gpu", ["L4", "T4"], "gpu", ("L4", "T4")),
    ],
)
def test_an_option_fills_a_field(options: Any, name: str, value: object, field: str, read: object) -> None:
    """In the units of the command line, as a number or as text."""
    assert a.given(options, {name: value}) == {field: read}


@pytest.mark.parametrize("name", ["kv_unified", "swa_full", "enforce_eager", "speculative"])
def test_a_switch_that_is_off_was_not_given(name: str) -> None:
    """As on the command line, where nothing can be written for it."""
    assert a.given(a.LOAD, {name: False, "context": None}) == {}
    assert len(a.given(a.LOAD, {name: True})) == 1


@pytest.mark.parametrize(
    ("options", "name", "value", "message"),
    [
        (a.LOAD, "engine", 5, "--engine 5: not a word"),
        (a.LOAD, "format_name", True, "--format True: not a word"),
        (a.LOAD, "sequences", True, "--sequences True: not a whole number"),
        (a.LOAD, "sequences", 2.5, "--sequences 2.5: not a whole number"),
        (a.LOAD, "context", [1], "--context [1]: not a whole number"),
        (a.LOAD, "enforce_eager", "yes", "--enforce-eager yes: neither on nor off"),
        (a.LOAD, "enforce_eager", 1, "--enforce-eager 1: neither on nor off"),
        (a.WISHES, "license_", {"mit": 1}, "--license {'mit': 1}: no word, and no list of words"),
        (a.WISHES, "license_", b"mit", "--license b'mit': no word, and no list of words"),
        (a.WISHES, "task", [None], "--task None: not a word"),
        (a.WISHES, "task", 5, "--task 5: no word, and no list of words"),
        (a.WISHES, "weight", {"speed": None}, "--weight speed=None: no part with a number from 0 to 1"),
        (a.WISHES, "weight", {"speed": 2}, "--weight speed=2: no part with a number from 0 to 1"),
        (a.TRAINING, "lora_dropout", 2, "--lora-dropout 2: more than the whole"),
        (a.TRAINING, "adapter_dtype", "fp8", "--adapter-dtype fp8: no type of adapters"),
        (a.TRAINING, "adapter_dtype", ["fp32"], "--adapter-dtype ['fp32']: no type of adapters"),
        (a.TRAINING, "gradient_checkpointing", 1, "--gradient-checkpointing 1: not a word"),
        (a.TRAINING, "zero", 4, "--zero 4: no ZeRO stage"),
    ],
)
def test_what_an_option_cannot_be_is_refused_by_its_name(options: Any, name: str, value: object, message: str) -> None:
    """Whatever it is, with a hint of what it could be."""
    with pytest.raises(UsageError) as caught:
        a.given(options, {name: value})
    assert caught.value.message == message
    assert caught.value.hint


def test_a_number_too_long_to_be_written_is_none() -> None:
    """Python itself refuses to write it."""
    with pytest.raises(UsageError, match="--context a number of thousands of digits: not a whole number"):
        a.given(a.LOAD, {"context": 10**5000})


def test_a_number_is_refused_in_the_words_of_the_command_line() -> None:
    """One parser, one sentence, one hint."""
    with pytest.raises(UsageError) as parsed:
        whole_number("-5")
    with pytest.raises(UsageError) as caught:
        a.given(a.LOAD, {"context": -5})
    assert caught.value.message == f"--context {parsed.value.message}"
    assert caught.value.hint == parsed.value.hint


@pytest.mark.parametrize(
    ("options", "name", "message", "hint"),
    [
        (a.LOAD, "contxt", "no such option: contxt", "Did you mean context?"),
        (a.LOAD, "n_ubatch", "no such option: n_ubatch", "Did you mean ubatch_size?"),
        (a.WISHES, "max_weight_bytes", "no such option: max_weight_bytes", "Did you mean max_download?"),
        (a.LOAD, "batch_size", "--batch-size needs --training", "Call estimate_finetuning"),
        (a.TRAINING, "format_name", "--format has no meaning with --training", "Call estimate_model"),
        (a.TRAINING, "loras_rank", "no such option: loras_rank", "Did you mean lora_rank?"),
        (a.TRAINING, "n_ubatch", "no such option: n_ubatch", "Did you mean batch_size?"),
        (a.WISHES, "batch_size", "--batch-size needs --training", "Such as --training qlora"),
        (a.DEVICE, "batch_size", "no such option: batch_size", HELP),
        (a.WISHES, "flash_attn", "no such option: flash_attn", HELP),
        (a.DEVICE, "format_name", "no such option: format_name", HELP),
    ],
)
def test_an_option_that_is_none_is_named_with_what_is_meant(options: Any, name: str, message: str, hint: str) -> None:
    """The nearest, the option of a field, or the function that has it."""
    with pytest.raises(UsageError) as caught:
        a.given(options, {name: 1})
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_name_like_no_other_points_to_the_help() -> None:
    """Where nothing is near, no guess is made; a name need not even be a word."""
    for name in ("zzzzzz", 7):
        with pytest.raises(UsageError, match="no such option") as caught:
            a.given(a.LOAD, {name: 1})  # type: ignore[dict-item]  # a mapping from elsewhere may have any key
        assert "llmfit --help" in caught.value.hint


def test_a_method_comes_alone_or_with_its_options() -> None:
    """A name, or a mapping that holds it."""
    assert a.method_of("qlora") == ("qlora", {})
    assert a.method_of({"method": "lora", "lora_rank": "8", "packing": None}) == ("lora", {"lora_rank": 8})


@pytest.mark.parametrize("training", [5, None, [], {}, {"method": None}, {"lora_rank": 8}])
def test_training_without_a_method_is_refused(training: object) -> None:
    """Nothing can be fine-tuned by no method."""
    with pytest.raises(UsageError, match="no method") as caught:
        a.method_of(training)
    assert "qlora" in caught.value.hint


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        (a.LoadOptions, a.LOAD),
        (a.TrainingOptions, a.TRAINING),
        (a.Wishes, set(a.WISHES) - {"top"}),
    ],
)
def test_every_typed_option_is_read_and_every_read_one_is_typed(typed: type, options: Any) -> None:
    """`top` stands in the signature, for its default."""
    assert set(get_type_hints(typed)) == set(options)
