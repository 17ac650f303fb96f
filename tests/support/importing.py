"""What tests of `llmfit import` share: the command, and a catalog that somebody wrote by hand."""

import pytest

from support.terminal import Said, ask

STATED = ("--released", "2026-02-03", "--license", "mit")
HAND_WRITTEN = """\
# My models, please keep my comments.
schema_version: 1

licenses: []   # none of my own

models:   # sorted by heart
  # the first one
  - id: me/first
    family: First
    publisher: me
    kind: base          # not tuned
    parameters: 1692928
    released: 2026-01-01
    license: mit        # ask Kim
    languages: [en]
    context_length: 4096
    architecture:
      model_type: llama
      hidden_size: 256
      num_hidden_layers: 2
      num_attention_heads: 4
      num_key_value_heads: 2
      intermediate_size: 512
      vocab_size: 1000
      tie_word_embeddings: false

# the end
"""


def imported(capsys: pytest.CaptureFixture[str], source: object, *words: str) -> Said:
    """Import what a path holds."""
    return ask(capsys, "import", str(source), "--json", *words)
