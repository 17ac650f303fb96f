"""Which recipe describes which `model_type`."""

from llmfit.architectures.decoder import Describe
from llmfit.architectures.families import (
    deepseek,
    deepseek_v4,
    encoders,
    gemma,
    gemma4,
    gpt,
    hybrid,
    irregular,
    llama,
    remote,
    seq2seq,
    sparse,
    vision,
    vision_glm,
    vision_llama,
    vision_new,
)

FAMILIES: dict[str, Describe] = {
    **llama.FAMILIES,
    **sparse.FAMILIES,
    **deepseek.FAMILIES,
    **gemma.FAMILIES,
    **gemma4.FAMILIES,
    **deepseek_v4.FAMILIES,
    **gpt.FAMILIES,
    **remote.FAMILIES,
    **hybrid.FAMILIES,
    **encoders.FAMILIES,
    **seq2seq.FAMILIES,
    **vision.FAMILIES,
    **vision_glm.FAMILIES,
    **vision_llama.FAMILIES,
    **vision_new.FAMILIES,
    **irregular.FAMILIES,
}
