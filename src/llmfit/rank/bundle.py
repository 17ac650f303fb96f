"""The rest of a bundle: the embedder and the reranker that stand beside a generator on the card."""

from dataclasses import replace

from llmfit.rank.facts import Facts
from llmfit.rank.field import Field
from llmfit.rank.score import weights_of
from llmfit.records.device import Device
from llmfit.records.question import Question
from llmfit.records.recommendation import CompanionPick
from llmfit.records.task import Task


def companions(
    question: Question, facts: Facts, *, tasks: tuple[Task, ...], device: Device
) -> tuple[tuple[CompanionPick, ...], tuple[str, ...]]:
    """Return (the companions that the tasks call for, warnings about those that were not found).

    Each takes a small share of the card; where none is so small, the smallest one that fits.
    """
    found: list[CompanionPick] = []
    missing: list[str] = []
    for role in dict.fromkeys(name for task in tasks for name in task.companions):
        left = reserve(device, sum(pick.fit.estimate.total_bytes for pick in found))
        pick = _pick(role, question, facts, device=left)
        if pick is None:
            missing.append(f"no model for {role} fits beside the generator")
        else:
            found.append(pick)
    return tuple(found), tuple(missing)


def reserve(device: Device, amount: int) -> Device:
    """Return the device with bytes of its largest GPU in use by others."""
    if not amount or not device.gpus:
        return device
    largest = max(range(len(device.gpus)), key=lambda index: device.gpus[index].usable_bytes)
    gpu = device.gpus[largest]
    used = replace(gpu, used_bytes=gpu.used_bytes + amount)
    return replace(device, gpus=(*device.gpus[:largest], used, *device.gpus[largest + 1 :]))


def _pick(role: str, question: Question, facts: Facts, *, device: Device) -> CompanionPick | None:
    task = facts.tasks[role]
    asked = Question(
        tasks=(role,),
        licenses=question.licenses,
        region=question.region,
        languages=question.languages,
        engines=question.engines,
        offload_top=0,
    )
    weights = weights_of(facts.ranking, asked={}, tasks=(task,), device=device)
    for share in (facts.ranking.companion_share, 1.0):
        field = Field(
            asked, facts, tasks=(task,), context=task.default_context, device=device, weights=weights, share=share
        )
        fitting = field.gather(facts.models.values()).fitting
        if share == 1.0:
            fitting.sort(key=lambda c: (c.variant.fit.estimate.total_bytes, c.order))
        else:
            fitting.sort(key=lambda c: c.order)
        if fitting:
            best = field.finished(fitting[0])
            return CompanionPick(
                role=role,
                model=best.model,
                license=best.license,
                workload=best.variant.workload,
                fit=best.variant.fit,
                quality=best.quality,
            )
    return None
