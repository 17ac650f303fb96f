"""Which recipe describes which `model_type`."""

from llmfit.architectures.decoder import Describe
from llmfit.architectures.families import deepseek, gemma, gpt, hybrid, llama, remote, sparse

FAMILIES: dict[str, Describe] = {
    **llama.FAMILIES,
    **sparse.FAMILIES,
    **deepseek.FAMILIES,
    **gemma.FAMILIES,
    **gpt.FAMILIES,
    **remote.FAMILIES,
    **hybrid.FAMILIES,
}
