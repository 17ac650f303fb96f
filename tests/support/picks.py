"""Fixed answers of `recommend`, built by hand."""

from dataclasses import replace

from llmfit.records.estimate import Verdict
from llmfit.records.question import Question
from llmfit.records.recommendation import (
    CompanionPick,
    EvidenceRow,
    Quality,
    RatingTerm,
    Recommendation,
    Recommendations,
    Rejection,
    ScorePart,
)
from llmfit.records.training import Training
from support.answers import LICENSE, SPEED, WORKLOAD, fit, model, training_sizing


def companion() -> CompanionPick:
    """Return the embedder beside a generator."""
    return CompanionPick(
        role="embed",
        model=model("meadow/Wren-embed", parameters=300_000_000),
        license=LICENSE,
        workload=WORKLOAD,
        fit=fit(),
        quality=Quality(rating=1000.0, standard_error=37.0, badge="estimated", terms=()),
    )


def pick(
    rank: int = 1,
    name: str = "meadow/Lark-8B-Instruct",
    *,
    verdict: Verdict = Verdict.FITS,
    companions: tuple[CompanionPick, ...] = (),
) -> Recommendation:
    """Return a pick with evidence, reasons and every part of its score."""
    row = EvidenceRow(
        benchmark="livebench-2026-06/coding",
        score=61.5,
        rating=1243.0,
        weight=1.0,
        evidence="independent",
        model=name,
        date="2026-06-25",
        source="livebench.ai",
    )
    terms = (
        RatingTerm(label="size", points=1200.0, detail="1091 + 19 · log2(8.0)"),
        RatingTerm(label="benchmarks", points=30.5, detail="one source"),
    )
    return Recommendation(
        rank=rank,
        model=model(name),
        active_parameters=8_030_261_248,
        license=LICENSE,
        workload=WORKLOAD,
        fit=fit(verdict),
        max_context=24_576,
        speed=SPEED,
        quality=Quality(rating=1230.5, standard_error=21.0, badge="measured", terms=terms, evidence=(row,)),
        parts=(
            ScorePart(name="quality", value=0.8, weight=0.75, detail="rating 1230"),
            ScorePart(name="speed", value=1.0, weight=0.25, detail="45 of 30 tokens/s"),
        ),
        reasons=("8.0 B parameters, base of March 2026", "30 points above its size", "Q4_K_M costs 9 points"),
        warnings=("a gated repository",),
        labels=("best quality",),
        pareto=True,
        companions=companions,
    )


def recommendations(*, picks: int = 2) -> Recommendations:
    """Return an answer with picks, one that needs RAM, and two that were left out."""
    return Recommendations(
        question=Question(tasks=("chat",), licenses=("commercial",), languages=("ko",)),
        context=8192,
        picks=tuple(pick(rank, f"meadow/Lark-{rank}") for rank in range(1, picks + 1)),
        offload=(pick(1, "meadow/Eagle-70B", verdict=Verdict.OFFLOAD),) if picks else (),
        considered=5,
        rejections=(
            Rejection(model="meadow/Stork", reason="too_large", detail="needs 40.1 GiB"),
            Rejection(model="meadow/Egg", reason="license", detail="commercial use not allowed"),
        ),
        weights={"quality": 0.75, "speed": 0.25},
        warnings=("A warning of the answer",),
    )


def to_fine_tune() -> Recommendations:
    """Return an answer with a model to fine-tune, whose licence has conditions."""
    tuned = training_sizing()
    assert isinstance(tuned.workload, Training)
    conditions = ('The name of what is made from it begins with "Lark".', "Follow the use policy.")
    licence = replace(LICENSE, id="lark", effective_id="lark", permissive=False, conditions=conditions)
    one = replace(
        pick(),
        license=replace(licence, commercial="conditional"),
        workload=replace(WORKLOAD, context=tuned.workload.sequence_length),
        fit=fit(of=tuned.estimate),
        max_context=6877,
        speed=None,
        training=tuned.workload,
        reasons=("8.0 B parameters", "instruction-tuned weights", "micro-batches of up to 3 sequences fit"),
        warnings=(*conditions, "its routed experts stay frozen"),
    )
    asked = Question(tasks=("code",), training=tuned.workload)
    return replace(recommendations(), question=asked, context=2048, picks=(one,), offload=())
