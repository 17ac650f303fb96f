"""Finds what another program was to fill in: llmfit reads a deploy file as it is written."""

import re
from collections.abc import Iterator
from typing import Any

from llmfit.catalog.yaml_text import PathKey

_PLACEHOLDER = re.compile(r"\$\{|\{\{|\{%|<%|^\$[A-Za-z_]\w*$")
"""`${NAME}` and `$NAME` of shells and Compose, `{{ name }}` and `{% … %}` of Helm, Jinja and Ansible, `<% … %>`."""
MESSAGE = "a placeholder that nobody has filled"
FIX = "write the value, or fill the file in before it is checked: llmfit reads no environment into it"


def holds_placeholder(text: str) -> bool:
    """Return whether the text has a placeholder in it."""
    return _PLACEHOLDER.search(text) is not None


def placeholders(data: Any, path: PathKey = ()) -> Iterator[tuple[PathKey, str]]:  # noqa: ANN401 - YAML holds anything
    """Yield the place and the text of each value with a placeholder."""
    if isinstance(data, str) and holds_placeholder(data):
        yield path, data
    elif isinstance(data, dict):
        for name, value in data.items():
            yield from placeholders(value, (*path, name))
    elif isinstance(data, list):
        for place, value in enumerate(data):
            yield from placeholders(value, (*path, place))
