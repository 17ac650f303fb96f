"""Every way in which llmfit can fail to answer, as one tree.

LlmfitError
├── UsageError                    exit 2: the question itself is wrong
│   ├── UnknownWordError          a word outside a closed vocabulary
│   └── InvalidFileError          a deploy file with errors, each with line and column
└── CannotAnswerError             exit 3: a good question without an answer
    ├── UnknownModelError         no model has the name
    │   └── UnreachableError      the Hub, which might have it, did not answer
    ├── AmbiguousModelError       several have it
    ├── UnknownGpuError           no GPU has the name
    ├── AmbiguousGpuError         several have it, with different memory
    ├── NoGpuFoundError           detection found no usable GPU
    ├── UnsupportedArchitectureError   a `model_type` that cannot be counted
    ├── InvalidConfigError        a `config.json` whose values cannot be true
    ├── UnsupportedWorkloadError  engine, format and model do not go together
    ├── CatalogError              a catalog file that cannot be read or is not valid
    │   └── ProblemsError         its rows, each with line and field
    ├── SourceError               a model's source (Hub, folder, file) that cannot be read
    ├── OutputError               an answer that cannot be written: a full disk, a closed stdout
    └── InternalError             a fault of llmfit itself
"""

from collections.abc import Iterable
from typing import Any, ClassVar


class LlmfitError(Exception):
    """An answer that could not be given: one sentence, and a hint.

    `code` is the stable word of the JSON envelope; `exit_code` is the process's.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(LlmfitError):
    """The command line or the file asks for something that has no meaning."""

    code = "usage"
    exit_code = 2


class UnknownWordError(UsageError):
    """A word outside a closed vocabulary: task, licence, format, engine, precision."""

    code = "unknown_word"


class InvalidFileError(UsageError):
    """A deploy file that is not valid; `problems` are records of `records.deployment.FileProblem`."""

    code = "invalid_file"

    def __init__(self, message: str, *, hint: str = "", problems: Iterable[Any] = ()) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class CannotAnswerError(LlmfitError):
    """The question is good; the answer is not known."""

    code = "cannot_answer"


class UnknownModelError(CannotAnswerError):
    """No model has this name."""

    code = "unknown_model"


class UnreachableError(UnknownModelError):
    """The Hub did not answer at all, so that nobody knows whether it has the model."""


class AmbiguousModelError(CannotAnswerError):
    """Several models have this short name."""

    code = "ambiguous_model"


class UnknownGpuError(CannotAnswerError):
    """No GPU has this name."""

    code = "unknown_gpu"


class AmbiguousGpuError(CannotAnswerError):
    """Several GPUs have this name, with different memory."""

    code = "ambiguous_gpu"


class NoGpuFoundError(CannotAnswerError):
    """This machine shows no usable GPU."""

    code = "no_gpu"


class UnsupportedArchitectureError(CannotAnswerError):
    """An architecture that llmfit does not know how to count."""

    code = "unsupported_architecture"


class InvalidConfigError(CannotAnswerError):
    """A configuration with a missing or impossible value."""

    code = "invalid_config"


class UnsupportedWorkloadError(CannotAnswerError):
    """This engine cannot run this model in this format."""

    code = "unsupported_workload"


class CatalogError(CannotAnswerError):
    """A catalog file that cannot be read, or that breaks its schema."""

    code = "invalid_catalog"


class ProblemsError(CatalogError):
    """Rows of a catalog file that break its schema; `problems` are records of `catalog.problems.Problem`, in order."""

    def __init__(self, message: str, *, hint: str = "", problems: Iterable[Any] = ()) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class SourceError(CannotAnswerError):
    """A model's source that cannot be read."""

    code = "source_unreadable"


class OutputError(CannotAnswerError):
    """An answer that there is, and that stdout does not take."""

    code = "output_unwritable"


class InternalError(CannotAnswerError):
    """A fault of llmfit itself, which nobody foresaw."""

    code = "internal_error"


def nearest(word: str, known: Iterable[str], *, limit: int = 3, cutoff: float = 0.5) -> list[str]:
    """Return the known words closest to `word`, best first, ignoring case.

    `cutoff` is how alike they must be, from 0 (not at all) to 1 (equal).
    """
    import difflib

    spelled = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), spelled, n=limit, cutoff=cutoff)
    return [spelled[name] for name in found]
