"""How a language model, a vision tower and a projector make one model."""

from collections.abc import Callable, Mapping
from typing import Any

from llmfit.architectures.blocks.heads import LM, task_head
from llmfit.architectures.blocks.vit import tower
from llmfit.architectures.decoder import Decoder
from llmfit.architectures.reader import Config
from llmfit.architectures.stack import Stack
from llmfit.errors import UnsupportedArchitectureError
from llmfit.records.architecture import Architecture, Section
from llmfit.records.frozen import dataclass

Tower = Callable[[Stack], int]
"""Adds a tower's tensors; returns the width of what it hands on."""
Projector = Callable[[Stack, Stack, int], None]
"""Adds what lies between: (projector's stack, text stack, tower's width)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Multimodal:
    """A recipe: the text's decoder, the tower, the projector."""

    text: Decoder | Mapping[str, Decoder]
    """The decoder, or one for each `model_type` of `text_config`."""
    vision: Tower
    project: Projector
    tied: bool = False
    """What it means where neither config states `tie_word_embeddings`."""
    vision_defaults: Mapping[str, Any] | None = None
    vision_aliases: Mapping[str, str] | None = None
    vision_required: bool = True
    """Whether an absent `vision_config` is refused."""
    vision_types: tuple[str, ...] = ()
    """Values of `vision_config.model_type` that this tower fits; all where empty."""
    no_audio: bool = True
    """Whether an `audio_config` is refused."""

    def __call__(self, model_type: str, values: Mapping[str, Any]) -> Architecture:
        """Describe all three parts."""
        top = Config(values, aliases={"mm_hidden": "mm_hidden_size"})
        nested = top.child("text_config").values
        flat = not nested
        decoder = self._decoder(nested)
        stack = Stack(decoder.read(values if flat else nested, path="" if flat else "text_config."))
        if task_head(top) != LM:
            top.unsupported("architectures", "names a head other than the language model's")
        decoder.build(stack, tied=self._ties(top, stack.config))
        if not self.no_audio or top.raw("audio_config") is None:
            self._add_vision(stack, top)
        else:
            top.unsupported("audio_config", "describes an audio tower")
        context = stack.config.tokens(decoder.context)
        return stack.architecture(model_type=model_type, context=context)

    def _decoder(self, nested: Mapping[str, Any]) -> Decoder:
        if isinstance(self.text, Decoder):
            return self.text
        name = nested.get("model_type")
        if not isinstance(name, str):
            name = next(iter(self.text))
        decoder = self.text.get(name)
        if decoder is None:
            raise UnsupportedArchitectureError(f"a text_config of model_type {name[:60]!a} is not described here")
        return decoder

    def _ties(self, top: Config, text: Config) -> bool:
        """The whole model's flag, then the text's, then the family's habit."""
        if top.raw("tie_word_embeddings") is not None:
            return top.flag("tie_word_embeddings")
        return text.flag("tie_word_embeddings", self.tied)

    def _add_vision(self, stack: Stack, top: Config) -> None:
        config = top.child("vision_config", aliases=self.vision_aliases, defaults=self.vision_defaults)
        if not config.values:
            if self.vision_required:
                top.invalid("vision_config", "is missing")
            stack.notes.append("vision_config is absent: the tower of the family's published models is assumed")
        if self.vision_types:
            config.only("model_type", *self.vision_types)
        width = self.vision(tower(stack, config))
        between = Stack(top, parent=stack, section=Section.PROJECTOR)
        between.hidden = stack.hidden
        between.extra["vision_patch_size"] = config.size("patch_size", 1)
        self.project(between, stack, width)
