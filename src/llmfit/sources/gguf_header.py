"""What the header of a GGUF file says of its model, by the keys of its architecture."""

from typing import Any

from llmfit.records.checkpoint import Checkpoint

Fields = dict[str, Any]
"""Fields of `config.json`."""
MOST_LAYERS = 2000


class Header:
    """A checkpoint's metadata and names of tensors, by what they say."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.metadata = checkpoint.metadata
        name = checkpoint.metadata.get("general.architecture")
        self.architecture = name if isinstance(name, str) else ""
        self.shapes = {tensor.name: tensor.shape for tensor in checkpoint.tensors}

    def value(self, key: str) -> Any:  # noqa: ANN401 - a value of any GGUF type
        """Return a value of the architecture's own; of a list of equal values the value."""
        found = self.metadata.get(f"{self.architecture}.{key}")
        if isinstance(found, list) and found and all(item == found[0] for item in found):
            return found[0]
        return found

    def number(self, key: str) -> int:
        """Return a whole number of the architecture's own; 0 where there is none."""
        found = self.value(key)
        return found if isinstance(found, int) and not isinstance(found, bool) else 0

    def each(self, key: str) -> list[Any] | None:
        """Return a value for each layer; None where the file has none, or not one for each."""
        found, layers = self.metadata.get(f"{self.architecture}.{key}"), self.layers
        if isinstance(found, list):
            return found[:layers] if len(found) >= layers else None
        return None if found is None else [found] * layers

    @property
    def layers(self) -> int:
        """Layers of the model itself, without those for next-token prediction."""
        layers, nextn = self.number("block_count"), self.number("nextn_predict_layers")
        return min(layers - nextn if 0 < nextn < layers else layers, MOST_LAYERS)

    def has(self, name: str) -> bool:
        """Whether the first layers hold a tensor of this name."""
        return any(f"blk.{layer}.{name}" in self.shapes for layer in (0, 1, 3))

    def rows(self, name: str) -> int | None:
        """Return the outer dimension of a tensor."""
        shape = self.shapes.get(name)
        return shape[0] if shape else None
