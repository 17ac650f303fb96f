"""What published schemas ask of SARIF, JUnit XML and compose files, as far as we write them.

These are our own words for the parts that we use. With `LLMFIT_SCHEMAS` naming a folder that has the published files
(`sarif-2.1.0-rtm.5.json`, `compose-spec.json`, `github-actions.json`, `github-workflows.json`, `gitlab-ci.json`), those
are used instead.
"""

import json
import os
from pathlib import Path
from typing import Any

_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_POSITIVE = {"type": "integer", "minimum": 1}
_OWN: dict[str, Any] = {
    "sarif-2.1.0-rtm.5": {
        "type": "object",
        "required": ["version", "runs"],
        "additionalProperties": False,
        "properties": {
            "$schema": {"type": "string"},
            "version": {"const": "2.1.0"},
            "runs": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["tool"],
                    "additionalProperties": False,
                    "properties": {
                        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                        "tool": {"$ref": "#/$defs/tool"},
                        "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
                    },
                },
            },
        },
        "$defs": {
            "tool": {
                "type": "object",
                "required": ["driver"],
                "properties": {
                    "driver": {
                        "type": "object",
                        "required": ["name"],
                        "additionalProperties": False,
                        "properties": {
                            "name": {"type": "string"},
                            "semanticVersion": {"type": "string"},
                            "properties": {"type": "object"},
                            "rules": {"type": "array", "uniqueItems": True, "items": {"$ref": "#/$defs/rule"}},
                        },
                    }
                },
            },
            "rule": {
                "type": "object",
                "required": ["id"],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": "string"},
                    "name": {"type": "string"},
                    "shortDescription": _TEXT,
                    "help": _TEXT,
                    "defaultConfiguration": {"type": "object", "properties": {"level": _LEVEL}},
                },
            },
            "result": {
                "type": "object",
                "required": ["message"],
                "additionalProperties": False,
                "properties": {
                    "ruleId": {"type": "string"},
                    "ruleIndex": {"type": "integer", "minimum": -1},
                    "level": _LEVEL,
                    "message": _TEXT,
                    "locations": {"type": "array", "items": {"$ref": "#/$defs/location"}},
                    "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
                    "suppressions": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["kind"],
                            "properties": {"kind": {"enum": ["inSource", "external"]}},
                        },
                    },
                },
            },
            "location": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "logicalLocations": {"type": "array", "items": {"type": "object"}},
                    "physicalLocation": {
                        "type": "object",
                        "required": ["artifactLocation"],
                        "properties": {
                            "artifactLocation": {
                                "type": "object",
                                "properties": {"uri": {"type": "string", "pattern": "^[^ ]*$"}},
                            },
                            "region": {
                                "type": "object",
                                "properties": {"startLine": _POSITIVE, "startColumn": _POSITIVE},
                            },
                        },
                    },
                },
            },
        },
    },
    "compose-spec": {
        "type": "object",
        "additionalProperties": False,
        "required": ["services"],
        "properties": {
            "services": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["image"],
                    "properties": {
                        "image": {"type": "string"},
                        "command": {"type": "array", "items": {"type": "string"}},
                        "ports": {"type": "array", "items": {"type": "string"}},
                        "volumes": {"type": "array", "items": {"type": "string"}},
                        "ipc": {"type": "string"},
                        "deploy": {"type": "object"},
                    },
                },
            }
        },
    },
    "github-actions": {
        "type": "object",
        "required": ["name", "description", "runs"],
        "properties": {"runs": {"type": "object", "required": ["using", "steps"]}},
    },
    "github-workflows": {"type": "object", "required": ["on", "jobs"]},
    "gitlab-ci": {"type": "object"},
}


def published_schema(name: str) -> Any:
    """Return the published schema of this name where `LLMFIT_SCHEMAS` has it, else our own words for it."""
    folder = os.environ.get("LLMFIT_SCHEMAS")
    path = Path(folder) / f"{name}.json" if folder else None
    return json.loads(path.read_text("utf-8")) if path is not None and path.is_file() else _OWN[name]
