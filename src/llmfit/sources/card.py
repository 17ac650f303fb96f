"""What a repository's page says of a model, as fields of a row: licence, base, languages, dates."""

from datetime import date
from typing import Any

from llmfit.catalog import Catalog
from llmfit.errors import UnknownWordError

_KINDS = {
    "fill-mask": "encoder",
    "feature-extraction": "embedding",
    "sentence-similarity": "embedding",
    "text-ranking": "reranker",
    "text2text-generation": "seq2seq",
    "translation": "seq2seq",
    "summarization": "seq2seq",
}
_TASKS = {"embedding": ("embed",), "reranker": ("rerank",)}
_SEEING = frozenset({"image-text-to-text", "visual-question-answering", "any-to-any"})
TEMPLATE = "chat_template.jinja"
FIRST_YEAR = 2017


def card_of(info: Any, *, catalog: Catalog) -> dict[str, Any]:  # noqa: ANN401 - the Hub library's ModelInfo
    """Return the fields that the page tells; what it does not tell is left out."""
    data = info.card_data.to_dict() if info.card_data is not None else {}
    kind = _kind(info)
    card: dict[str, Any] = {"license": license_of(data, catalog=catalog), "languages": _languages(data)}
    if kind:
        card |= {"kind": kind, "tasks": _tasks(kind, info)}
    made = info.created_at
    if made is not None and made.year >= FIRST_YEAR:
        card |= {"released": date(made.year, made.month, made.day), "released_certainty": "derived"}
    base = data.get("base_model")
    bases = [base] if isinstance(base, str) else base if isinstance(base, list) else []
    known = [name for name in bases if isinstance(name, str) and name in catalog.models]
    if known and len(bases) == 1 and known[0] != info.id:
        card |= {"base_model": known[0], "base_relation": _relation(data)}
    if info.gated is not None:
        card["gated"] = bool(info.gated)
    for name in ("likes", "downloads"):
        value = getattr(info, name, None)
        if type(value) is int and value >= 0:
            card[name] = value
    return card


def license_of(data: dict[str, Any], *, catalog: Catalog) -> str:
    """Return the catalog's id of the licence that a card states; `unknown` where it has none of that name."""
    stated = data.get("license")
    words = [stated, data.get("license_name")] if stated in ("other", None) else [stated]
    for word in words:
        if isinstance(word, str) and word not in {"", "other"}:
            try:
                return catalog.license(word).id
            except UnknownWordError:
                continue
    return "unknown"


def _languages(data: dict[str, Any]) -> tuple[str, ...]:
    stated = data.get("language")
    words = [stated] if isinstance(stated, str) else stated if isinstance(stated, list) else []
    codes = [w.casefold() for w in words if isinstance(w, str) and w.isascii() and w.isalpha() and len(w) in {2, 3}]
    return tuple(dict.fromkeys(codes))


def _relation(data: dict[str, Any]) -> str:
    stated = data.get("base_model_relation")
    return {"quantized": "quantized", "merge": "merge", "adapter": "adapter"}.get(str(stated), "finetune")


def _kind(info: Any) -> str:  # noqa: ANN401 - the Hub library's ModelInfo
    """Return what the model was made to do, as far as the page and the files say."""
    pipeline = str(info.pipeline_tag)
    if pipeline in _KINDS:
        return _KINDS[pipeline]
    names = {str(file.rfilename) for file in info.siblings or ()}
    config = info.config if isinstance(info.config, dict) else {}
    tokenizer = config.get("tokenizer_config")
    if TEMPLATE in names or (isinstance(tokenizer, dict) and tokenizer.get("chat_template")):
        return "instruct"
    return ""


def _tasks(kind: str, info: Any) -> tuple[str, ...]:  # noqa: ANN401 - the Hub library's ModelInfo
    if kind != "instruct":
        return _TASKS.get(kind, ())
    return ("chat", "vision") if str(info.pipeline_tag) in _SEEING else ("chat",)
