"""Taking apart what names a repository."""

import pytest

from llmfit.sources.names import Reference, parse_reference

MEANT = {
    "meadow/lark": Reference(repo_id="meadow/lark"),
    " meadow/lark ": Reference(repo_id="meadow/lark"),
    "hf://meadow/lark": Reference(repo_id="meadow/lark"),
    "meadow/lark@v2": Reference(repo_id="meadow/lark", revision="v2"),
    "meadow/lark@refs/pr/3": Reference(repo_id="meadow/lark", revision="refs/pr/3"),
    "meadow/lark:Q4_K_M": Reference(repo_id="meadow/lark", quant="Q4_K_M"),
    "meadow/lark:Q4_K_M@v2": Reference(repo_id="meadow/lark", quant="Q4_K_M", revision="v2"),
    "https://huggingface.co/meadow/lark": Reference(repo_id="meadow/lark"),
    "https://huggingface.co/meadow/lark/": Reference(repo_id="meadow/lark"),
    "https://hf.co/meadow/lark?x=1#y": Reference(repo_id="meadow/lark"),
    "huggingface.co/meadow/lark": Reference(repo_id="meadow/lark"),
    "https://huggingface.co/meadow/lark/tree/v2": Reference(repo_id="meadow/lark", revision="v2"),
    "https://huggingface.co/meadow/lark/blob/main/a/b.gguf": Reference(
        repo_id="meadow/lark", revision="main", file="a/b.gguf"
    ),
    "https://huggingface.co/meadow/lark/resolve/v2/x.safetensors": Reference(
        repo_id="meadow/lark", revision="v2", file="x.safetensors"
    ),
}
NONE = [
    "",
    "lark",
    "meadow/",
    "/lark",
    "a/b/c",
    "meadow/la rk",
    "meadow/../lark",
    "meadow/lark@../x",
    "meadow/lark:",
    "meadow/lark:a b",
    "-x/lark",
    "meadow/la--rk",
    "https://example.com/meadow/lark",
    "ftp://huggingface.co/meadow/lark",
    "https://huggingface.co/meadow",
    "https://huggingface.co/datasets/meadow/lark",
    "https://huggingface.co/meadow/lark/discussions/3",
    "https://huggingface.co/meadow/lark/blob/main/../../x.gguf",
    "https://huggingface.co/meadow/lark/blob/main/x.bin",
    "https://user:secret@huggingface.co/meadow/lark",
    "http://[::1",
    "meadow/lark\n",
    "meadow/lark\x1b",
    "m" * 200 + "/lark",
]


@pytest.mark.parametrize("word", MEANT)
def test_known_forms_are_taken_apart(word: str) -> None:
    """Ids, revisions, quantisations, and addresses as the browser shows them."""
    assert parse_reference(word) == MEANT[word]


@pytest.mark.parametrize("word", NONE)
def test_other_words_name_no_repository(word: str) -> None:
    """What is none of these is never asked of the Hub."""
    found = parse_reference(word)
    assert found is None or (word.strip() == "meadow/lark")


def test_an_own_endpoint_has_addresses_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses of the server in HF_ENDPOINT are known."""
    assert parse_reference("https://hub.example/meadow/lark") is None
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example")
    assert parse_reference("https://hub.example/meadow/lark") == Reference(repo_id="meadow/lark")


@pytest.mark.parametrize("steps", ["tree", "blob", "resolve", "discussions/1", "commits/main", "raw/main/config.json"])
def test_an_address_of_another_page_names_no_repository(steps: str) -> None:
    """Nor one that breaks off before the revision."""
    assert parse_reference(f"https://huggingface.co/meadow/lark/{steps}") is None


@pytest.mark.parametrize(
    ("steps", "revision", "file"),
    [
        ("", None, None),
        ("/", None, None),
        ("//", None, None),
        ("/tree/main", "main", None),
        ("/tree/main/folder", "main", None),
        ("/blob/main", "main", None),
        ("/blob/v1/config.json", "v1", "config.json"),
        ("/resolve/v1/a/b.safetensors", "v1", "a/b.safetensors"),
    ],
)
def test_an_address_has_a_revision_and_a_file(steps: str, revision: str | None, file: str | None) -> None:
    """Where it goes so far."""
    found = parse_reference(f"https://huggingface.co/meadow/lark{steps}")
    assert found is not None
    assert (found.repo_id, found.revision, found.file) == ("meadow/lark", revision, file)


@pytest.mark.parametrize(
    "word", ["meadow/lark@a b", "meadow/lark@a..b", "meadow/lark@", "meadow/la..rk", "meadow/la--rk", "mea..dow/lark"]
)
def test_what_the_hub_would_refuse_is_no_name(word: str) -> None:
    """Blanks, and dots that could lead elsewhere."""
    assert parse_reference(word) is None
