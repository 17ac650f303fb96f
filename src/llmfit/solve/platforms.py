"""Which engines run on whose GPUs.

vLLM's installation page (docs.vllm.ai, v0.31.0, getting_started/installation/gpu, read 2026-11-21) names NVIDIA, AMD
and Intel; Apple's GPUs need a plugin of other rules, which runs checkpoints of MLX. llama.cpp and PyTorch have kernels
for all of them (`ggml-cuda`, `ggml-hip`, `ggml-metal`, `ggml-vulkan`; `torch.mps`).
"""

from llmfit.errors import UnsupportedWorkloadError
from llmfit.records.device import Device


def runs_on(engine: str, device: Device | None) -> bool:
    """Return whether the engine has kernels for every GPU of the device; without GPUs nothing speaks against it."""
    if engine != "vllm" or device is None:
        return True
    return all(gpu.platform != "metal" for gpu in device.gpus)


def check_platform(engine: str, device: Device | None) -> None:
    """Check that the engine runs on the device.

    Raises:
        UnsupportedWorkloadError: It has no kernels for its GPUs.
    """
    if not runs_on(engine, device):
        raise UnsupportedWorkloadError(
            "vllm does not run on Apple's GPUs", hint="Engines that do: llama.cpp, transformers"
        )
