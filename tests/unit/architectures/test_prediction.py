"""Multi-token-prediction layers: described, but not counted as parameters."""

from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.records.architecture import Architecture, Role, Section
from support.configs import EXPERTS, LATENT, tiny

H = 64


def predictors(model: Architecture) -> int:
    """Return the parameters of the prediction layers."""
    return sum(t.parameters for t in model.tensors if t.section is Section.MTP)


@pytest.mark.parametrize(
    ("model_type", "keys"),
    [
        ("deepseek_v3", {**LATENT, **EXPERTS}),
        ("glm4_moe", {"head_dim": 8, **EXPERTS}),
        ("mimo", {"head_dim": 8}),
    ],
)
def test_a_predictor_is_one_more_layer_and_what_joins_it(model_type: str, keys: dict[str, Any]) -> None:
    """The layer itself, a matrix h × 2h and three norms; nothing of the model changes."""
    plain = tiny(model_type, **keys)
    deeper = tiny(model_type, num_hidden_layers=7, **keys)
    two = tiny(model_type, num_nextn_predict_layers=2, **keys)
    assert predictors(two) == 2 * (deeper.parameters - plain.parameters + 2 * H * H + 3 * H)
    assert two.parameters == plain.parameters
    assert two.caches == plain.caches
    assert {t.layers for t in two.tensors if t.section is Section.MTP} == {(6, 7)}


def test_no_predictor_is_assumed() -> None:
    """Where the config is silent there is none."""
    assert predictors(tiny("deepseek_v3", **LATENT, **EXPERTS)) == 0


def test_a_predictor_has_an_indexer_of_its_own() -> None:
    """Even where the model's last layer shares one."""
    keys = {**LATENT, **EXPERTS, "index_head_dim": 8, "index_n_heads": 2, "num_nextn_predict_layers": 1}
    model = tiny("glm_moe_dsa", indexer_types=["full"] + ["shared"] * 5, **keys)
    assert [t.layers for t in model.tensors if t.role is Role.ATTN_INDEXER and t.section is Section.MTP] == [(6,)] * 3


MEASURED = {
    "qwen3_5": (
        {"hidden_size": 5120, "num_attention_heads": 24, "num_key_value_heads": 4, "intermediate_size": 17408},
        424_699_392,
    ),
    "mimo": (
        {"hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 11008},
        210_790_400,
    ),
}
"""What the checkpoints of Qwen3.5-27B and MiMo-7B store beyond the model's parameters."""


def test_the_extra_tensors_of_two_checkpoints_come_out() -> None:
    """Exactly the surplus of the stored tensors over the model."""
    qwen, stored = MEASURED["qwen3_5"]
    text = {**qwen, "vocab_size": 1000, "num_hidden_layers": 4, "head_dim": 256, "mtp_num_hidden_layers": 1}
    assert predictors(describe({"model_type": "qwen3_5_text", **text})) == stored
    mimo, stored = MEASURED["mimo"]
    config = {"model_type": "mimo", "vocab_size": 1000, "num_hidden_layers": 4, "num_nextn_predict_layers": 1, **mimo}
    assert predictors(describe(config)) == stored
