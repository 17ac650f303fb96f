"""transformers' activations: what is alive at the widest moment of loading, prefilling and decoding.

Read in `models/llama/modeling_llama.py`, `cache_utils.py` and `generation/utils.py` of the versions named here.
"""

from dataclasses import replace

from llmfit.estimate.activations import autoawq, awq, litgpt, resident
from llmfit.estimate.activations.stage import Stage
from llmfit.estimate.kv_cache import transformers as cache
from llmfit.estimate.versions import is_before
from llmfit.records.architecture import Architecture
from llmfit.records.device import Device
from llmfit.records.workload import Workload

LAST_LOGITS_ONLY = (4, 45)
"""From this version `generate` computes the logits of the last prompt token alone."""
EXPERTS_TOGETHER = (5, 0)
"""From this version the tokens of all experts are multiplied in one grouped product."""
CACHE_IN_PLACE = (4, 42)
"""From this version `generate` extends one cache; before, the old keys and values stayed until a step had ended."""
SHARED_HEADS = (4, 54)
"""From this version sdpa reads keys and values that heads share in place; before, it repeated them for each."""


def peaks(
    architecture: Architecture,
    workload: Workload,
    device: Device | None = None,
    terms: object = None,  # noqa: ARG001 - every engine has the same signature
) -> list[Stage]:
    """Return the bytes beside weights and cache at each stage, so that the largest makes the peak of the whole run.

    A prefill sees the cache of the prompt alone, loading sees none: what comes to the cache later is taken off.
    """
    if workload.options.attn_implementation == awq.FUSED:
        every = is_before(workload.options.engine_version, LAST_LOGITS_ONLY)
        return autoawq.peaks(architecture, workload, device, every_logit=every)
    if workload.options.attn_implementation == litgpt.NAME:
        return litgpt.peaks(architecture, workload, device, prefill=prefill_stages(architecture, workload))
    fixed = resident.resident_bytes(architecture, workload, device)
    whole, later = _cache_bytes(architecture, workload)
    prefill = [_beside(stage, fixed, later) for stage in prefill_stages(architecture, workload)]
    loading = [
        Stage(stage.label, max(0, stage.bytes - whole)) for stage in resident.load_stages(architecture, workload)
    ]
    return [*prefill, _decoding(architecture, workload, fixed), *loading]


def _beside(stage: Stage, fixed: int, later: int) -> Stage:
    """Return a stage with what stays all the time, and without what comes to the cache after it."""
    taken = max(0, stage.bytes - later)

    def formula() -> str:
        before = f" - {stage.bytes - taken:,} B that the cache takes later" if later else ""
        return f"{stage.spelled()}{before} + {fixed:,} B that stay"

    return Stage(stage.label, taken + fixed, formula)


def prefill_stages(architecture: Architecture, workload: Workload) -> list[Stage]:
    """Return the stages of one forward pass over all prompts.

    Elements a token: MLP 3I + 4h (gate, up, product; embedding, layer input, residual, normed input),
    attention 4·H·d + 2·K·d + 4h (query with its rotation), and 2·H·d where shared heads are repeated,
    logits of the last token, up to 4.44 of all.
    """
    width = element_bytes(workload)
    batch, prompt = workload.sequences, max(1, workload.prefill_tokens)
    tokens = batch * prompt
    version = workload.options.engine_version
    mlp = mlp_elements(architecture, together=not is_before(version, EXPERTS_TOGETHER))
    each, h = attention_elements(architecture) + repeated_elements(architecture, workload), architecture.hidden_size
    attention = tokens * width * each
    scores = 0
    if workload.options.attn_implementation == "eager" or not workload.options.flash_attention:
        scores = score_bytes(architecture, workload) * batch * prompt * prompt
    every = is_before(version, LAST_LOGITS_ONLY)
    logits = 0 if architecture.is_encoder_only else (tokens if every else batch) * architecture.vocab_size * (width + 4)
    return [
        Stage("MLP of a prefill", tokens * width * mlp, f"{tokens} tokens · {mlp} · {width} B"),
        Stage(
            "attention of a prefill", attention + scores, lambda: f"{tokens} tokens · {each} · {width} B + {scores:,} B"
        ),
        Stage(
            "logits of a prefill",
            logits + tokens * width * 2 * h,
            lambda: f"{logits:,} B of logits + {tokens} tokens · {2 * h} · {width} B",
        ),
        *awq.prefill_stages(architecture, workload, tokens=tokens),
    ]


def element_bytes(workload: Workload) -> int:
    """Return bytes of one activation: 4 in fp32, else 2."""
    return 4 if workload.format.precision == "fp32" else 2


def score_bytes(architecture: Architecture, workload: Workload) -> int:
    """Return bytes of one pair of tokens in eager attention: scores, their softmax in fp32, and its copy."""
    return (2 * element_bytes(workload) + 4) * architecture.num_attention_heads


def mlp_elements(architecture: Architecture, *, together: bool = True) -> int:
    """Return the elements of one token that are alive in the widest MLP.

    `together`: the experts' inputs, gates and outputs of all tokens at once; one expert after the other else.
    """
    h = architecture.hidden_size
    wide = 3 if architecture.gated_mlp else 2
    if not architecture.num_experts:
        return wide * architecture.intermediate_size + 4 * h
    at_once = architecture.num_experts_per_tok if together else 1
    routed = at_once * (2 * h + wide * (architecture.moe_intermediate_size or architecture.intermediate_size)) + 4 * h
    return max(routed, attention_elements(architecture))


def attention_elements(architecture: Architecture) -> int:
    """Return the elements of one token that are alive while its query is rotated."""
    queries = architecture.num_attention_heads * architecture.head_dim
    keys = architecture.num_key_value_heads * architecture.head_dim
    return 4 * queries + 2 * keys + 4 * architecture.hidden_size


def repeated_elements(architecture: Architecture, workload: Workload) -> int:
    """Return the elements of one token when keys and values are repeated for the heads that share them (`repeat_kv`).

    Eager attention always does, sdpa up to 4.53, flash attention never.
    """
    options = workload.options
    if architecture.num_key_value_heads >= architecture.num_attention_heads:
        return 0
    if options.attn_implementation == "eager" or (
        options.attn_implementation == "sdpa" and is_before(options.engine_version, SHARED_HEADS)
    ):
        return 2 * architecture.num_attention_heads * architecture.head_dim
    return 0


def _decoding(architecture: Architecture, workload: Workload, fixed: int) -> Stage:
    """Return what the last decoding step adds to the cache: the copy of one layer's keys that `torch.cat` makes.

    Where shared heads are repeated, those of one layer are larger; up to 4.41 the whole cache is there twice.
    """
    terms = [t for t in cache.cache_terms(architecture, workload) if t.cells > 1 and t.cache.key_elements]
    if is_before(workload.options.engine_version, CACHE_IN_PLACE) and workload.prefill_tokens < workload.context:
        whole = sum(term.bytes for term in terms)
        return Stage(
            "decoding", fixed + whole, lambda: f"{whole:,} B of cache copied as it grows + {fixed:,} B that stay"
        )
    copies = [
        term.streams
        * term.cells
        * term.cell_bytes
        * term.cache.key_elements
        // (term.cache.key_elements + term.cache.value_elements)
        for term in terms
    ]
    repeated = repeated_elements(architecture, workload) * element_bytes(workload)
    if repeated:
        copies.append(repeated * workload.sequences * workload.context)
    keys = max(copies, default=0)
    return Stage(
        "decoding", fixed + keys, lambda: f"{keys:,} B of keys of a layer as they grow + {fixed:,} B that stay"
    )


def _cache_bytes(architecture: Architecture, workload: Workload) -> tuple[int, int]:
    """Return the bytes of the cache at the end, and how many of them come after the prefill."""
    now = sum(term.bytes for term in cache.cache_terms(architecture, workload))
    if architecture.is_encoder_decoder or workload.prefill_tokens >= workload.context:
        return now, 0
    before = replace(workload, context=max(1, workload.prefill_tokens), prompt_tokens=None)
    return now, now - sum(term.bytes for term in cache.cache_terms(architecture, before))
