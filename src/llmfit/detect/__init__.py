"""Looks at this machine: its GPUs as their drivers report them, and the RAM that a program may take."""

from llmfit.detect.machine import detect_device, device_without_gpu

__all__ = ["detect_device", "device_without_gpu"]
