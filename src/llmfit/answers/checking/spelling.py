"""How the changes of a check are written where its question stands: on the command line, or in the deploy file."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from llmfit.estimate.options import OPTIONS
from llmfit.records.deployment import Change
from llmfit.records.device import Device
from llmfit.records.format import Format
from llmfit.records.frozen import dataclass
from llmfit.records.workload import Workload

_COUNTED = re.compile(r"(?:(\d+)x )?(.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """Where a question stands, and what it says already."""

    in_file: bool
    words: Collection[str]
    """Names of what it says: `precision`, `format`, `engine`, …"""
    workload: Workload
    device: Device
    shaped: bool = False
    """Whether it says itself how vLLM divides the model."""
    formats: Mapping[str, Format]

    def spelled(self, change: Change) -> Change:
        """Return the change with how to write it, alone or with what goes with it; unwritten where that has no name."""
        note = ""
        if change.roomy is not None:
            note = f"{self._pair(change.setting, change.roomy)} leaves 10 % of the GPU free"
        every = (change, *change.also)
        if not self.in_file and any(one.kind == "gpu" and self._is_unnamed(str(one.value)) for one in every):
            return replace(change, note=note)
        written = [self._written(one) for one in every]
        pairs = [pair for found, _ in written for pair in found]
        clauses = [clause for _, found in written for clause in found]
        text = (" and " if self.in_file else " ").join(pairs)
        return replace(change, write=" ".join([text, *clauses]), note=note)

    def _written(self, change: Change) -> tuple[list[str], list[str]]:
        """Return what to write, and what must not stand beside it."""
        if change.kind == "gpu":
            return self._machine(str(change.value))
        pair = self._pair(change.setting, change.value)
        pairs = [f"{pair} under `options`" if change.kind == "options" and self.in_file else pair]
        clauses: list[str] = []
        prompt = self.workload.prompt_tokens
        if change.kind == "context" and prompt is not None and prompt > float(change.value):
            pairs.append(self._pair("prompt_tokens", change.value))
        if change.kind == "format":
            several = len(self.formats[str(change.value)].engines) > 1
            pairs += [self._pair("engine", self.workload.engine.id)] if several and "engine" not in self.words else []
            clauses += [self._in_place_of("precision")] if "precision" in self.words else []
        if change.kind == "kv_format" and self.workload.kv_format_v is not None:
            clauses.append("without --cache-type-v")
        return pairs, clauses

    def _pair(self, setting: str, value: object) -> str:
        if self.in_file:
            return f"`{setting}: {value}`"
        flag = OPTIONS[setting].flag if setting in OPTIONS else f"--{setting.replace('_', '-')}"
        return f"{flag} {value}"

    def _in_place_of(self, name: str) -> str:
        return f"in the place of {f'`{name}`' if self.in_file else f'--{name}'}"

    def _is_unnamed(self, name: str) -> bool:
        """Whether the machine has more of the card of which only the size was said."""
        found = _COUNTED.fullmatch(name)
        return self.device.source == "--vram" and found is not None and found[2] == self.device.gpus[0].name

    def _machine(self, name: str) -> tuple[list[str], list[str]]:
        """Return the GPUs by their names; a card without one can only be counted in a file."""
        kinds = [_COUNTED.fullmatch(part) for part in name.split(" + ")]
        named = [(int(found[1] or 1), found[2]) for found in kinds if found is not None]
        by_size = self.device.source == "--vram"
        unnamed = self._is_unnamed(name)
        clauses: list[str] = []
        if self.in_file:
            count, gpu = named[0]
            pairs = [] if unnamed else [self._pair("gpu", gpu)]
            pairs += [self._pair("gpu_count", count)] if count != len(self.device.gpus) or unnamed else []
            clauses += [self._in_place_of("vram_gb")] if by_size and not unnamed else []
        else:
            pairs = [f'--gpu "{f"{count}x " if count > 1 else ""}{gpu}"' for count, gpu in named]
            clauses += [self._in_place_of("vram" if by_size else "gpu")] if self.device.source != "detected" else []
        if self.shaped:
            names = ("tensor_parallel", "pipeline_parallel")
            shapes = [f"`{one}`" if self.in_file else OPTIONS[one].flag for one in names]
            clauses.append(f"without {' and '.join(shapes)}")
        return pairs, clauses
