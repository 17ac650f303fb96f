"""Settings of a block that are fixed by the family or read from the config."""

from llmfit.architectures.reader import Config

Flag = bool | str | tuple[str, bool]
"""True or False for the whole family, or the config's key (with its default; False where none is given)."""


def resolve(config: Config, flag: Flag) -> bool:
    """Return the flag's value for this config."""
    if isinstance(flag, bool):
        return flag
    if isinstance(flag, str):
        return config.flag(flag)
    return config.flag(flag[0], flag[1])
