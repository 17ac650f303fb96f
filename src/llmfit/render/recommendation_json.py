"""Recommendations as JSON."""

from typing import TYPE_CHECKING, Any

from llmfit.records.recommendation import (
    CompanionPick,
    EvidenceRow,
    Quality,
    Recommendation,
    Recommendations,
    Rejection,
)
from llmfit.render import envelope as nouns

if TYPE_CHECKING:
    from llmfit.render import load_shapes
    from llmfit.render import recommendation_shapes as shapes


def question_json(answer: Recommendations) -> "shapes.Question":
    """Return what was asked, in ids."""
    question = answer.question
    return {
        "tasks": list(question.tasks),
        "licenses": list(question.licenses),
        "region": question.region,
        "languages": list(question.languages),
        "context": answer.context,
        "sequences": question.sequences,
        "engines": list(question.engines),
        "precision": question.precision,
        "format": question.format,
        "kv_format": question.kv_format,
        "training": None if question.training is None else question.training.method,
    }


def recommendation_json(pick: Recommendation, *, explain: bool) -> dict[str, Any]:
    """Return one pick; `explain` adds the terms of its memory."""
    item: dict[str, Any] = {
        "rank": pick.rank,
        "model": nouns.model_json(pick.model, license_=pick.license, active_parameters=pick.active_parameters),
        "precision": pick.workload.format.precision,
        "format": pick.workload.format.id,
        "engine": pick.workload.engine.id,
        "workload": _load(pick),
        "memory": nouns.memory_json(pick.fit.estimate),
        "ram_bytes": pick.fit.estimate.host_bytes,
        **nouns.fit_json(pick.fit),
        "max_context": pick.max_context,
        "speed": nouns.speed_json(pick.speed),
        "score": {"total": pick.score, **{part.name: part.points for part in pick.parts}},
        "score_parts": score_parts_json(pick),
        "quality": quality_json(pick.quality),
        "evidence": [evidence_json(row) for row in pick.quality.evidence],
        "reasons": list(pick.reasons),
        "warnings": list(pick.warnings),
        "labels": list(pick.labels),
        "pareto": pick.pareto,
        "companions": [companion_json(companion) for companion in pick.companions],
    }
    if explain:
        item["parts"] = nouns.parts_json(pick.fit.estimate)
    return item


def _load(pick: Recommendation) -> "load_shapes.Workload | load_shapes.TrainingWorkload":
    """Return what the model is asked to do: answer, or be fine-tuned."""
    return nouns.workload_json(pick.workload) if pick.training is None else nouns.training_json(pick.training)


def score_parts_json(pick: Recommendation) -> "list[shapes.ScorePart]":
    """Return the score's parts with what they were computed from; unrounded, so that they sum to it."""
    return [
        {"name": part.name, "points": part.points, "value": part.value, "weight": part.weight, "detail": part.detail}
        for part in pick.parts
    ]


def quality_json(quality: Quality) -> "shapes.Quality":
    """Return the rating with its terms, unrounded so that they sum to it."""
    return {
        "rating": quality.rating,
        "standard_error": quality.standard_error,
        "badge": quality.badge,
        "terms": [{"label": term.label, "points": term.points, "detail": term.detail} for term in quality.terms],
    }


def evidence_json(row: EvidenceRow) -> "shapes.Evidence":
    """Return one published score as it entered the rating."""
    return {
        "benchmark": row.benchmark,
        "score": row.score,
        "rating": row.rating,
        "weight": row.weight,
        "evidence": row.evidence,
        "model": row.model,
        "date": row.date,
        "source": row.source,
        "mode": row.mode,
    }


def companion_json(companion: CompanionPick) -> dict[str, Any]:
    """Return a further model of a bundle."""
    return {
        "role": companion.role,
        "model": nouns.model_json(companion.model, license_=companion.license, active_parameters=None),
        "workload": nouns.workload_json(companion.workload),
        "memory": nouns.memory_json(companion.fit.estimate),
        "verdict": companion.fit.verdict.value,
    }


def rejection_json(rejection: Rejection) -> "shapes.Rejection":
    """Return why a model is not among the picks."""
    return {"model": rejection.model, "reason": rejection.reason, "detail": rejection.detail}


def sections(answer: Recommendations) -> list[tuple[str, Recommendation]]:
    """Return each pick with the section in which it stands."""
    return [*(("fits", pick) for pick in answer.picks), *(("offload", pick) for pick in answer.offload)]
