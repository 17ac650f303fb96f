"""Fixed answers of `check` and `plan`, built by hand."""

from datetime import date

from llmfit.records.cloud import CloudInstance
from llmfit.records.deployment import Change, CheckResult, FileProblem, Finding, Place
from llmfit.records.estimate import Verdict
from llmfit.records.plan import ContextSplit, Corner, GpuChoice, GridCell, Plan, RefusedShape, Variant
from llmfit.render.checking import CheckView
from llmfit.render.inverse import PlanView
from llmfit.render.view import View
from support.answers import GIB, LICENSE, STRICT, WORKLOAD, device, estimate, fit, model, origin, sizing

PLACE = Place(file="deploy files/deploy.yaml", line=7, column=5)
PROBLEM = FileProblem(
    place=PLACE, row="chat", field="context", message="`0` is out of range", fix="write a value of at least 1"
)


def passing() -> CheckResult:
    """Return a deployment that holds, with a note."""
    return CheckResult(
        name="chat",
        model="Lark-8B",
        place=PLACE,
        status="pass",
        sizing=sizing(),
        margin_bytes=round(1.6 * GIB),
        margin_percent=20.8,
        deciding_part="weights",
        findings=(Finding(rule="price", level="note", message="aws g: 0.8 USD/h", field="limits", place=PLACE),),
        conditions=("Keep the notices.",),
        facts={"model": "meadow/Lark-8B-Instruct", "total_bytes": 1, "architecture": {"model_type": "llama"}},
    )


def failing() -> CheckResult:
    """Return a deployment that does not hold, with an excused finding and two changes."""
    return CheckResult(
        name="big, 100%",
        model="meadow/Stork-30B",
        place=PLACE,
        status="fail",
        sizing=sizing("meadow/Stork-30B", compared=fit(Verdict.TOO_LARGE, of=estimate(weights=14.0)), license_=STRICT),
        margin_bytes=-8 * GIB,
        margin_percent=-104.2,
        deciding_part="weights",
        headroom="5 %",
        changes=(
            Change(
                kind="context",
                setting="context",
                value=2048,
                message="Shorten the context to 2,048 tokens",
                write="`context: 2048`",
                margin_bytes=9,
            ),
            Change(
                kind="options",
                setting="n_cpu_moe",
                value=10,
                message="Keep the experts of 10 layers in RAM",
                write="`n_cpu_moe: 10` under `options`",
                margin_bytes=GIB // 8,
                roomy=12,
                note="`n_cpu_moe: 12` leaves 10 % of the GPU free",
            ),
            Change(kind="gpu", setting="gpu", value="Meadow 24", message="Move to Meadow 24", margin_bytes=2 * GIB),
        ),
        findings=(
            Finding(
                rule="fit", level="error", message="needs 15.7 GiB: 8.0 GiB too much", field="context", place=PLACE
            ),
            Finding(
                rule="commercial",
                level="error",
                message="commercial use not allowed",
                excused="agreed (until 2027-01-01)",
            ),
            Finding(rule="exception", level="warning", message="the exception for speed ended\non 2026-01-01"),
        ),
        conditions=("Research only.",),
    )


def undecided() -> CheckResult:
    """Return a deployment that could not be decided, asked for on the command line."""
    finding = Finding(rule="undecided", level="unknown", message="No model is called 'Nope' (Did you mean Note?)")
    return CheckResult(name="Nope", model="Nope", status="undecided", findings=(finding,), error_code="unknown_model")


def results() -> tuple[CheckResult, ...]:
    """Return one result of each status."""
    return (passing(), failing(), undecided())


def instance() -> CloudInstance:
    """Return a machine with a price."""
    return CloudInstance(
        id="aws/g",
        provider="aws",
        instance="g",
        region="here-1",
        gpu="meadow-rtx-8",
        gpu_count=1,
        price_usd_per_hour=0.8,
        price_date="2026-07-20",
    )


def variants() -> tuple[Variant, ...]:
    """Return one that fits, one in RAM, one refused."""
    return (
        Variant(
            workload=WORKLOAD,
            longest_context=24_576,
            comfortable_context=20_480,
            most_sequences=3,
            frontier=(Corner(sequences=1, context=24_576), Corner(sequences=2, context=12_288)),
            estimate=estimate(),
            margin_bytes=1024,
            max_num_seqs=64,
        ),
        Variant(
            workload=WORKLOAD,
            longest_context=65_536,
            comfortable_context=49_152,
            estimate=estimate(weights=2.0),
            margin_bytes=GIB,
            in_ram=True,
            n_gpu_layers=12,
            n_cpu_moe=3,
            splits=(
                ContextSplit(context=8192, n_gpu_layers=12, n_cpu_moe=3),
                ContextSplit(context=65_536, n_gpu_layers=None, n_cpu_moe=9),
            ),
        ),
        Variant(
            workload=WORKLOAD,
            refused=(RefusedShape(tensor_parallel=3, pipeline_parallel=1, reason="32 heads do not divide by 3"),),
            missing_bytes=GIB,
            reason="not even one token fits",
        ),
    )


def plan(**answer: object) -> Plan:
    """Return a plan with this answer."""
    facts: dict[str, object] = {
        "model": model(),
        "license": LICENSE,
        "active_parameters": 8_030_261_248,
        "context": 8192,
        "sequences": 1,
        "headroom_percent": 0.0,
    }
    return Plan(**facts, **answer)  # type: ignore[arg-type]  # each is a field of its own type


def inverse_views() -> dict[str, View]:
    """Return one fixed answer of each kind, by the name of its golden file."""
    choice = GpuChoice(device=device(), total_bytes=6 * GIB, margin_bytes=GIB, instance=instance())
    unpriced = GpuChoice(device=device(24), total_bytes=6 * GIB, margin_bytes=17 * GIB, price_note="no price is known")
    cells = [
        GridCell(precision="int4", format="llama.cpp Q4_K_M", context=context, card_gb=card, total_bytes=None)
        for context, card in ((2048, 6), (8192, 8), (131_072, None))
    ]
    search = plan(workload=WORKLOAD, smallest=(choice, unpriced), cheapest=(choice,), prices_note="9 of 10 are old")
    return {
        "check": CheckView(results=results(), origin=origin("check"), today=date(2026, 11, 21), changed=("chat: new",)),
        "plan-device": PlanView(plan=plan(device=device(), variants=variants()), origin=origin("plan")),
        "plan-machines": PlanView(plan=search, origin=origin("plan")),
        "plan-grid": PlanView(plan=plan(grid=tuple(cells)), origin=origin("plan")),
    }
