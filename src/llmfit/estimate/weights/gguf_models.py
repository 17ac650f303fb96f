"""What llama.cpp's converter does with each architecture, where it matters for bytes.

Read at llama.cpp 0c1e57098, conversion/*.py and src/models/*.cpp. A `model_type` that is not here
has no converter, or none that was read: its GGUF size is unknown.
"""

from typing import NamedTuple

from llmfit.records.architecture import Architecture


class GgufModel(NamedTuple):
    """How one architecture becomes a GGUF file."""

    splits_qkv: bool = False
    """A fused checkpoint tensor becomes attn_q, attn_k and attn_v."""
    seventy: str = ""
    """With 80 layers llama.cpp calls it a 70B and lifts attn_v: `grouped` queries only, or `always`."""
    keeps_mtp: bool = False
    """Next-token layers are in the file, and counted when layers are told apart."""
    falcon: bool = False
    native_experts: bool = False
    """Experts were published in MXFP4 and stay so in every scheme."""
    per_layer_kv_heads: bool = False
    """KV heads are written per layer; a first layer without attention counts as none."""


_PLAIN = """
afmoe apertus arcee arctic bert bitnet bloom chatglm cohere cohere2 dbrx deepseek deepseek_v2 deepseek_v3
distilbert dots1 ernie4_5 ernie4_5_moe eurobert exaone exaone4 falcon_h1 falcon_mamba gemma gemma2 gemma3
gemma3_text gemma3n gemma3n_text gemma4 gemma4_text gemma4_unified glm glm4 glm4v glm4v_text gpt2 gpt_bigcode
gpt_neox granite granitemoe granitemoeshared granite_swa hunyuan_v1_dense hunyuan_v1_moe internlm3 kimi_k2
kimi_k25 kimi_linear laguna llama4 llama4_text llava llava_next mamba mamba2 mellum minicpm minicpm3 minimax
minimax_m2 minimax_m3_vl ministral3 mistral3 modernbert mpt nemotron nomic_bert
olmo2 olmo3 olmoe openelm orion phi phi-msft phi3 phimoe plamo qwen qwen2_moe qwen3 qwen3_moe qwen3_vl
qwen3_vl_text qwen3_vl_moe qwen3_omni_moe qwen2_audio refact roberta rwkv6 seed_oss smallthinker smollm3
smolvlm solar_open stablelm starcoder2 t5 mt5 umt5 xlm-roberta xverse youtu
"""
_PER_LAYER = "jamba granitemoehybrid bamba nemotron_h lfm2 lfm2_moe lfm2_vl plamo2"
_MTP = """
glm4_moe glm4_moe_lite glm_moe_dsa glm5_next deepseek_v32 deepseek_v4 qwen3_next qwen3_5 qwen3_5_text
qwen3_5_moe qwen3_5_moe_text exaone_moe exaone4_5 bailing_moe mimo_v2_flash hy_v3
"""

MODELS: dict[str, GgufModel] = {
    **dict.fromkeys(_PLAIN.split(), GgufModel()),
    **dict.fromkeys(_PER_LAYER.split(), GgufModel(per_layer_kv_heads=True)),
    **dict.fromkeys(_MTP.split(), GgufModel(keeps_mtp=True)),
    **dict.fromkeys(("llama", "mistral", "mixtral"), GgufModel(seventy="grouped")),
    **dict.fromkeys(("nemotron-nas", "olmo", "qwen2"), GgufModel(seventy="always")),
    **dict.fromkeys(("qwen2_vl", "qwen2_vl_text", "qwen2_5_vl", "qwen2_5_vl_text"), GgufModel()),
    **dict.fromkeys(("baichuan", "internlm2"), GgufModel(splits_qkv=True)),
    "falcon": GgufModel(falcon=True),
    "gpt_oss": GgufModel(native_experts=True),
}


def layer_count(architecture: Architecture) -> int:
    """Return the layers as llama.cpp counts them: next-token layers too, where the file keeps them."""
    n, model = architecture.num_hidden_layers, MODELS.get(architecture.model_type)
    if model is None or not model.keeps_mtp:
        return n
    return n + architecture.extra.get("num_nextn_predict_layers", 0)
