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
        """Return the change with how to write it, alone or with what goes with it."""
        parts = [self._written(one) for one in (change, *change.also)]
        note = ""
        if change.roomy is not None:
            note = f"{self._pair(change.setting, change.roomy)} leaves 10 % of the GPU free"
        return replace(change, write=(" and " if self.in_file else " ").join(parts), note=note)

    def _written(self, change: Change) -> str:
        if change.kind == "gpu":
            return self._machine(str(change.value))
        parts = [self._pair(change.setting, change.value)]
        if change.kind == "options" and self.in_file:
            parts[0] += " under `options`"
        prompt = self.workload.prompt_tokens
        if change.kind == "context" and prompt is not None and prompt > float(change.value):
            parts.append(self._pair("prompt_tokens", change.value))
        if change.kind == "format":
            parts += self._beside_format(self.formats[str(change.value)])
        if change.kind == "kv_format" and self.workload.kv_format_v is not None:
            parts.append("without --cache-type-v")
        return (" and " if self.in_file else " ").join(parts)

    def _pair(self, setting: str, value: object) -> str:
        if self.in_file:
            return f"`{setting}: {value}`"
        flag = OPTIONS[setting].flag if setting in OPTIONS else f"--{setting.replace('_', '-')}"
        return f"{flag} {value}"

    def _beside_format(self, format_: Format) -> list[str]:
        """Return what a format cannot stand without, or with."""
        engine = [] if "engine" in self.words or len(format_.engines) == 1 else [self.workload.engine.id]
        parts = [self._pair("engine", name) for name in engine]
        return [*parts, *self._in_place_of("precision")] if "precision" in self.words else parts

    def _in_place_of(self, *names: str) -> list[str]:
        shown = [f"`{name}`" if self.in_file else f"--{name.replace('_', '-')}" for name in names]
        return [f"in the place of {' and '.join(shown)}"]

    def _machine(self, name: str) -> str:
        """Return the GPUs by their names; a card without one can only be counted in a file."""
        kinds = [_COUNTED.fullmatch(part) for part in name.split(" + ")]
        named = [(int(found[1] or 1), found[2]) for found in kinds if found is not None]
        unnamed = self.device.source == "--vram" and named[0][1] == self.device.gpus[0].name
        if self.in_file:
            count, gpu = named[0]
            parts = [] if unnamed else [f"`gpu: {gpu}`"]
            parts += [f"`gpu_count: {count}`"] if count != len(self.device.gpus) or unnamed else []
            text = " and ".join(parts)
            text += " in the place of `vram_gb`" if self.device.source == "--vram" and not unnamed else ""
        else:
            counts = [f"{count}x " if count > 1 else "" for count, _ in named]
            told = zip(counts, named, strict=True)
            text = " ".join(f'--gpu "{count}{"NAME" if unnamed else gpu}"' for count, (_, gpu) in told)
            text += f" in the place of {self.device.source}" if self.device.source in {"--vram", "--gpu"} else ""
        shape = "`tensor_parallel` and `pipeline_parallel`" if self.in_file else "a shape of its own"
        return f"{text}, without {shape}" if self.shaped else text
