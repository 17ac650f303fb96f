"""What packed tensors stand for, and which format they are in."""

from collections.abc import Mapping
from typing import Any

import pytest

from llmfit.catalog import load_catalog
from llmfit.records.checkpoint import Checkpoint, StoredTensor
from llmfit.sources.packing import AS_STORED, logical_parameters, quantization_of, stored_format

FORMATS = load_catalog(user_file=None).formats
WIDTHS = {"F32": 4, "F16": 2, "BF16": 2, "I32": 4, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E8M0": 1, "Q4_K": 1, "I64": 8}


def checkpoint(tensors: Mapping[str, tuple[str, tuple[int, ...]]], **changes: Any) -> Checkpoint:
    """Return a checkpoint of these types and shapes."""
    made = []
    for name, (dtype, shape) in tensors.items():
        tensor = StoredTensor(name, dtype, shape, 0)
        made.append(StoredTensor(name, dtype, shape, tensor.elements * WIDTHS[dtype]))
    return Checkpoint(**{"kind": "safetensors", "tensors": tuple(made), **changes})


ROWS, COLUMNS = 512, 1024
WEIGHTS = ROWS * COLUMNS
NORM = {"norm.weight": ("BF16", (COLUMNS,))}
PACKED: dict[str, tuple[dict[str, Any], dict[str, tuple[str, tuple[int, ...]]], str]] = {
    "nothing": ({}, {"a.weight": ("BF16", (ROWS, COLUMNS))}, "bf16"),
    "GPTQ of 4 bits": (
        {"quant_method": "gptq", "bits": 4, "group_size": 128},
        {
            "a.qweight": ("I32", (COLUMNS // 8, ROWS)),
            "a.qzeros": ("I32", (COLUMNS // 128, ROWS // 8)),
            "a.scales": ("F16", (COLUMNS // 128, ROWS)),
            "a.g_idx": ("I32", (COLUMNS,)),
        },
        "gptq-int4",
    ),
    "GPTQ of 8 bits": (
        {"quant_method": "gptq", "bits": 8},
        {"a.qweight": ("I32", (COLUMNS // 4, ROWS)), "a.scales": ("F16", (8, ROWS))},
        "gptq-int8",
    ),
    "AWQ": (
        {"quant_method": "awq", "bits": 4, "group_size": 128},
        {
            "a.qweight": ("I32", (COLUMNS, ROWS // 8)),
            "a.qzeros": ("I32", (COLUMNS // 128, ROWS // 8)),
            "a.scales": ("F16", (COLUMNS // 128, ROWS)),
        },
        "awq-int4",
    ),
    "AWQ by its older key": (
        {"quant_method": "awq", "w_bit": 4},
        {"a.qweight": ("I32", (COLUMNS, ROWS // 8)), "a.scales": ("F16", (8, ROWS))},
        "awq-int4",
    ),
    "bitsandbytes nf4": (
        {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"},
        {
            "a.weight": ("U8", (WEIGHTS // 2, 1)),
            "a.weight.absmax": ("F32", (WEIGHTS // 64,)),
            "a.weight.quant_map": ("F32", (16,)),
            "a.weight.quant_state.bitsandbytes__nf4": ("U8", (90,)),
        },
        "nf4",
    ),
    "bitsandbytes nf4, scales quantised too": (
        {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True},
        {
            "a.weight": ("U8", (WEIGHTS // 2, 1)),
            "a.weight.absmax": ("U8", (WEIGHTS // 64,)),
            "a.weight.nested_absmax": ("F32", (WEIGHTS // 64 // 256,)),
            "a.weight.nested_quant_map": ("F32", (256,)),
            "a.weight.quant_map": ("F32", (16,)),
            "a.weight.quant_state.bitsandbytes__nf4": ("U8", (110,)),
        },
        "nf4-dq",
    ),
    "bitsandbytes int8": (
        {"quant_method": "bitsandbytes", "load_in_8bit": True},
        {"a.weight": ("I8", (ROWS, COLUMNS)), "a.SCB": ("F32", (ROWS,)), "a.weight_format": ("I8", ())},
        "int8",
    ),
    "fp8 in blocks": (
        {"quant_method": "fp8", "weight_block_size": [128, 128]},
        {"a.weight": ("F8_E4M3", (ROWS, COLUMNS)), "a.weight_scale_inv": ("F32", (ROWS // 128, COLUMNS // 128))},
        "fp8-block",
    ),
    "fp8 by tensor": (
        {"quant_method": "compressed-tensors", "format": "float-quantized"},
        {"a.weight": ("F8_E4M3", (ROWS, COLUMNS)), "a.weight_scale": ("BF16", (1,)), "a.input_scale": ("BF16", (1,))},
        "fp8",
    ),
    "compressed-tensors of 4 bits": (
        {
            "quant_method": "compressed-tensors",
            "format": "pack-quantized",
            "config_groups": {"group_0": {"weights": {"num_bits": 4, "group_size": 128}}},
        },
        {
            "a.weight_packed": ("I32", (ROWS, COLUMNS // 8)),
            "a.weight_scale": ("BF16", (ROWS, COLUMNS // 128)),
            "a.weight_shape": ("I64", (2,)),
        },
        AS_STORED,
    ),
    "compressed-tensors NVFP4": (
        {
            "quant_method": "compressed-tensors",
            "format": "nvfp4-pack-quantized",
            "config_groups": {"group_0": {"weights": {"num_bits": 4, "group_size": 16}}},
        },
        {
            "a.weight_packed": ("U8", (ROWS, COLUMNS // 2)),
            "a.weight_scale": ("F8_E4M3", (ROWS, COLUMNS // 16)),
            "a.weight_global_scale": ("F32", (1,)),
            "a.input_global_scale": ("F32", (1,)),
        },
        "nvfp4",
    ),
    "ModelOpt NVFP4": (
        {"quant_method": "modelopt", "quant_algo": "NVFP4"},
        {
            "a.weight": ("U8", (ROWS, COLUMNS // 2)),
            "a.weight_scale": ("F8_E4M3", (ROWS, COLUMNS // 16)),
            "a.weight_scale_2": ("F32", ()),
            "a.input_scale": ("F32", ()),
        },
        "nvfp4",
    ),
    "w8a8": (
        {"quant_method": "compressed-tensors", "format": "int-quantized"},
        {"a.weight": ("I8", (ROWS, COLUMNS)), "a.weight_scale": ("BF16", (ROWS, 1))},
        "w8a8",
    ),
    "MXFP4 of gpt-oss": (
        {"quant_method": "mxfp4"},
        {
            "a.gate_up_proj_blocks": ("U8", (2, ROWS // 2, COLUMNS // 32, 16)),
            "a.gate_up_proj_scales": ("U8", (2, ROWS // 2, COLUMNS // 32)),
        },
        "mxfp4",
    ),
}


@pytest.mark.parametrize("kind", PACKED)
def test_packed_weights_are_counted_as_what_they_stand_for(kind: str) -> None:
    """Each layout stands for the same matrix of half a million weights; scales and indices count nothing."""
    quantization, tensors, _ = PACKED[kind]
    assert logical_parameters(checkpoint({**tensors, **NORM}), quantization) == WEIGHTS + COLUMNS


@pytest.mark.parametrize("kind", PACKED)
def test_packed_checkpoints_have_the_catalogs_format(kind: str) -> None:
    """The format is one of the catalog where it has such a one, for engines that load safetensors."""
    quantization, tensors, name = PACKED[kind]
    found = stored_format(checkpoint({**tensors, **NORM}), quantization, formats=FORMATS, parameters=WEIGHTS)
    assert found.id == name
    assert set(found.engines) <= {"transformers", "vllm"}
    assert found.engines


def test_packed_weights_of_unknown_width_are_not_counted() -> None:
    """Without the bits nobody can tell what an element stands for."""
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {"a.qweight": ("I32", (128, 512))}
    assert logical_parameters(checkpoint(tensors), {"quant_method": "gptq"}) is None
    assert logical_parameters(checkpoint(tensors), {"quant_method": "gptq", "bits": "4"}) is None


def test_buffers_are_no_parameters() -> None:
    """What old and new checkpoints store beside the weights is left out of the count."""
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {
        "model.layers.0.self_attn.rotary_emb.inv_freq": ("F32", (64,)),
        "h.0.attn.masked_bias": ("F32", ()),
        "h.0.attn.bias": ("U8", (1, 1, 1024, 1024)),
        "rope_freqs.weight": ("F32", (64,)),
        "mlp.gate.e_score_correction_bias": ("F32", (256,)),
        "h.0.attn.c_attn.bias": ("F32", (768,)),
    }
    assert logical_parameters(checkpoint(tensors), {}) == 768


def test_mixed_types_have_no_format_of_the_catalog() -> None:
    """A file of two types is its own format, with its own bits."""
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {"a": ("F32", (100,)), "b": ("BF16", (100,))}
    found = stored_format(checkpoint(tensors), {}, formats=FORMATS, parameters=200)
    assert (found.id, found.precision, found.nominal_bits) == (AS_STORED, None, 24.0)


@pytest.mark.parametrize(
    ("file_type", "name"), [(15, "Q4_K_M"), (7, "Q8_0"), (32, "bf16"), (1, "f16"), (38, "MXFP4_MOE"), (None, AS_STORED)]
)
def test_gguf_files_are_named_by_their_scheme(file_type: int | None, name: str) -> None:
    """`general.file_type` says the scheme; llama.cpp alone loads the file."""
    metadata = {} if file_type is None else {"general.file_type": file_type}
    made = checkpoint({"a": ("Q4_K", (256,))}, kind="gguf", metadata=metadata)
    found = stored_format(made, {}, formats=FORMATS, parameters=256)
    assert (found.id, found.engines) == (name, ("llama.cpp",))


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"quantization_config": {"bits": 4}}, {"bits": 4}),
        ({"text_config": {"quantization_config": {"bits": 4}}}, {"bits": 4}),
        ({"compression_config": {"format": "x"}}, {"format": "x"}),
        ({"quantization_config": None, "text_config": 5}, {}),
        ({"quantization_config": [4]}, {}),
    ],
)
def test_the_statement_on_packing_is_found_where_it_stands(config: dict[str, Any], found: dict[str, Any]) -> None:
    """At the top or in the text model's part; anything but an object states nothing."""
    assert quantization_of(config) == found
