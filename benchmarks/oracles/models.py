"""Models as the oracles need them: made from a `config.json`, without weights."""

import json
from pathlib import Path
from typing import Any

_DROPPED = ("torch_dtype", "dtype", "auto_map", "quantization_config")
"""Fields that say how a checkpoint is stored, not what the model is."""


def make_model(path: Path, *, layers: int | None = None, attention: str = "sdpa", **options: Any) -> Any:  # noqa: ANN401 - a torch module, and torch is no dependency
    """Return transformers' model of a config, on the device and in the mode that are set around the call."""
    from transformers import AutoConfig, AutoModelForCausalLM

    values = json.loads(path.read_text(encoding="utf-8"))
    kind = values.pop("model_type")
    for name in _DROPPED:
        values.pop(name, None)
    config = AutoConfig.for_model(kind, **values)
    config.use_cache = False
    if layers is not None:
        config.num_hidden_layers = layers
        if getattr(config, "layer_types", None):
            config.layer_types = config.layer_types[:layers]
    return AutoModelForCausalLM.from_config(config, attn_implementation=attention, **options)
