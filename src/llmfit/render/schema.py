"""Writes the JSON Schema of every answer: `python -m llmfit.render.schema`; with `--check` it says what is stale."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "docs" / "reference" / "schema"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> Mapping[str, Mapping[str, Any]]:
    """Return the schema of each envelope by the name of its file.

    Objects may get more fields in later versions of llmfit, so none forbids those that it does not name; `deploy` is
    the file that people write, and does.
    """
    from pydantic import ConfigDict, TypeAdapter

    from llmfit.records.deployment import DeployFile
    from llmfit.render import envelopes, inverse_shapes, load_shapes, recommendation_shapes, shapes

    for module in (envelopes, inverse_shapes, load_shapes, recommendation_shapes, shapes):
        for shape in vars(module).values():
            if hasattr(shape, "__total__"):
                shape.__pydantic_config__ = ConfigDict(use_attribute_docstrings=True)
    answers: Mapping[str, Any] = {
        "recommend": envelopes.RecommendEnvelope,
        "estimate": envelopes.EstimateEnvelope,
        "check": envelopes.CheckEnvelope,
        "plan": envelopes.PlanEnvelope,
        "compare": envelopes.CompareEnvelope,
        "models": envelopes.ModelsEnvelope,
        "models-show": envelopes.ModelEnvelope,
        "gpus": envelopes.GpusEnvelope,
        "detect": envelopes.DetectEnvelope,
        "import": envelopes.ImportEnvelope,
        "error": envelopes.ErrorEnvelope,
        "deploy": DeployFile,
    }
    return {name: {"$schema": DIALECT, **TypeAdapter(shape).json_schema()} for name, shape in answers.items()}


def texts() -> Mapping[Path, str]:
    """Return what each file should hold."""
    return {
        FOLDER / f"{name}.json": json.dumps(schema, indent=2, sort_keys=True) + "\n"
        for name, schema in schemas().items()
    }


def main(words: list[str]) -> int:
    """Write the files, or with `--check` name those that are stale; return the exit code."""
    stale = [path for path, text in texts().items() if not path.is_file() or path.read_text("utf-8") != text]
    for path in stale:
        if "--check" in words:
            sys.stderr.write(f"{path.name} is stale: run python -m llmfit.render.schema\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts()[path], "utf-8")
    return 1 if stale and "--check" in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
