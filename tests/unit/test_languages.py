"""What languages are called, and which claim answers for which."""

import pytest

from llmfit.languages import CODES, NAMES, OLD_CODES, STANDS_FOR, claims, code_of


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("Korean", "ko"),
        (" 한국어 ", "ko"),
        ("KO", "ko"),
        ("zh-Hans", "zh"),
        ("zh_TW", "zh"),
        ("pt-BR", "pt"),
        ("sr-Latn-RS", "sr"),
        ("iw", "he"),
        ("fil", "tl"),
        ("cmn-Hans-CN", "zh"),
        ("터키어", "tr"),
        ("nb", "nb"),
        ("xx-everything", "xx-everything"),
        ("no-", "no-"),
        ("en-a", "en-a"),
        ("", ""),
    ],
)
def test_a_language_is_named_in_many_ways(word: str, code: str) -> None:
    """By name, by an older code, or by a tag with script and country, which no model claims."""
    assert code_of(word) == code


@pytest.mark.parametrize(
    ("claimed", "asked", "answers"),
    [
        (("no",), "nb", True),
        (("nb",), "no", True),
        (("no",), "nn", False),
        (("nn",), "nb", False),
        (("nn",), "nn", True),
        (("id",), "ms", False),
        (("ms",), "id", False),
        (("hr", "bs"), "sr", False),
        (("ko",), "ko", True),
        ((), "ko", False),
    ],
)
def test_norwegian_and_bokmal_answer_for_each_other_alone(claimed: tuple[str, ...], asked: str, answers: bool) -> None:  # noqa: FBT001 - a parameter of the table above
    """Languages that their speakers keep apart stay apart."""
    assert claims(claimed, asked) is answers


def test_every_name_leads_to_a_code_of_two_letters() -> None:
    """Names are in lower case, as they are looked up, and no two languages share one."""
    assert all(len(code) == 2 and code.isascii() and code.islower() for code in NAMES)
    assert all(name == name.casefold() for name in CODES)
    assert len({name for names in NAMES.values() for name in names}) == 2 * len(NAMES)
    assert set(CODES.values()) == set(NAMES)
    assert set(OLD_CODES).isdisjoint(NAMES)
    assert set(STANDS_FOR) <= set(NAMES)
