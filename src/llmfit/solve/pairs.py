"""Two changes together, where no single one makes a load fit: a smaller format, and something else beside it."""

from collections.abc import Iterator
from dataclasses import replace

from llmfit.records.deployment import Change, ChangeKind
from llmfit.records.device import Device
from llmfit.records.format import Format, KvFormat
from llmfit.records.workload import Workload
from llmfit.solve.alternatives import Alternatives, Question, smaller_caches, smaller_formats
from llmfit.solve.judge import Judgement, with_context
from llmfit.solve.steps import shorter_steps


def pairs_here(asked: Question, alternatives: Alternatives, *, least: float) -> Iterator[Change]:
    """Yield pairs that make the load fit the same device.

    vLLM: fewer sequences in one step with a smaller format of the weights, or with a shorter context.
    Every engine: a smaller format with a smaller cache, or with a shorter context.
    Of the context at least the share `least` is left.
    At most formats x cache formats loads are judged, formats x steps, and two searches of the context.
    """
    load = asked.workload
    formats = smaller_formats(load.format, alternatives.formats, engine=load.engine.id)
    steps = list(shorter_steps(asked.architecture, load, device=asked.device))
    yield from _step_with_context(asked, steps, least=least)
    yield from _step_with_format(asked, steps, formats)
    yield from _with_cache(asked, alternatives, formats)
    yield from _with_context(asked, formats, least=least)


def pairs_elsewhere(asked: Question, alternatives: Alternatives) -> Iterator[Change]:
    """Yield the smallest other machine on which a smaller format fits, in the most exact one that does."""
    load = asked.workload
    formats = smaller_formats(load.format, alternatives.formats, engine=load.engine.id)
    for device in (*alternatives.devices, *asked.more_gpus(alternatives)):
        for format_ in formats:
            found = asked.runs(replace(load, format=format_), device)
            if found is not None:
                yield both(format_change(format_, found), device_change(device, found, here=asked.device))
                return


def _step_with_context(asked: Question, steps: list[Workload], *, least: float) -> Iterator[Change]:
    """Yield the longest context with the fewest sequences in one step, and the most with which it then fits."""
    longest = asked.longest(steps[-1]) if steps else 0
    if longest < max(1, least * asked.workload.context):
        return
    for step in steps:
        found = asked.runs(with_context(step, longest))
        if found is not None:
            yield both(step_change(found), context_change(longest, found))
            return


def _step_with_format(asked: Question, steps: list[Workload], formats: list[Format]) -> Iterator[Change]:
    """Yield the most exact format that fits with fewer sequences in one step, and the most of them."""
    for format_ in formats:
        for step in steps:
            found = asked.runs(replace(step, format=format_))
            if found is not None:
                yield both(step_change(found), format_change(format_, found))
                return


def _with_cache(asked: Question, alternatives: Alternatives, formats: list[Format]) -> Iterator[Change]:
    """Yield the most exact format of the weights that fits with a smaller cache, and that cache's most exact format."""
    caches = smaller_caches(asked.workload, alternatives.kv_formats)
    for format_ in formats:
        for cache in caches:
            found = asked.runs(replace(asked.workload, format=format_, kv_format=cache, kv_format_v=None))
            if found is not None:
                yield both(format_change(format_, found), cache_change(cache, found))
                return


def _with_context(asked: Question, formats: list[Format], *, least: float) -> Iterator[Change]:
    """Yield the most exact format with which enough of the context is left."""
    for format_ in formats:
        load = replace(asked.workload, format=format_)
        wanted = max(1, -int(-least * load.context // 1))
        if asked.runs(with_context(load, wanted)) is None:
            continue
        longest = asked.longest(load)
        found = asked.runs(with_context(load, longest))
        if found is not None:
            yield both(format_change(format_, found), context_change(longest, found))
            return


def both(first: Change, second: Change) -> Change:
    """Return two changes as one: the first, with the second beside it."""
    message = f"{first.message}, and {second.message[:1].lower()}{second.message[1:]}"
    return replace(first, message=message, margin_bytes=second.margin_bytes, also=(second,))


def step_change(found: Judgement) -> Change:
    """Return the change to fewer sequences in one step of vLLM, as they were judged."""
    count = found.workload.options.max_num_seqs or 1
    sequences = "1 sequence" if count == 1 else f"{count:,} sequences"
    message = f"Let vLLM reserve room for {sequences} in a step"
    return Change(
        kind="options", setting="max_num_seqs", value=count, message=message, margin_bytes=found.tightest.margin
    )


def format_change(format_: Format, found: Judgement) -> Change:
    """Return the change to another format of the weights."""
    message = f"Store the weights in {format_.id}"
    return _change("format", format_.id, message, found)


def cache_change(cache: KvFormat, found: Judgement) -> Change:
    """Return the change to another format of the cache."""
    return _change("kv_format", cache.id, f"Store the KV cache in {cache.id}", found)


def context_change(context: int, found: Judgement) -> Change:
    """Return the change to a shorter context."""
    return _change("context", context, f"Shorten the context to {context:,} tokens", found)


def device_change(device: Device, found: Judgement, *, here: Device) -> Change:
    """Return the change to another machine: to more of the GPUs that there are `here`, or to other ones."""
    same = here.source == "--vram" or {gpu.name for gpu in device.gpus} == {gpu.name for gpu in here.gpus}
    word = "Divide it among" if same and len(device.gpus) > len(here.gpus) else "Move to"
    return _change("gpu", device.name, f"{word} {device.name}", found)


def _change(kind: ChangeKind, value: str | int, message: str, found: Judgement) -> Change:
    return Change(kind=kind, setting=kind, value=value, message=message, margin_bytes=found.tightest.margin)
