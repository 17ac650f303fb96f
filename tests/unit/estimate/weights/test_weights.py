import pytest

from llmfit.estimate.weights import estimate_weights, stored_bytes, weights_by_layer
from llmfit.records.estimate import PartName
from support.formats import make_workload
from support.weights import TOWER, make_decoder

LAYER = (4 * 512 * 512 + 3 * 512 * 1024) // 32 * 34 + 2 * 512 * 4
"""One layer of the small decoder in Q8_0."""
HEAD = 1024 * 512 // 32 * 34
NORM = 512 * 4


def test_a_part_says_where_its_bytes_are() -> None:
    """The lines of the part sum to it, embedding in RAM apart."""
    part, _ = estimate_weights(make_decoder(), make_workload("Q8_0"))
    assert part.name is PartName.WEIGHTS
    assert part.bytes == 16 * LAYER + HEAD + NORM
    assert {line.label for line in part.lines} == {
        "attention",
        "feed-forward",
        "embeddings and head",
        "norms, biases and others",
    }
    assert sum(line.bytes for line in part.lines) == part.bytes


def test_bytes_are_the_same_unexplained() -> None:
    """Without an explanation the figures stay, the words go."""
    model, workload = make_decoder(), make_workload("IQ2_M")
    part, host = estimate_weights(model, workload)
    bare, bare_host = estimate_weights(model, workload, explain=False)
    assert (bare.bytes, bare_host) == (part.bytes, host)
    assert (bare.lines, bare.assumptions) == ((), ())


def test_layers_and_the_rest_make_the_whole() -> None:
    """The account by layer is the same account."""
    found = weights_by_layer(make_decoder(), make_workload("Q8_0"))
    assert found.layers == (LAYER,) * 16
    assert found.experts == (0,) * 16
    assert (found.input, found.output, found.tied) == (HEAD, HEAD + NORM, 0)


def test_experts_of_each_layer_are_known() -> None:
    """What `--n-cpu-moe` moves is part of the layer."""
    model = make_decoder(model_type="qwen3_moe", experts=16)
    found = weights_by_layer(model, make_workload("Q8_0"))
    assert found.experts == (16 * 3 * 512 * 1024 // 32 * 34,) * 16
    assert all(layer > expert for layer, expert in zip(found.layers, found.experts, strict=True))


@pytest.mark.parametrize(
    ("n_gpu_layers", "device"),
    [
        (0, 0),
        (1, HEAD + NORM),
        (4, 3 * LAYER + HEAD + NORM),
        (16, 15 * LAYER + HEAD + NORM),
        (17, 16 * LAYER + HEAD + NORM),
        (99, 16 * LAYER + HEAD + NORM),
        (-1, 16 * LAYER + HEAD + NORM),
    ],
)
def test_the_output_is_the_first_layer_to_move(n_gpu_layers: int, device: int) -> None:
    """`-ngl 1` puts the output alone on the GPU, further layers follow from the end."""
    workload = make_workload("Q8_0", n_gpu_layers=n_gpu_layers)
    part, host = estimate_weights(make_decoder(), workload)
    assert part.bytes == device
    assert part.bytes + host == stored_bytes(make_decoder(), workload)


def test_a_tied_head_in_ram_is_the_embedding_itself() -> None:
    """Without any layer on the GPU the file is in RAM once."""
    model, workload = make_decoder(tied=True), make_workload("Q8_0", n_gpu_layers=0)
    part, host = estimate_weights(model, workload)
    assert (part.bytes, host) == (0, stored_bytes(model, workload))


@pytest.mark.parametrize(("n_cpu_moe", "moved"), [(1, 1), (5, 5), (16, 16), (40, 16)])
def test_experts_of_the_first_layers_move_to_ram(n_cpu_moe: int, moved: int) -> None:
    """`--n-cpu-moe N` keeps the experts of the first N layers in RAM."""
    model = make_decoder(model_type="qwen3_moe", experts=16)
    whole, host = estimate_weights(model, make_workload("Q8_0"))
    part, more_host = estimate_weights(model, make_workload("Q8_0", n_cpu_moe=n_cpu_moe))
    assert whole.bytes - part.bytes == more_host - host == moved * 16 * 3 * 512 * 1024 // 32 * 34


def test_layers_in_ram_keep_their_experts_there_once() -> None:
    """Experts of layers that are in RAM anyway are not moved twice."""
    model = make_decoder(model_type="qwen3_moe", experts=16)
    found = weights_by_layer(model, make_workload("Q8_0"))
    part, _ = estimate_weights(model, make_workload("Q8_0", n_gpu_layers=9, n_cpu_moe=10))
    assert part.bytes == sum(found.layers[8:]) - sum(found.experts[8:10]) + found.output


def test_other_engines_keep_all_on_the_device() -> None:
    """llama.cpp's options mean nothing to transformers."""
    part, host = estimate_weights(make_decoder(), make_workload("f16", "transformers", n_gpu_layers=3))
    assert (part.bytes, host) == (2 * make_decoder().parameters, 0)


def test_a_tower_is_no_layer() -> None:
    """A vision tower belongs to what is outside the layers."""
    plain = weights_by_layer(make_decoder(), make_workload("f16", "vllm"))
    seeing = weights_by_layer(make_decoder(added=TOWER), make_workload("f16", "vllm"))
    assert seeing.layers == plain.layers
    assert seeing.output - plain.output == 2 * 2 * (256 * 256 + 256)


@pytest.mark.parametrize(
    ("format_name", "engine", "word"),
    [("IQ2_M", "llama.cpp", "importance matrix"), ("nvfp4", "vllm", "makers"), ("mxfp4", "vllm", "Hopper")],
)
def test_what_was_assumed_is_said(format_name: str, engine: str, word: str) -> None:
    """Where files differ by their maker or kernel, the part says what it took for granted."""
    part, _ = estimate_weights(make_decoder(model_type="qwen3_moe", experts=8), make_workload(format_name, engine))
    assert any(word in said for said in part.assumptions)
