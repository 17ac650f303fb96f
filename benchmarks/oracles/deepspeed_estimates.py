"""What DeepSpeed's estimators say of ZeRO-2 and ZeRO-3 over 8 GPUs, from counts of parameters alone.

    pip install deepspeed==0.19.8 torch
    python benchmarks/oracles/deepspeed_estimates.py PARAMETERS LARGEST_MODULE ...

Prints bytes per GPU; the largest module's 4 B are taken off where ZeRO-3 keeps its weights on the GPU.
"""

import sys

GPUS = 8


def estimates(parameters: int, largest: int) -> dict[str, int]:
    """Return the three figures of `data/reference/training_oracles.yaml`."""
    from deepspeed.runtime.zero.stage3 import estimate_zero3_model_states_mem_needs as third
    from deepspeed.runtime.zero.stage_1_and_2 import estimate_zero2_model_states_mem_needs as second

    offloaded = third(parameters, largest, num_gpus_per_node=GPUS, cpu_offload=True, cpu_offload_params=False)
    return {
        "zero2_8": int(second(parameters, num_gpus_per_node=GPUS, cpu_offload=False)[1]),
        "zero2_8_offload": int(second(parameters, num_gpus_per_node=GPUS, cpu_offload=True)[1]),
        "zero3_8_offload": int(offloaded[1]) - 4 * largest,
    }


def main() -> None:
    """Print the figures of each pair of counts."""
    words = [int(word) for word in sys.argv[1:]]
    for parameters, largest in zip(words[::2], words[1::2], strict=True):
        print(parameters, estimates(parameters, largest))


if __name__ == "__main__":
    main()
