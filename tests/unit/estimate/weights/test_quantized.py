import pytest

from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate.weights import estimate_weights
from llmfit.records.architecture import Architecture, Role, Section, Tensor
from support.formats import make_workload
from support.weights import TOWER, make_decoder

BLOCK = 4 * 512 * 512 + 3 * 512 * 1024
"""Weights in the linear layers of one block of the small decoder."""
ROWS = 4 * 512 + 2 * 1024 + 512
COLUMNS = 4 * 512 + 2 * 512 + 1024
LEFT = 2 * 1024 * 512 + 33 * 512
"""Embedding, head and norms, which every format leaves."""


def device_bytes(format_name: str, engine: str, architecture: Architecture | None = None) -> int:
    """Return the bytes of the weights on the device."""
    part, host = estimate_weights(architecture or make_decoder(), make_workload(format_name, engine))
    assert host == 0
    return part.bytes


@pytest.mark.parametrize(
    ("format_name", "engine", "block"),
    [
        ("int8", "transformers", BLOCK + 4 * ROWS),
        ("nf4", "transformers", BLOCK // 2 + BLOCK // 64 * 4),
        ("nf4-dq", "transformers", BLOCK // 2 + BLOCK // 64 + BLOCK // (64 * 256) * 4),
        ("awq-int4", "transformers", BLOCK // 2 + BLOCK // 128 * 5 // 2),
        ("awq-int4", "vllm", BLOCK // 2 + BLOCK // 128 * 5 // 2),
        ("gptq-int4", "vllm", BLOCK // 2 + BLOCK // 128 * 5 // 2),
        ("gptq-int4", "transformers", BLOCK // 2 + BLOCK // 128 * 5 // 2 + 4 * COLUMNS),
        ("gptq-int8", "vllm", BLOCK + BLOCK // 128 * 3),
        ("fp8", "vllm", BLOCK + 4 * ROWS),
        ("fp8-block", "vllm", BLOCK + BLOCK // 128**2 * 4),
        ("w8a8", "vllm", BLOCK + 4 * ROWS),
        ("nvfp4", "vllm", BLOCK // 2 + BLOCK // 16),
    ],
)
def test_blocks_are_packed_and_the_rest_is_left(format_name: str, engine: str, block: int) -> None:
    """Linear layers take their bits, scales and zeros; embedding, head and norms take 16 bit."""
    assert device_bytes(format_name, engine) == 16 * block + 2 * LEFT


@pytest.mark.parametrize(("format_name", "width"), [("f32", 4), ("f16", 2), ("bf16", 2)])
@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_floats_take_their_width_everywhere(format_name: str, width: int, engine: str) -> None:
    """Every tensor is stored in the same type."""
    assert device_bytes(format_name, engine) == width * make_decoder().parameters


def test_a_tied_head_takes_nothing() -> None:
    """Outside llama.cpp a tied head shares the embedding's memory."""
    saved = device_bytes("f16", "vllm") - device_bytes("f16", "vllm", make_decoder(tied=True))
    assert saved == 2 * 1024 * 512


def test_routers_and_biases_stay_in_16_bit() -> None:
    """A router decides too much to be rounded."""
    plain = make_decoder(model_type="mixtral", experts=8)
    bias = Tensor(Role.BIAS, "q_proj", (512,), tuple(range(16)))
    biased = make_decoder(model_type="mixtral", experts=8, added=(bias,))
    quantized = 16 * (4 * 512 * 512 + 8 * 3 * 512 * 1024)
    left = LEFT + 16 * 8 * 512
    expected = quantized // 2 + quantized // 128 * 5 // 2 + 2 * left
    assert device_bytes("awq-int4", "vllm", plain) == expected
    assert device_bytes("awq-int4", "vllm", biased) - expected == 16 * 512 * 2


def test_mxfp4_stores_experts_alone() -> None:
    """Experts take 4.25 bits, all else 16; vLLM pads rows to 256 weights."""
    model = make_decoder(model_type="gpt_oss", experts=8)
    experts = 16 * 8 * 3 * 512 * 1024
    expected = experts // 32 * 17 + 2 * (model.parameters - experts)
    assert device_bytes("mxfp4", "transformers", model) == expected
    assert device_bytes("mxfp4", "vllm", model) == expected
    odd = make_decoder(model_type="gpt_oss", experts=8, h=576, heads=9, kv_heads=9, inter=576)
    padded = device_bytes("mxfp4", "vllm", odd) - device_bytes("mxfp4", "transformers", odd)
    assert padded == 16 * 8 * 3 * 576 * (768 - 576) // 32 * 17


def test_nvfp4_leaves_attention_of_sparse_models() -> None:
    """Published NVFP4 checkpoints of sparse models hold their experts in it, nothing else."""
    model = make_decoder(model_type="qwen3_moe", experts=8)
    experts = 16 * 8 * 3 * 512 * 1024
    assert device_bytes("nvfp4", "vllm", model) == experts * 9 // 16 + 2 * (model.parameters - experts)


@pytest.mark.parametrize("model_type", ["mixtral", "llama4_text", "qwen3_moe"])
@pytest.mark.parametrize(("format_name", "packed"), [("nf4", 9 / 16), ("nf4-dq", 33 / 64 + 1 / 4096), ("int8", None)])
def test_bitsandbytes_cannot_see_fused_experts(model_type: str, format_name: str, packed: float | None) -> None:
    """Routed experts are one tensor in transformers 5, no linear layers, and stay in 16 bit; the rest is packed."""
    model = make_decoder(model_type=model_type, experts=8)
    experts, attention = 16 * 8 * 3 * 512 * 1024, 16 * 4 * 512 * 512
    stored = attention + 4 * 16 * 4 * 512 if packed is None else attention * packed
    left = model.parameters - experts - attention
    assert device_bytes(format_name, "transformers", model) == 2 * (experts + left) + stored


def test_litgpt_quantizes_its_own_experts() -> None:
    """Its mixture is a list of linear layers, so 4-bit experts count as such there."""
    model = make_decoder(model_type="mixtral", experts=8)
    workload = make_workload("nf4", "transformers", attn_implementation="litgpt")
    part, _ = estimate_weights(model, workload)
    head = 1024 * 512
    assert device_bytes("nf4", "transformers", model) - part.bytes == (16 * 8 * 3 * 512 * 1024 + head) * 23 // 16
    assert not part.assumptions


def test_an_estimate_says_that_experts_are_left() -> None:
    """Who reads that four bits take this much learns why; a dense model needs no such word."""
    part, _ = estimate_weights(make_decoder(experts=8), make_workload("nf4", "transformers"))
    dense, _ = estimate_weights(make_decoder(), make_workload("nf4", "transformers"))
    assert any("routed experts stay in 16 bit" in words for words in part.assumptions)
    assert not dense.assumptions


def test_bitsandbytes_quantizes_towers_and_others_do_not() -> None:
    """Every linear layer but the head is replaced; published AWQ checkpoints leave the tower."""
    model = make_decoder(added=TOWER)
    tower = 2 * 256 * 256
    norms = 2 * 2 * 256
    nf4 = device_bytes("nf4", "transformers", model) - device_bytes("nf4", "transformers")
    awq = device_bytes("awq-int4", "transformers", model) - device_bytes("awq-int4", "transformers")
    assert nf4 == tower * 9 // 16 + norms
    assert awq == 2 * tower + norms


def test_next_token_layers_are_loaded_for_speculation_only() -> None:
    """MTP weights count where the workload speculates."""
    layer = Tensor(Role.MLP_UP, "up_proj", (1024, 512), (16,), section=Section.MTP)
    model = make_decoder(added=(layer,))
    quiet, _ = estimate_weights(model, make_workload("f16", "vllm"))
    loud, _ = estimate_weights(model, make_workload("f16", "vllm", speculative=True))
    assert loud.bytes - quiet.bytes == 2 * 1024 * 512


@pytest.mark.parametrize(
    ("format_name", "engine", "architecture", "word"),
    [
        ("awq-int4", "vllm", make_decoder(inter=1000), "rows of 1000"),
        ("gptq-int4", "transformers", make_decoder(h=576, heads=9, kv_heads=9), "rows of 576"),
        ("mxfp4", "vllm", make_decoder(), "experts"),
        ("Q4_K_M", "vllm", make_decoder(), "vllm does not run Q4_K_M"),
        ("fp8", "transformers", make_decoder(), "transformers does not run fp8"),
        ("awq-int4", "llama.cpp", make_decoder(), "llama.cpp does not run awq-int4"),
    ],
)
def test_what_cannot_be_is_refused_with_a_hint(
    format_name: str, engine: str, architecture: Architecture, word: str
) -> None:
    """Groups that do not divide a row, and formats that an engine lacks, are named."""
    with pytest.raises(UnsupportedWorkloadError, match=word) as caught:
        estimate_weights(architecture, make_workload(format_name, engine))
    assert caught.value.hint
