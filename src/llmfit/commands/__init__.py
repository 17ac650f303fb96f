"""One file a command: parse, call one function, print, exit.

A command's module has `add_to(app)`, which puts the command into a Typer application.
`llmfit.cli` imports only the module of the command that is called.
"""

from collections.abc import Mapping

COMMANDS: Mapping[str, str] = {
    "recommend": "recommend",
    "estimate": "estimate",
    "check": "check",
    "plan": "plan",
    "compare": "compare",
    "models": "models",
    "gpus": "gpus",
    "detect": "detect",
    "import": "import_",
}
"""Each command with the module that holds it, in the order in which help shows them."""
