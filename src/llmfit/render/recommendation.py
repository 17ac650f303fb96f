"""How recommendations look."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llmfit.records.device import Device
from llmfit.records.frozen import dataclass
from llmfit.records.recommendation import Recommendations, Rejection
from llmfit.render import envelope as nouns
from llmfit.render.recommendation_json import question_json, recommendation_json, rejection_json, sections
from llmfit.render.view import Origin

if TYPE_CHECKING:
    from llmfit.render.grid import Records
    from llmfit.render.prose import Drawable
    from llmfit.render.recommendation_page import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationsView:
    """The answer of `recommend`."""

    answer: Recommendations
    device: Device
    origin: Origin
    explain: bool = False
    why_not: Rejection | None = None

    def envelope(self) -> Mapping[str, Any]:
        """Return the JSON envelope."""
        answer = self.answer
        asked = answer.rejections if self.explain else () if self.why_not is None else (self.why_not,)
        rejections = {"rejections": [rejection_json(rejection) for rejection in asked]} if asked else {}
        return nouns.envelope(
            self.origin.command,
            catalog_version=self.origin.catalog_version,
            catalog_models=self.origin.catalog_models,
            device=nouns.device_json(self.device),
            question=question_json(answer),
            considered=answer.considered,
            recommendations=[recommendation_json(pick, explain=self.explain) for pick in answer.picks],
            offload=[recommendation_json(pick, explain=self.explain) for pick in answer.offload],
            rejected=answer.rejected,
            **rejections,
            weights=dict(answer.weights),
            warnings=list(answer.warnings),
        )

    def items(self) -> Sequence[Mapping[str, Any]]:
        """Return one object for each pick, with its section."""
        return [
            {"section": section, **recommendation_json(pick, explain=self.explain)}
            for section, pick in sections(self.answer)
        ]

    def records(self) -> "Records":
        """Return one row for each pick."""
        return self._page().records()

    def table(self) -> "Sequence[Drawable]":
        """Return the picks with a bar each, what needs RAM, and what was left out."""
        return self._page().table()

    def markdown(self) -> str:
        """Return a heading and a table for each section."""
        return self._page().markdown()

    def _page(self) -> "Page":
        """Return the answer for people; JSON has no use for it."""
        from llmfit.render.recommendation_page import Page

        return Page(answer=self.answer, device=self.device, explain=self.explain, why_not=self.why_not)
