import pytest

from llmfit.errors import UnsupportedWorkloadError
from llmfit.estimate.weights import estimate_weights, gguf, stored_bytes
from llmfit.estimate.weights.gguf_models import layer_count
from llmfit.estimate.weights.stored import Place, Stored
from llmfit.records.architecture import Architecture, Cache, CacheKind, Role, Section, Tensor
from support.formats import make_format, make_workload
from support.weights import TOWER, make_decoder


def rows(architecture: Architecture, scheme: str, *, towers: bool = False) -> list[Stored]:
    """Return the rows of the account."""
    return gguf.stored(architecture, make_format(scheme), towers=towers, mtp=False)


def layouts(architecture: Architecture, scheme: str, role: Role) -> set[str]:
    """Return the types of one role's tensors."""
    return {row.layout for row in rows(architecture, scheme) if row.role is role and row.section is Section.TEXT}


def test_q8_0_is_34_bytes_for_32_weights_and_norms_are_f32() -> None:
    """Every matrix in Q8_0, every norm in F32: counted on paper."""
    model = make_decoder()
    matrices = sum(t.parameters for t in model.tensors if len(t.shape) == 2)
    norms = 33 * 512
    assert stored_bytes(model, make_workload("Q8_0")) == matrices // 32 * 34 + norms * 4


def test_f16_keeps_norms_and_routers_in_f32() -> None:
    """The converter writes norms and routers in F32 whatever the scheme."""
    model = make_decoder(model_type="mixtral", experts=8)
    full = 33 * 512 + 16 * 8 * 512
    assert stored_bytes(model, make_workload("F16")) == 2 * (model.parameters - full) + 4 * full


def test_the_input_embedding_stays_in_ram() -> None:
    """llama.cpp keeps an untied input embedding in RAM alone."""
    model = make_decoder()
    part, host = estimate_weights(model, make_workload("Q8_0"))
    assert host == 1024 * 512 // 32 * 34
    assert part.bytes + host == stored_bytes(model, make_workload("Q8_0"))


def test_a_tied_embedding_lies_in_ram_and_on_the_device() -> None:
    """A tied head is the embedding once more, in the head's type, and is in the file once."""
    model = make_decoder(tied=True)
    part, host = estimate_weights(model, make_workload("Q4_K_M"))
    embedding = 1024 * 512 // 256 * 210
    assert host == embedding
    assert part.bytes == stored_bytes(model, make_workload("Q4_K_M"))
    assert [row.place for row in rows(model, "Q4_K_M") if row.role is Role.HEAD] == [Place.COPY]


def test_an_encoder_has_no_head_on_the_device() -> None:
    """An encoder's embedding is no output."""
    model = make_decoder(model_type="bert", tied=True, is_encoder_only=True)
    assert not [row for row in rows(model, "Q8_0") if row.place is Place.COPY]


def test_latent_attention_is_split_into_two_stacks() -> None:
    """kv_b becomes K (rows of qk_nope) and V (rows of the rank): 128 columns fall back from Q4_K."""
    layers = tuple(range(16))
    kv_b = Tensor(Role.ATTN_LATENT, "kv_b_proj", (8 * (128 + 64), 512), layers)
    extra = {"qk_nope_head_dim": 128, "v_head_dim": 64, "kv_lora_rank": 512}
    model = make_decoder(model_type="deepseek_v2", added=(kv_b,), extra=extra)
    found = {row.layout: row.layer_bytes for row in rows(model, "Q4_K_M") if row.role is Role.ATTN_LATENT}
    assert found == {"Q5_0": 8 * 512 * 128 // 32 * 22, "Q4_K": 8 * 64 * 512 // 256 * 144}


def test_a_fused_projection_is_split_where_the_converter_does() -> None:
    """Baichuan's W_pack becomes q, k and v; GPT-NeoX's stays attn_qkv."""
    layers = tuple(range(16))
    fused = Tensor(Role.ATTN_QKV, "W_pack", (3 * 512, 512), layers)
    split = make_decoder(model_type="baichuan", added=(fused,))
    whole = make_decoder(model_type="gpt_neox", added=(fused,))
    assert len([row for row in rows(split, "Q4_0") if row.role is Role.ATTN_QKV]) == 3
    assert len([row for row in rows(whole, "Q4_0") if row.role is Role.ATTN_QKV]) == 1


def test_values_are_counted_over_all_attention_layers() -> None:
    """A hybrid's attn_qkv and attn_v tensors share one count, in the order of the layers."""
    odd, even = tuple(range(1, 16, 2)), tuple(range(0, 16, 2))
    model = make_decoder(model_type="qwen3_5")
    tensors = [t for t in model.tensors if t.role is not Role.ATTN_V]
    tensors += [Tensor(Role.ATTN_V, "v_proj", (512, 512), odd), Tensor(Role.MIXER_IN, "in_proj_qkv", (512, 512), even)]
    model = make_decoder(model_type="qwen3_5", tensors=tuple(tensors))
    lifted = sorted(
        layer
        for row in rows(model, "Q4_K_M")
        if row.role in (Role.ATTN_V, Role.MIXER_IN) and row.layout == "Q6_K"
        for layer in row.layers
    )
    assert lifted == [0, 1, 4, 7, 10, 13, 14, 15]


def test_feed_forwards_on_some_layers_go_by_their_own_count() -> None:
    """Without experts the n-th down-projection counts as layer n, wherever it stands."""
    model = make_decoder(n=16)
    tensors = [t for t in model.tensors if t.role is not Role.MLP_DOWN]
    tensors.append(Tensor(Role.MLP_DOWN, "down_proj", (512, 1024), (8, 10, 12)))
    model = make_decoder(tensors=tuple(tensors))
    found = {row.layout: row.layers for row in rows(model, "Q4_K_S") if row.role is Role.MLP_DOWN}
    assert found == {"Q5_K": (8, 10), "Q4_K": (12,)}


def test_experts_go_by_layer() -> None:
    """With experts the layer's own number decides."""
    model = make_decoder(model_type="qwen3_moe", experts=16)
    tensors = [t for t in model.tensors if t.role is not Role.EXPERT_DOWN]
    tensors.append(Tensor(Role.EXPERT_DOWN, "down_proj", (512, 1024), (1, 8), 16))
    model = make_decoder(model_type="qwen3_moe", experts=16, tensors=tuple(tensors))
    found = {row.layout: row.layers for row in rows(model, "Q4_K_S") if row.role is Role.EXPERT_DOWN}
    assert found == {"Q5_K": (1,), "Q4_K": (8,)}


@pytest.mark.parametrize(("model_type", "layers"), [("glm4_moe", 47), ("deepseek_v3", 46), ("unheard_of", 46)])
def test_layers_are_counted_as_in_the_file(model_type: str, layers: int) -> None:
    """`-ngl` counts next-token layers where the converter keeps them; DeepSeek-V3's are dropped."""
    model = make_decoder(model_type=model_type, n=46, extra={"num_nextn_predict_layers": 1})
    assert layer_count(model) == layers


def test_next_token_layers_count_as_layers_where_the_file_keeps_them() -> None:
    """GLM-4.5 says 47 layers for 46: the last eighth begins one later."""
    plain = make_decoder(model_type="glm4_moe", experts=16, n=46)
    more = make_decoder(model_type="glm4_moe", experts=16, n=46, extra={"num_nextn_predict_layers": 1})
    middle = [
        [row.layers for row in rows(model, "IQ3_XS") if row.role is Role.EXPERT_UP and row.layout == "IQ3_XXS"]
        for model in (plain, more)
    ]
    assert middle == [[tuple(range(5, 40))], [tuple(range(5, 41))]]


def test_encoder_decoders_count_in_alphabetical_order() -> None:
    """A T5 file lies in the order of its names: dec.0, dec.1, dec.10, …, then enc."""
    layers = tuple(range(12))
    values = [
        Tensor(Role.ATTN_V, "v", (512, 512), layers, section=section) for section in (Section.ENCODER, Section.TEXT)
    ]
    model = make_decoder(model_type="t5", n=12, is_encoder_decoder=True)
    tensors = [t for t in model.tensors if t.role is not Role.ATTN_V]
    model = make_decoder(model_type="t5", n=12, is_encoder_decoder=True, tensors=(*tensors, *values))
    first = [row for row in rows(model, "Q4_K_S") if row.role is Role.ATTN_V and row.layout == "Q5_K"]
    assert [(row.section, row.layers) for row in first] == [(Section.TEXT, (0, 1, 10, 11))]


def test_a_hybrid_that_begins_without_attention_has_no_grouped_queries() -> None:
    """llama.cpp asks the first layer for its KV heads; Jamba's has none."""
    cache = Cache(CacheKind.FULL, (4,), 64, 64, 2)
    jamba = make_decoder(model_type="jamba", kv_heads=2, caches=(cache,))
    llama = make_decoder(kv_heads=2, caches=(cache,))
    assert layouts(jamba, "Q2_K", Role.ATTN_V) == {"Q3_K"}
    assert layouts(llama, "Q2_K", Role.ATTN_V) == {"Q4_K"}


@pytest.mark.parametrize(
    ("model_type", "kv_heads", "lifted"),
    [("llama", 2, True), ("llama", 8, False), ("qwen2", 8, True), ("qwen3", 2, False)],
)
def test_eighty_layers_make_a_seventy_billion(model_type: str, kv_heads: int, *, lifted: bool) -> None:
    """Some architectures with 80 layers get better values, whatever their width."""
    model = make_decoder(model_type=model_type, n=80, kv_heads=kv_heads)
    assert ("Q5_K" in layouts(model, "Q3_K_S", Role.ATTN_V)) is lifted


def test_experts_published_in_mxfp4_stay_so() -> None:
    """gpt-oss keeps its experts in MXFP4 under every scheme; the rest falls back where rows of 2880 need it."""
    model = make_decoder(model_type="gpt_oss", h=2880, heads=64, kv_heads=8, experts=32, inter=2880, n=2)
    for scheme in ("Q4_K_M", "F16", "MXFP4_MOE"):
        assert layouts(model, scheme, Role.EXPERT_DOWN) == {"MXFP4"}
    assert layouts(model, "Q4_K_M", Role.ATTN_Q) == {"Q5_0"}
    assert layouts(model, "MXFP4_MOE", Role.ATTN_Q) == {"Q8_0"}


def test_mxfp4_of_llamacpp_is_its_expert_scheme() -> None:
    """Asked for mxfp4, llama.cpp stores experts so and the rest in Q8_0."""
    model = make_decoder(model_type="gpt_oss", experts=32)
    assert stored_bytes(model, make_workload("mxfp4")) == stored_bytes(model, make_workload("MXFP4_MOE"))


def test_towers_are_a_file_of_their_own() -> None:
    """The vision projector is loaded with images only: matrices in F16, norms in F32."""
    model = make_decoder(added=TOWER)
    without, _ = estimate_weights(model, make_workload("Q8_0"))
    with_images, _ = estimate_weights(model, make_workload("Q8_0", images=1))
    assert with_images.bytes - without.bytes == 2 * (256 * 256 * 2 + 256 * 4)
    assert without.assumptions == ("vision projector not loaded",)


@pytest.mark.parametrize(
    ("model_type", "scheme", "word"),
    [("opt", "Q4_K_M", "convert opt"), ("llama", "MXFP4_MOE", "experts")],
)
def test_what_llamacpp_cannot_make_is_refused(model_type: str, scheme: str, word: str) -> None:
    """An unknown architecture and a scheme for experts without any are no guesses."""
    with pytest.raises(UnsupportedWorkloadError, match=word) as caught:
        stored_bytes(make_decoder(model_type=model_type), make_workload(scheme))
    assert caught.value.hint
