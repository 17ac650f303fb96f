"""The cheap tests: who can do the task at all, under this licence, in this language, at this context."""

from collections.abc import Iterator, Mapping

from llmfit.licensing import allows, effective_license
from llmfit.rank.facts import Facts
from llmfit.rank.quality import is_specialist
from llmfit.records.license import EffectiveLicense
from llmfit.records.model import Model
from llmfit.records.question import Question
from llmfit.records.recommendation import Rejection
from llmfit.records.task import Task

_KEYWORDS = frozenset({"commercial", "permissive"})
_CHAT_ALONE = ("chat",)
"""What tasks require that any assistant can do, and for which nobody would name a coder."""


def context_limit(model: Model) -> int:
    """Return the longest context that the publisher documents, extension included."""
    return max(model.context_length, model.context_extended or 0)


def tasks_of(question: Question, tasks: Mapping[str, Task]) -> tuple[Task, ...]:
    """Return the tasks asked for, then those of the languages asked for, whose benchmarks speak as well.

    A language's task joins only those that are done by the same kinds of model.
    """
    asked = [tasks[name] for name in question.tasks]
    spoken = {task.language for task in asked}
    kinds = set(asked[0].kinds).intersection(*(task.kinds for task in asked))
    own = [t for t in tasks.values() if t.language in question.languages and t.language not in spoken]
    return (*asked, *(task for task in own if kinds.intersection(task.kinds)))


def context_of(question: Question, tasks: tuple[Task, ...]) -> int:
    """Return the context asked for, or the longest that the tasks usually need; in training, that of a sequence."""
    if question.training is not None:
        return question.training.sequence_length
    return question.context or max(task.default_context for task in tasks)


class Sieve:
    """Tests that need no memory estimate, each with a reason."""

    def __init__(self, question: Question, facts: Facts, *, tasks: tuple[Task, ...]) -> None:
        self._question = question
        self._facts = facts
        self._tasks = tasks
        self._languages = {*question.languages, *(t.language for t in tasks if t.language)}
        self._context = max(context_of(question, tasks), *(0, *(t.min_context for t in tasks)))
        self._ids = tuple(name for name in question.licenses if name not in _KEYWORDS)
        self._licenses: dict[str, EffectiveLicense] = {}
        self._types: dict[tuple[str, tuple[str, ...]], tuple[str, str] | None] = {}

    def reject(self, model: Model) -> Rejection | None:
        """Return the first reason against a model; None where it passes."""
        found = next(self._reasons(model), None)
        return None if found is None else Rejection(model=model.id, reason=found[0], detail=found[1])

    def _reasons(self, model: Model) -> Iterator[tuple[str, str]]:
        yield from self._type(model)
        if self._languages:
            yield from self._language(model)
        if context_limit(model) < self._context:
            yield "context", f"holds {context_limit(model):,} tokens, {self._context:,} are asked for"
        yield from self._wishes(model)
        yield from self._license(model)

    def _type(self, model: Model) -> Iterator[tuple[str, str]]:
        """Yield what speaks against the model's type, worked out once for all models of its kind and tasks."""
        key = model.kind, model.tasks
        if key not in self._types:
            self._types[key] = next(self._against_type(model), None)
        found = self._types[key]
        if found is not None:
            yield found

    def _against_type(self, model: Model) -> Iterator[tuple[str, str]]:
        for task in self._tasks[: len(self._question.tasks)]:
            base = self._question.include_base and model.kind == "base"
            if model.kind not in task.kinds and not base:
                yield "type", f"{_article(model.kind)} model; {task.id} needs {' or '.join(task.kinds)}"
            if not base and (missing := [tag for tag in task.requires if tag not in model.tasks]):
                yield "task", f"not made for {', '.join(missing)}"
            if task.requires == _CHAT_ALONE and (made_for := self._specialty(model)):
                yield "specialist", f"made for {made_for}; {task.id} is general"

    def _specialty(self, model: Model) -> str:
        return next((name for name in self._facts.ranking.specialties if is_specialist(model, name)), "")

    def _language(self, model: Model) -> Iterator[tuple[str, str]]:
        from llmfit.languages import claims

        if missing := [code for code in sorted(self._languages) if not claims(model.languages, code)]:
            yield "language", f"does not claim {', '.join(missing)}"

    def _wishes(self, model: Model) -> Iterator[tuple[str, str]]:
        asked = self._question
        if asked.publishers and model.publisher not in asked.publishers:
            yield "publisher", f"published by {model.publisher}"
        if asked.families and model.family not in asked.families:
            yield "family", f"of the family {model.family}"
        if asked.max_parameters is not None and model.parameters > asked.max_parameters:
            yield "parameters", f"{model.parameters / 1e9:.1f} B parameters"

    def license(self, model: Model) -> EffectiveLicense:
        """Return the model's effective licence, worked out once."""
        known = self._licenses.get(model.id)
        if known is None:
            known = effective_license(model, models=self._facts.models, licenses=self._facts.licenses)
            self._licenses[model.id] = known
        return known

    def _license(self, model: Model) -> Iterator[tuple[str, str]]:
        asked = self._question
        if not asked.licenses and asked.region is None:
            return
        allowed, reason = allows(
            self.license(model),
            commercial="commercial" in asked.licenses,
            permissive="permissive" in asked.licenses,
            ids=self._ids,
            region=asked.region,
        )
        if not allowed:
            yield "license", reason


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
