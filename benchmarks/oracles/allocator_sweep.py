"""Ask `memory_probe` what llama.cpp would allocate for each file, and print one JSON object a load.

python allocator_sweep.py PROBE ENDPOINT FILE.gguf…
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

Load = dict[str, int | str]
DECODER: tuple[Load, ...] = (
    {"context": 4096},
    {"context": 32768},
    {"context": 131072},
    {"context": 4096, "flash": 0},
    {"context": 32768, "flash": 0},
    {"context": 32768, "kv": "q8_0"},
    {"context": 4096, "ubatch": 128},
    {"context": 32768, "ubatch": 1024},
    {"context": 32768, "ubatch": 2048},
    {"context": 16384, "sequences": 4},
    {"context": 131072, "sequences": 4},
    {"context": 16384, "sequences": 4, "flash": 0},
)
ENCODER: tuple[Load, ...] = tuple(
    {"context": tokens, "ubatch": tokens, "batch": tokens, "flash": flash}
    for tokens in (512, 2048, 8192)
    for flash in (1, 0)
)
"""An encoder sees a text at once."""


def main(probe: str, endpoint: str, *files: str) -> None:
    """Print what the probe says of every file and load; what it refuses goes to stderr."""
    for name in files:
        path = Path(name)
        for load in ENCODER if "bert" in name.lower() or "bge-" in name.lower() else DECODER:
            try:
                found = {
                    "model": path.stem.replace("__", "/", 1),
                    "load": load,
                    "devices": ask(probe, endpoint, path, load),
                }
            except (subprocess.SubprocessError, ValueError) as error:
                print(name, load, error, file=sys.stderr)
                continue
            print(json.dumps(found), flush=True)


def ask(probe: str, endpoint: str, file: Path, load: Load) -> dict[str, tuple[int, int, int]]:
    """Return bytes of weights, caches and compute buffer by the name of the device.

    Raises CalledProcessError where the probe cannot load the file.
    """
    words = [str(word) for pair in load.items() for word in pair]
    command = [probe, "model", str(file), "rpc", endpoint, *words]
    out = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    return dict(_read(out))


def _read(out: str) -> Iterator[tuple[str, tuple[int, int, int]]]:
    for line in out.splitlines():
        name, model, context, compute = line.rsplit(" ", 3)
        yield name.split("[")[0], (int(model), int(context), int(compute))


if __name__ == "__main__":
    main(*sys.argv[1:])
