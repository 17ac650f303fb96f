"""Deploy files as people write them, for tests of `check`."""

from textwrap import dedent

GOOD = """\
schema_version: 1
defaults:
  engine: vllm
  gpu: NVIDIA L4
deployments:
  - name: chat
    model: Qwen/Qwen3-8B
    precision: int4
    context: 8192
    sequences: 4
"""


def deploy_file(body: str) -> str:
    """Return a deploy file of this version with the given sections."""
    return "schema_version: 1\n" + dedent(body)


def one(fields: str = "", *, model: str = "Qwen/Qwen3-8B", machine: str = "gpu: NVIDIA L4", more: str = "") -> str:
    """Return a file with one deployment, its further fields one a line, and further sections."""
    lines = ["deployments:", "  - name: chat", f"    model: {model}"]
    lines += [f"    {line}" for line in dedent(f"{machine}\n{fields}").splitlines() if line.strip()]
    return "schema_version: 1\n" + "\n".join(lines) + "\n" + dedent(more)
