"""Files that a user names and that are none: pipes, devices, loops, folders, what is too large."""

import os
import stat
from pathlib import Path

import pytest

from llmfit.deployments.files import read_regular
from llmfit.errors import SourceError
from support.terminal import ask

CHECK = ("check", "Qwen/Qwen3-8B", "--vram", "24", "--as-of", "2026-11-21")


def strange(folder: Path, name: str) -> dict[str, Path]:
    """Return files that are no regular ones, by what they are, with this suffix."""
    (folder / f"folder{name}").mkdir()
    os.mkfifo(folder / f"pipe{name}")
    (folder / f"loop{name}").symlink_to(f"loop{name}")
    (folder / f"endless{name}").symlink_to("/dev/zero")
    (folder / f"large{name}").write_bytes(b"#" * (16 * 1024**2 + 1))
    kinds = ("folder", "pipe", "loop", "endless", "large", "missing")
    return {kind: folder / f"{kind}{name}" for kind in kinds}


@pytest.mark.parametrize("kind", ["folder", "pipe", "loop", "endless", "large", "missing"])
def test_what_is_no_regular_file_is_one_sentence(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is waited for, nothing is read without end: exit 3, as a deploy file and as a lock file."""
    path = strange(tmp_path, ".yaml")[kind]
    said = ask(capsys, "check", str(path))
    assert (said.code, said.out) == (3, "")
    assert path.name in said.err
    if kind != "missing":
        said = ask(capsys, *CHECK, "--lock", str(path.rename(tmp_path / "a.lock") if kind != "loop" else path))
        assert said.code == (2 if kind == "loop" else 3), said.err


@pytest.mark.parametrize("words", [(), ("--update-lock",)])
def test_a_device_is_never_replaced_by_a_lock_file(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Writing beside it and moving it there would destroy it."""
    pipe, link = tmp_path / "a.lock", tmp_path / "b.lock"
    os.mkfifo(pipe)
    said = ask(capsys, *CHECK, "--lock", str(pipe), *words)
    assert (said.code, said.out) == (3, "")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    link.symlink_to(tmp_path / "real.lock")
    assert ask(capsys, *CHECK, "--lock", str(link), *words).code == 0
    assert link.is_symlink()
    assert (tmp_path / "real.lock").is_file()


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_a_name_that_no_file_can_have_is_one_sentence(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As a lock file and as a deploy file."""
    for words in ((*CHECK, "--lock", name), ("check", f"{name}.yaml")):
        said = ask(capsys, *words)
        assert (said.code, said.out) == (3, "")
        assert "Traceback" not in said.err


def test_a_lock_is_no_deploy_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two names mixed up overwrite nothing."""
    path = tmp_path / "deploy.yaml"
    path.write_text("schema_version: 1\n", "utf-8")
    said = ask(capsys, *CHECK, "--lock", str(path), "--update-lock")
    assert (said.code, said.out) == (2, "")
    assert path.read_text("utf-8") == "schema_version: 1\n"


def test_a_lock_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A disk that is full in the middle of it: one sentence, and the file beside it is gone."""

    def full(self: Path, *_: object, **__: object) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    said = ask(capsys, *CHECK, "--lock", str(tmp_path / "a.lock"))
    assert (said.code, said.out) == (3, "")
    assert "No space left on device" in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    """One byte more is too large."""
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert read_regular(path, noun="file", most=5, hint="") == b"12345"
    with pytest.raises(SourceError, match="too large for a file"):
        read_regular(path, noun="file", most=4, hint="")
