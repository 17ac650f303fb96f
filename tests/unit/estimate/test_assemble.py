"""Whole estimates: parts, defaults, several GPUs, offload."""

import pytest

from llmfit.estimate import estimate
from llmfit.estimate.defaults import resolve
from llmfit.estimate.overhead import estimate_overhead
from llmfit.estimate.parallel import divide_layers
from llmfit.estimate.versions import build_of, is_before
from llmfit.fit import fit
from llmfit.records.architecture import Cache, CacheKind, Role
from llmfit.records.estimate import PartName, Verdict
from support.loads import GIB, MIB, make_architecture, make_device, make_large, make_load

ENGINES = ("llama.cpp", "transformers", "vllm")


@pytest.mark.parametrize("engine", ENGINES)
def test_an_estimate_has_four_parts_in_order(engine: str) -> None:
    """Weights, cache, activations, overhead: and they are the whole."""
    found = estimate(make_architecture(), make_load(engine))
    assert [part.name for part in found.parts] == [
        PartName.WEIGHTS,
        PartName.KV_CACHE,
        PartName.ACTIVATION,
        PartName.OVERHEAD,
    ]
    assert found.total_bytes == sum(part.bytes for part in found.parts)
    assert not found.unknown


@pytest.mark.parametrize("engine", ENGINES)
def test_explaining_changes_no_byte(engine: str) -> None:
    """Lines and assumptions are added; the figures stay."""
    plain = estimate(make_architecture(), make_load(engine))
    shown = estimate(make_architecture(), make_load(engine), explain=True)
    several = estimate(make_architecture(), make_load(engine), device=make_device(24, 24), explain=True)
    assert [part.bytes for part in plain.parts] == [part.bytes for part in shown.parts]
    for part in (*shown.parts, *several.parts):
        assert sum(line.bytes for line in part.lines) == part.bytes


def test_llama_cpp_keeps_the_embedding_in_ram() -> None:
    """Host bytes: the input embedding in Q8_0, the inputs of a micro-batch, the mask."""
    found = estimate(make_architecture(), make_load(context=4096))
    assert found.host_bytes == 1000 * 512 * 34 // 32 + 512 * (8 * 512 + 4096 * 2)
    assert estimate(make_architecture(), make_load("transformers")).host_bytes == 0


def test_a_context_beyond_the_model_is_warned_of() -> None:
    """32,768 tokens are known; 40,000 are asked for."""
    assert estimate(make_architecture(), make_load(context=32768)).warnings == ()
    assert "longer than the model's 32768" in estimate(make_architecture(), make_load(context=40000)).warnings[0]


def test_the_platform_decides_the_overhead() -> None:
    """Metal takes nothing beyond the buffers, CUDA its context."""
    cuda, metal = (
        estimate_overhead(make_architecture(), make_load(), device=make_device(24, platform=name)).bytes
        for name in ("cuda", "metal")
    )
    assert (cuda, metal) == (456 * MIB, 0)


def test_a_machine_without_a_gpu_has_no_context_of_one() -> None:
    """llama.cpp on the processor takes no CUDA context."""
    assert estimate_overhead(make_architecture(), make_load(), device=make_device(ram=32)).bytes == 0


def test_an_unmeasured_platform_says_so() -> None:
    """The figures of transformers on ROCm are those of CUDA, and it says so."""
    device = make_device(24, platform="rocm", vendor="amd")
    part = estimate_overhead(make_architecture(), make_load("transformers"), device=device, explain=True)
    assert "rocm was not measured" in part.assumptions[0]
    unnamed = estimate_overhead(make_architecture(), make_load("transformers"), device=None, explain=True)
    assert "no device was named" in unnamed.assumptions[0]


@pytest.mark.parametrize("engine", ENGINES)
def test_overhead_has_a_range_around_its_figure(engine: str) -> None:
    """Each constant carries the spread in which it was measured."""
    part = estimate_overhead(make_architecture(), make_load(engine), device=make_device(24), tensor_bytes=GIB)
    assert part.low is not None
    assert part.high is not None
    assert part.low <= part.bytes <= part.high


def test_no_graphs_without_cuda_graphs() -> None:
    """`enforce_eager` saves what the captured graphs take."""
    graphs, eager = (
        estimate_overhead(make_architecture(), make_load("vllm", enforce_eager=flag), device=make_device(24)).bytes
        for flag in (False, True)
    )
    assert graphs - eager == 418759311


@pytest.mark.parametrize(
    ("card", "gib", "sequences", "tokens"),
    [("H100", 79.2, 1024, 8192), ("A100 80GB", 79.1, 256, 2048), ("RTX 4090", 23.5, 256, 2048)],
)
def test_vllm_defaults_follow_the_card(card: str, gib: float, sequences: int, tokens: int) -> None:
    """Its server takes larger steps from 70 GiB on, but not on an A100."""
    options = resolve(make_architecture(), make_load("vllm"), device=make_device(gib, name=card)).options
    assert (options.max_num_seqs, options.max_num_batched_tokens) == (sequences, tokens)


def test_given_options_stay() -> None:
    """What the user says is not replaced by a default."""
    given = make_load("vllm", max_num_seqs=7, max_num_batched_tokens=99)
    options = resolve(make_architecture(), given, device=None).options
    assert (options.max_num_seqs, options.max_num_batched_tokens) == (7, 99)


def test_layers_are_divided_among_gpus() -> None:
    """Three equal GPUs of llama.cpp hold 2, 2 and 1 of four layers and the output, and a buffer each."""
    found = estimate(make_architecture(), make_load(), device=make_device(24, 24, 24))
    assert len(found.per_gpu_bytes) == 3
    assert found.per_gpu_bytes[0] == found.per_gpu_bytes[1] > found.per_gpu_bytes[2]


@pytest.mark.parametrize(
    ("layers", "cards", "counts"),
    [(33, [24, 24], [17, 16]), (33, [24, 8], [25, 8]), (5, [1, 1, 1], [2, 2, 1]), (81, [1, 1, 1, 1], [21, 20, 20, 20])],
)
def test_larger_cards_hold_more_layers(layers: int, cards: list[int], counts: list[int]) -> None:
    """The engine divides by the memory that there is."""
    assert divide_layers(layers, cards) == counts


def test_mixed_cards_fit_by_their_shares() -> None:
    """A large and a small card together run what each alone cannot, and each is compared with its own share."""
    device = make_device(24, 12)
    found = estimate(make_large(), make_load(), device=device)
    assert found.per_gpu_bytes[0] > 1.5 * found.per_gpu_bytes[1]
    assert fit(found, device).verdict is Verdict.FITS


def test_tensor_parallelism_divides_no_latent() -> None:
    """Heads are divided as far as there are any; a latent lies whole on every GPU."""
    device = make_device(80, 80, 80, 80)
    heads = estimate(make_architecture(), make_load("vllm", tensor_parallel=4), device=device)
    latent = make_architecture(caches=(Cache(CacheKind.LATENT, (0, 1, 2, 3), 576, 0, 1),))
    whole = estimate(latent, make_load("vllm", tensor_parallel=4), device=device)
    cache = whole.part_bytes(PartName.KV_CACHE)
    rest = whole.total_bytes - cache
    kept = heads.part_bytes(PartName.KV_CACHE)
    # Norms are on every GPU, and each of the two KV heads on two of them: some of the weights are there twice.
    assert rest / 4 + cache < whole.per_gpu_bytes[0] < 1.02 * (rest / 4 + cache)
    evenly = (heads.total_bytes - kept) / 4 + kept / 2
    assert evenly < heads.per_gpu_bytes[0] < 1.02 * evenly


@pytest.mark.parametrize(
    ("version", "limit", "before"),
    [("4.44.2", (4, 45), True), ("4.45.0", (4, 45), False), ("5.1", (4, 45), False), (None, (4, 45), False)],
)
def test_versions_compare_as_numbers(version: str | None, limit: tuple[int, ...], *, before: bool) -> None:
    """The default version is never an old one."""
    assert is_before(version, limit) is before


def test_builds_are_numbers_after_a_letter() -> None:
    """llama.cpp's tags are `b` and the number of commits."""
    assert (build_of("b5218"), build_of(None), build_of("master")) == (5218, None, None)


@pytest.mark.parametrize(("platform", "copies"), [("metal", 1), ("cuda", 2), ("vulkan", 2)])
def test_metal_reads_a_tied_head_where_the_file_is_mapped(platform: str, copies: int) -> None:
    """The embedding in RAM and the head on the GPU are the same pages there; another GPU has a copy of its own."""
    untied = make_architecture()
    tied = make_architecture(
        tied_embeddings=True, tensors=tuple(one for one in untied.tensors if one.role is not Role.HEAD)
    )
    device = make_device(24, ram=24, unified=True, platform=platform)
    found, plain = (estimate(one, make_load(), device=device) for one in (tied, untied))
    embedding = 1000 * 512 * 34 // 32
    assert plain.host_bytes - found.host_bytes == (2 - copies) * embedding
    cpu = estimate(tied, make_load(n_gpu_layers=0), device=device)
    assert cpu.host_bytes >= embedding
