"""What one driver said, and how to ask it without being held up."""

import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from llmfit.records.device import DeviceGpu


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The answer of one driver."""

    gpus: tuple[DeviceGpu, ...] = ()
    unified: bool = False
    """Whether the GPU shares the machine's RAM."""
    notes: tuple[str, ...] = ()
    reason: str = ""
    """Why there is no GPU in it."""
    hint: str = ""
    """What to do about the reason, where something can be done."""


def ask(probe: Callable[[], Finding], *, name: str, seconds: float) -> Finding:
    """Return what the probe finds; nothing, with the reason, where it fails or takes longer than `seconds`.

    The driver is asked in a thread of its own, because a broken one may never return.
    """
    answers: list[Finding] = []

    def run() -> None:
        try:
            answers.append(probe())
        except Exception as error:  # noqa: BLE001 - a driver may raise anything at all
            answers.append(Finding(reason=f"{name} failed: {clean_name(str(error)) or type(error).__name__}"))

    thread = threading.Thread(target=run, name=f"detect {name}", daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else Finding(reason=f"{name} did not answer within {seconds:g} s")


def clean_name(name: object) -> str:
    """Return a name as one printable line, whatever a driver put into it."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
    printable = "".join(" " if unicodedata.category(char) in {"Cc", "Cf", "Cs"} else char for char in text)
    return " ".join(printable.split())[:120]
