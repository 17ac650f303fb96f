"""Write a GGUF file without weights: llama.cpp's own converter over tensors that exist in name and shape alone.

python sparse_gguf.py LLAMA_CPP_FOLDER CONFIG.json OUT.gguf

Runs with torch and transformers of 2026-11 and the `conversion` package of llama.cpp 0c1e570, which it reaches into:
another version of any of them may need another line here.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

Tensors = dict[str, Any]
TIED_TO_HEAD = ("tie_word_embeddings",)
PADDED_VOCABULARY = {"gemma3": 262_144, "gemma3_text": 262_144}
"""Words that the tokenizer knows, where the configuration states more."""


def main(llama_cpp: str, config: str, out: str) -> None:
    """Convert and cut the file to the length that its tensors would have."""
    sys.path[:0] = [llama_cpp, str(Path(llama_cpp) / "gguf-py")]
    with tempfile.TemporaryDirectory() as folder:
        raw = prepare(json.loads(Path(config).read_text("utf-8")), Path(folder))
        tensors = shapes_of(Path(folder), raw)
        convert(Path(folder), raw, tensors, Path(out))


def prepare(raw: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Write the configuration with the defaults of its class, as converters expect it."""
    from transformers import AutoConfig

    raw = {key: value for key, value in raw.items() if key not in ("quantization_config", "auto_map")}
    path = folder / "config.json"
    path.write_text(json.dumps(raw), "utf-8")
    if raw["model_type"] != "nemotron_h":  # its converter tells dense models from those with experts by absent keys
        raw = {**AutoConfig.from_pretrained(folder).to_dict(), **raw}
    raw["architectures"] = [class_of(AutoConfig.from_pretrained(folder), raw).__name__]
    if raw["model_type"].startswith("gemma"):
        words = {"model": {"vocab": {str(i): i for i in range(262_144)}}, "added_tokens": []}
        (folder / "tokenizer.json").write_text(json.dumps(words), "utf-8")
    path.write_text(json.dumps(raw, default=str), "utf-8")
    return raw


def class_of(config: Any, raw: dict[str, Any]) -> Any:  # noqa: ANN401 - classes of a library that is not installed here
    """Return the class that the configuration names, or the one for its type."""
    import transformers
    from transformers.models.auto import modeling_auto as auto

    for name in raw.get("architectures") or ():
        if found := getattr(transformers, name, None):
            return found
    for mapping in (auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING, auto.MODEL_FOR_CAUSAL_LM_MAPPING, auto.MODEL_MAPPING):
        if type(config) in mapping:
            found = mapping[type(config)]
            return found[0] if isinstance(found, tuple) else found
    raise SystemExit(f"transformers has no class for {raw['model_type']}")


def shapes_of(folder: Path, raw: dict[str, Any]) -> Tensors:
    """Return the tensors of a checkpoint, on the meta device, by the names that checkpoints have."""
    import torch
    from transformers import AutoConfig
    from transformers.core_model_loading import revert_weight_conversion

    config = AutoConfig.from_pretrained(folder)
    kind = class_of(config, raw)
    with torch.device("meta"):
        model = kind(config)
    found: Tensors = dict(model.state_dict())
    text = config.get_text_config()
    if any(getattr(one, name, False) for one in (config, text) for name in TIED_TO_HEAD):
        for name in getattr(model, "_tied_weights_keys", None) or ():
            found.pop(name, None)
    reverted: Tensors = revert_weight_conversion(model, found)
    return _with_shared(reverted, raw.get("text_config", raw))


def _with_shared(tensors: Tensors, text: dict[str, Any]) -> Tensors:
    """Add keys and values of Gemma 3n's last layers, which checkpoints hold and nobody uses."""
    layers, shared = text.get("num_hidden_layers") or 0, text.get("num_kv_shared_layers") or 0
    if not str(text.get("model_type", "")).startswith("gemma3n"):
        return tensors
    first = {
        name: tensor
        for name, tensor in tensors.items()
        if ".layers.0.self_attn.k" in name or ".layers.0.self_attn.v" in name
    }
    for layer in range(layers - shared, layers):
        for name, tensor in first.items():
            tensors.setdefault(name.replace(".layers.0.", f".layers.{layer}."), tensor)
    return tensors


def convert(folder: Path, raw: dict[str, Any], tensors: Tensors, out: Path) -> None:
    """Let the converter write the header, and leave a hole where the data would follow."""
    import gguf
    import torch
    from conversion import LazyTorchTensor, ModelBase, ModelType, get_model_architecture, get_model_class

    if raw["model_type"] == "nemotron_h" and "n_routed_experts" not in raw:
        ModelBase.load_hparams = staticmethod(lambda *_, **__: {"layer_norm_epsilon": 1e-5, **raw})
    kind = get_model_class(get_model_architecture(ModelBase.load_hparams(folder, False), ModelType.TEXT))
    if hasattr(kind, "no_mtp"):
        kind.no_mtp = True

    def index(self: Any, *_: Any, **__: Any) -> Tensors:  # noqa: ANN401 - the converter's own class
        def lazy(shape: Any) -> Any:  # noqa: ANN401 - a tensor of a library that is not installed here
            empty = torch.empty(shape, dtype=torch.bfloat16, device="meta")
            return LazyTorchTensor(meta=empty, args=(), func=lambda: torch.zeros(shape, dtype=torch.bfloat16))

        kept = (self.filter_tensors((name, lambda shape=one.shape: lazy(shape))) for name, one in tensors.items())
        return dict(pair for pair in kept if pair)

    def vocabulary(self: Any) -> None:  # noqa: ANN401 - the converter's own class
        words = PADDED_VOCABULARY.get(raw["model_type"]) or self.hparams.get("vocab_size")
        self.gguf_writer.add_tokenizer_model("none")
        if kinds := self.hparams.get("type_vocab_size"):
            self.gguf_writer.add_token_type_count(kinds)
        if words:
            self.gguf_writer.add_vocab_size(words)

    ModelBase.index_tensors, kind.set_vocab = index, vocabulary
    with torch.inference_mode():
        model = kind(folder, gguf.LlamaFileType.MOSTLY_F16, out)
        model.prepare_tensors()
        model.prepare_metadata(False)
    write_hole(model.gguf_writer, out)


def write_hole(writer: Any, out: Path) -> None:  # noqa: ANN401 - gguf is a development dependency of tests alone
    """Write metadata and the list of tensors, and set the file's length."""
    writer.write_header_to_file(path=out)
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    step = writer.data_alignment
    data = sum(-(-info.nbytes // step) * step for info in writer.tensors[0].values())
    writer.fout[0].flush()
    head = -(-writer.fout[0].tell() // step) * step
    writer.close()
    os.truncate(out, head + data)


if __name__ == "__main__":
    main(*sys.argv[1:])
