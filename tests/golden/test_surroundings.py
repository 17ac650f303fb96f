"""The program in the surroundings that users have: pipes, locales, narrow terminals, broken catalogs, no home."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.terminal import TIMEOUT, ask, ask_process

RECOMMEND = ("recommend", "--vram", "8", "--task", "chat")


LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 1024,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "intermediate_size": 4096,
    "vocab_size": 32_000,
    "max_position_embeddings": 8192,
}


def in_terminal(*words: str, columns: int, **environ: str) -> str:
    """Run a command line in a terminal of this width and return what it showed."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    clean = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"}}
    with subprocess.Popen(
        [sys.executable, "-m", "llmfit", *words],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**clean, "TERM": "xterm", **environ},
    ) as process:
        os.close(theirs)
        shown = b""
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end and select.select([ours], [], [], TIMEOUT)[0]:
            try:
                read = os.read(ours, 65536)
            except OSError:
                break
            if not read:
                break
            shown += read
        process.wait(TIMEOUT)
    os.close(ours)
    return shown.decode("utf-8").replace("\r\n", "\n")


def test_a_terminal_gets_colours() -> None:
    """Colour codes appear where stdout is a terminal."""
    assert "\x1b[" in in_terminal(*RECOMMEND, columns=80)


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_refused(variable: dict[str, str]) -> None:
    """`NO_COLOR` and a dumb terminal turn them off."""
    assert "\x1b[" not in in_terminal(*RECOMMEND, columns=80, **variable)


@pytest.mark.parametrize("columns", [20, 40, 60, 80])
def test_a_narrow_terminal_is_filled_and_not_overflowed(columns: int) -> None:
    """No line is wider than the terminal."""
    lines = in_terminal(*RECOMMEND, columns=columns, NO_COLOR="1").splitlines()
    assert len(lines) > 10
    assert max(map(len, lines)) <= columns


def test_colours_can_be_forced() -> None:
    """`FORCE_COLOR` colours what goes through a pipe, unless `NO_COLOR` is set too."""
    clean = {"NO_COLOR": "", "TERM": "xterm"}
    assert "\x1b[" in ask_process(*RECOMMEND, **{**clean, "FORCE_COLOR": "1"}).out
    assert "\x1b[" not in ask_process(*RECOMMEND, **{**clean, "FORCE_COLOR": "1", "NO_COLOR": "1"}).out


def test_a_pipe_gets_neither_colours_nor_cut_names() -> None:
    """What goes to another program is plain and whole."""
    said = ask_process("models", "qwen", COLUMNS="")
    assert said.code == 0
    assert "\x1b[" not in said.out
    assert "…" not in said.out


@pytest.mark.parametrize(
    "surroundings",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"PYTHONIOENCODING": "latin-1"}],
)
def test_where_only_ascii_arrives_only_ascii_is_written(surroundings: dict[str, str]) -> None:
    """Bars and signs have a likeness in ASCII; JSON escapes its letters."""
    for words in (RECOMMEND, (*RECOMMEND, "--json"), ("estimate", "no-such-model", "--vram", "8")):
        said = ask_process(*words, **surroundings)
        assert said.out.isascii()
        assert said.err.isascii()
        assert "Traceback" not in said.err
    assert "#" in ask_process(*RECOMMEND, **surroundings).out


def test_words_are_utf_8_whatever_the_locale_says(tmp_path: Path) -> None:
    """A task in Korean is understood where the locale knows ASCII alone; a file is found by the name that it has."""
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    said = ask_process("recommend", "--vram", "8", "--task", "코딩", "--language", "한국어", "--json", **plain)
    assert (said.code, said.err) == (0, "")
    assert (said.json["question"]["tasks"], said.json["question"]["languages"]) == (["code"], ["ko"])
    path = tmp_path / "배포.yaml"
    path.write_text("schema_version: 1\ndeployments:\n  - {name: a, model: Qwen/Qwen3-8B, vram_gb: 24}\n", "utf-8")
    assert ask_process("check", str(path), **plain).code == 0
    wrong = ask_process("gpus", os.fsdecode(b"\xff\xfe"), **plain)
    assert wrong.code == 1
    assert "Traceback" not in wrong.err


def test_a_reader_that_leaves_is_no_error() -> None:
    """A closed pipe ends the program quietly."""
    for words in (RECOMMEND, ("models", "--all"), ("gpus", "--json"), ("--help",)):
        with subprocess.Popen(
            [sys.executable, "-m", "llmfit", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            said = process.stderr.read().decode()
            assert process.wait(TIMEOUT) == 0
        assert said == ""


@pytest.mark.parametrize("output", ["table", "plain", "json", "jsonl", "csv", "markdown"])
@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_a_name_that_is_no_text_is_written_out(output: str, errors: str, tmp_path: Path) -> None:
    """Whatever the stream makes of such bytes: what is written is UTF-8, and JSON is JSON."""
    path = tmp_path / os.fsdecode(b"b\xffd.json")
    path.write_text(json.dumps(LLAMA), "utf-8")
    words = ("estimate", str(path), "--vram", "24", "--output", output)
    said = ask_process(*words, PYTHONIOENCODING=f"utf-8:{errors}")
    assert (said.code, said.err) == (0, "")
    said.out.encode("utf-8")
    if output == "json":
        assert "d.json" in said.json["model"]["id"]
    elif output != "jsonl":
        assert "\\udcff" in said.out.replace("\\\\", "\\")


OUTPUTS = {
    "an answer": RECOMMEND,
    "JSON": ("gpus", "--json"),
    "help": ("--help",),
    "help of a command": ("check", "--help"),
    "the version": ("--version",),
    "an error as JSON": ("recommend", "--vram", "-1", "--json"),
}


def redirected(words: tuple[str, ...], redirection: str) -> subprocess.CompletedProcess[str]:
    """Run a command line with its streams redirected by a shell."""
    command = ["sh", "-c", f'"$@" {redirection}', "sh", sys.executable, "-m", "llmfit", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)


@pytest.mark.parametrize("words", OUTPUTS.values(), ids=OUTPUTS)
@pytest.mark.parametrize(
    ("redirection", "reason"), [(">/dev/full", "No space left on device"), (">&-", "stdout is closed")]
)
def test_an_answer_that_cannot_be_written_is_one_sentence(
    words: tuple[str, ...], redirection: str, reason: str
) -> None:
    """A full disk and a closed stdout: exit 3, said on stderr, without a traceback."""
    done = redirected(words, redirection)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"error: The answer could not be written: {reason}\n\nhint: ")
    assert done.stderr.count("\n") == 3


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_without_stderr_the_answer_and_its_exit_code_stay(redirection: str) -> None:
    """What would be said is lost, and nothing else."""
    for words, code in ((RECOMMEND, 0), (("models", "nonsuch"), 1), (("recommend", "--vram", "-1"), 2)):
        done = redirected(words, redirection)
        assert done.returncode == code
        assert bool(done.stdout) == (code == 0)
    assert redirected(RECOMMEND, f">&- {redirection}").returncode == 3


def test_an_interrupt_ends_with_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C leaves with the exit code of an interrupt, and nothing on stdout."""

    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("llmfit.catalog.load_catalog", interrupted)
    said = ask(capsys, *RECOMMEND)
    assert (said.code, said.out) == (130, "")


def test_our_own_fault_shows_a_traceback_and_never_says_that_nothing_fits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error that nobody foresaw is exit 3 with its traceback; with JSON also an envelope."""

    def broken(**_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("llmfit.catalog.load_catalog", broken)
    said = ask(capsys, *RECOMMEND, "--json")
    assert said.code == 3
    assert "Traceback" in said.err
    assert said.json["error"]["code"] == "internal_error"


def test_without_a_home_the_built_in_catalog_answers() -> None:
    """A missing or unreadable home is no reason not to answer."""
    for home in ("/nonexistent", "/dev/null"):
        said = ask_process(*RECOMMEND, "--json", HOME=home, XDG_DATA_HOME=f"{home}/data")
        assert (said.code, said.err) == (0, "")


ALIAS_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
BROKEN = {
    "not YAML": b"models: [",
    "binary": bytes(range(256)) * 64,
    "an alias bomb": ALIAS_BOMB.encode(),
    "huge": b"# " + b"x" * (20 * 1024 * 1024),
    "deep": b"[" * 5000,
    "no mapping": b"- 1\n- 2\n",
    "an unknown list": b"schema_version: 1\nmodelz: []\n",
    "a list of words": b"schema_version: 1\nmodels: [a, b]\n",
    "a row without fields": b"schema_version: 1\nmodels:\n  - id: me/mine\n",
    "wrong types": b"schema_version: 1\nmodels:\n  - id: 7\n    parameters: many\n    released: soon\n",
    "another version": b"schema_version: 99\nmodels: []\n",
    "a tag": b"models: !!python/object/apply:os.system ['true']\n",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_user_catalog_is_named_and_nothing_is_answered(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 3 with the file's name in the sentence and a hint, within seconds."""
    path = tmp_path / "catalog.yaml"
    path.write_bytes(BROKEN[kind])
    monkeypatch.setenv("LLMFIT_CATALOG", str(path))
    started = time.monotonic()
    said = ask(capsys, *RECOMMEND, "--json")
    assert time.monotonic() - started < 10
    assert (said.code, said.err, said.json["error"]["code"]) == (3, "", "invalid_catalog")
    assert "catalog.yaml" in said.json["error"]["message"]
    assert said.json["error"]["hint"]


def test_a_user_catalog_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that was asked for and is missing, or is a folder, is exit 3."""
    for path in (tmp_path / "missing.yaml", tmp_path):
        monkeypatch.setenv("LLMFIT_CATALOG", str(path))
        assert ask(capsys, *RECOMMEND, "--json").json["error"]["code"] == "invalid_catalog"


def test_the_program_runs_as_a_module_and_tells_its_version() -> None:
    """`python -m llmfit --version` is the smallest answer."""
    from llmfit import __version__

    said = ask_process("--version")
    assert (said.code, said.out, said.err) == (0, f"llmfit {__version__}\n", "")


def test_without_words_help_is_shown() -> None:
    """A first run shows what can be asked."""
    said = ask_process()
    assert said.code == 0
    assert "recommend" in said.out


def test_shells_get_completions() -> None:
    """Commands, options and words of the catalog complete."""
    for typed, expected in {
        "llmfit rec": "recommend",
        "llmfit recommend --ta": "--task",
        "llmfit gpus --o": "--output",
    }.items():
        said = ask_process(_LLMFIT_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=str(len(typed.split()) - 1))
        assert expected in said.out.split()
    said = ask_process(_LLMFIT_COMPLETE="complete_bash", COMP_WORDS="llmfit recommend --task cha", COMP_CWORD="3")
    assert "chat" in said.out.split()
    assert "complete" in ask_process("--show-completion", "bash").out


def test_a_signal_from_the_keyboard_ends_a_process() -> None:
    """The interpreter's own handling of SIGINT is left as it is."""
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
