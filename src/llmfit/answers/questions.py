"""Turns the words of `recommend` into a question."""

from collections.abc import Mapping, Sequence

from llmfit.answers.words import format_of, kv_format_of, precision_of
from llmfit.catalog import Catalog
from llmfit.errors import UnknownWordError, UsageError, nearest
from llmfit.licensing import parse_region
from llmfit.records.format import EngineName, Format, PrecisionName
from llmfit.records.question import DEFAULT_TOP, Question

LICENSE_WORDS = ("commercial", "permissive")


def question_of(
    catalog: Catalog,
    *,
    task: Sequence[str] | None = None,
    license_: Sequence[str] | None = None,
    region: str | None = None,
    language: Sequence[str] | None = None,
    context: int | None = None,
    prompt_tokens: int | None = None,
    sequences: int | None = None,
    engine: Sequence[str] | None = None,
    precision: str | None = None,
    format_name: str | None = None,
    kv_format: str | None = None,
    top: int | None = DEFAULT_TOP,
    weights: Mapping[str, float] | None = None,
    publisher: Sequence[str] | None = None,
    family: Sequence[str] | None = None,
    **limits: bool | float | None,
) -> Question:
    """Return the question, with every word resolved to its id; `limits` are further fields of a question.

    Raises:
        UsageError: A word is unknown, or two contradict each other.
    """
    engines = tuple(dict.fromkeys(catalog.engine(word).id for word in engine or ()))
    wanted = None if precision is None else precision_of(precision)
    named = None if format_name is None else catalog.format(format_name)
    _check(catalog, engines=engines, wanted=wanted, named=named, kv_format=kv_format)
    _check_prompt(context=context, prompt_tokens=prompt_tokens)
    return Question(
        tasks=tuple(dict.fromkeys(catalog.task(word).id for word in task or ())) or ("chat",),
        licenses=tuple(dict.fromkeys(_license_word(catalog, word) for word in license_ or ())),
        region=None if region is None else parse_region(region),
        languages=tuple(dict.fromkeys(_language(catalog, word) for word in language or ())),
        context=context,
        prompt_tokens=prompt_tokens,
        sequences=sequences or 1,
        engines=engines,
        precision=wanted,
        format=None if named is None else named.id,
        kv_format=None if kv_format is None else catalog.kv_format(kv_format).id,
        top=top,
        weights=dict(weights or {}),
        publishers=_known("publisher", publisher, spelled=_publishers(catalog)) if publisher else (),
        families=_known("family", family, spelled=_families(catalog)) if family else (),
        **limits,  # type: ignore[arg-type]  # each is a field of its own type, given by name
    )


def _check(
    catalog: Catalog,
    *,
    engines: Sequence[EngineName],
    wanted: PrecisionName | None,
    named: Format | None,
    kv_format: str | None,
) -> None:
    """Check that engines, precision, format and cache go together."""
    for runner in engines:
        if wanted is not None or named is not None:
            name = None if named is None else named.id
            format_of(catalog, engine=catalog.engines[runner], precision=wanted, format_name=name)
        kv_format_of(catalog, engine=catalog.engines[runner], name=kv_format)
    if named is not None and wanted is not None and named.precision != wanted:
        raise UsageError(f"--precision {wanted} and --format {named.id} contradict each other", hint="Give one of them")


def _check_prompt(*, context: int | None, prompt_tokens: int | None) -> None:
    if context is not None and prompt_tokens is not None and prompt_tokens > context:
        raise UsageError(
            f"--prompt-tokens {prompt_tokens:,} is more than the context of {context:,} tokens",
            hint="The context holds prompt and answer",
        )


def _license_word(catalog: Catalog, word: str) -> str:
    asked = word.strip().casefold()
    return asked if asked in LICENSE_WORDS else catalog.license(word).id


def _language(catalog: Catalog, word: str) -> str:
    """Return the code of a language that some model claims."""
    from llmfit.languages import CODES, NAMES, STANDS_FOR, code_of

    code = code_of(word)
    known = {language for model in catalog.models.values() for language in model.languages}
    if code not in known and not known.intersection(STANDS_FOR.get(code, ())):
        close = nearest(code, CODES, limit=1, cutoff=0.6) or nearest(code, sorted(NAMES), limit=1)
        near = CODES.get(close[0], close[0]) if close else ""
        hint = (
            f"Did you mean {near} ({NAMES[near][0].title()})?" if near else "Write an ISO 639-1 code such as ko or en"
        )
        raise UnknownWordError(f"No model of the catalog claims the language {word[:40]!r}", hint=hint)
    return code


def _publishers(catalog: Catalog) -> dict[str, str]:
    """Return publishers by their name, and by the owner in the ids of their official models."""
    rows = catalog.models.values()
    owners = {row.id.partition("/")[0].casefold(): row.publisher for row in rows if row.official}
    return owners | {row.publisher.casefold(): row.publisher for row in rows}


def _families(catalog: Catalog) -> dict[str, str]:
    return {row.family.casefold(): row.family for row in catalog.models.values()}


def _known(noun: str, words: Sequence[str], *, spelled: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names as the catalog spells them."""
    for word in words:
        if word.casefold() not in spelled:
            close = nearest(word, spelled)
            hint = f"Did you mean {' or '.join(close)}?" if close else "`llmfit models` lists them"
            raise UnknownWordError(f"No model of the catalog has the {noun} {word[:100]!r}", hint=hint)
    return tuple(dict.fromkeys(spelled[word.casefold()] for word in words))


def weights_of(words: Sequence[str]) -> dict[str, float]:
    """Return weights of the score's parts from words such as `speed=0.3`.

    Raises:
        UsageError: A word is no name with a number from 0 to 1.
    """
    weights: dict[str, float] = {}
    for word in words:
        name, _, text = word.partition("=")
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not name or not 0 <= value <= 1:
            raise UsageError(
                f"--weight {word[:60]}: no part with a number from 0 to 1", hint="Write --weight speed=0.3"
            )
        weights[name.strip()] = value
    return weights
