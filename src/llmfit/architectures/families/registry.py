"""Which recipe describes which `model_type`."""

from llmfit.architectures.decoder import Describe
from llmfit.architectures.families import deepseek, encoders, gemma, gpt, hybrid, llama, remote, seq2seq, sparse, vision

FAMILIES: dict[str, Describe] = {
    **llama.FAMILIES,
    **sparse.FAMILIES,
    **deepseek.FAMILIES,
    **gemma.FAMILIES,
    **gpt.FAMILIES,
    **remote.FAMILIES,
    **hybrid.FAMILIES,
    **encoders.FAMILIES,
    **seq2seq.FAMILIES,
    **vision.FAMILIES,
}
