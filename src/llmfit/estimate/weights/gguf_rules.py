"""Which ggml type `llama-quantize` gives a tensor, by scheme, slot and layer.

Read at llama.cpp 0c1e57098, src/llama-quant.cpp; checked against its `--dry-run` on two dozen
architectures (tests/reference/test_weights.py). What it does depends on the tensor's slot, on the
layer, and on a few facts of the model: query heads per KV head, number of experts, the Falcon and
70B exceptions.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class Slot(StrEnum):
    """Categories that the choice of type tells apart."""

    __hash__ = str.__hash__  # an enum's own is written in Python, and looked up for every tensor

    EMBEDDING = "token_embd"
    HEAD = "output"
    Q = "attn_q"
    K = "attn_k"
    V = "attn_v"
    QKV = "attn_qkv"
    KV_B = "attn_kv_b"
    OUT = "attn_output"
    UP = "ffn_up"
    GATE = "ffn_gate"
    DOWN = "ffn_down"
    OTHER = "other"
    KEPT = "kept"
    """Not quantised, but stored in the 16-bit type of the source file."""
    F32 = "f32"
    """Norms, biases, routers and small tensors, which the converter writes in F32."""


VALUE_SLOTS = frozenset({Slot.V, Slot.QKV, Slot.KV_B})


class Traits(NamedTuple):
    """Facts of a model that change the choice."""

    gqa: int = 1
    """Query heads per KV head in the first layer; 0 where that layer has no attention."""
    experts: int = 0
    falcon: bool = False
    seventy: bool = False
    """llama.cpp calls it a 70B: 80 layers with grouped queries."""


class Scheme(NamedTuple):
    """A scheme's own types, before the exceptions."""

    base: str
    head: str = "Q6_K"
    """Type of the output matrix, and of a tied embedding."""
    embedding: str = ""
    """Type of an untied embedding; the base where empty."""
    imatrix: bool = False
    """Whether published files of this scheme are made with an importance matrix, as most are.

    Without one IQ4_NL and IQ4_XS are up to 1 % larger; the others cannot be made.
    """


_TINY_OUT = {"IQ1_S": "IQ2_XXS", "IQ1_M": "IQ2_XXS", "IQ2_S": "IQ3_S", "IQ2_M": "IQ3_S"}
_TINY = ("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M")
SCHEMES: dict[str, Scheme] = {
    **{name: Scheme(name, name) for name in ("F32", "F16", "BF16", "Q8_0")},
    "MXFP4_MOE": Scheme("Q8_0", "Q8_0"),
    **{name: Scheme(name) for name in ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q6_K")},
    "Q2_K": Scheme("Q2_K"),
    "Q2_K_S": Scheme("Q2_K", imatrix=True),
    **{f"Q3_K_{size}": Scheme("Q3_K") for size in "SML"},
    **{f"Q4_K_{size}": Scheme("Q4_K") for size in "SM"},
    **{f"Q5_K_{size}": Scheme("Q5_K") for size in "SM"},
    "IQ1_S": Scheme("IQ1_S", "Q5_K", "Q2_K", imatrix=True),
    "IQ1_M": Scheme("IQ1_M", "Q5_K", "Q2_K", imatrix=True),
    "IQ2_XXS": Scheme("IQ2_XXS", "Q5_K", "Q2_K", imatrix=True),
    "IQ2_XS": Scheme("IQ2_XS", "Q5_K", "Q2_K", imatrix=True),
    "IQ2_S": Scheme("IQ2_XS", "Q5_K", "IQ3_S", imatrix=True),
    "IQ2_M": Scheme("IQ2_S", "Q5_K", "IQ3_S", imatrix=True),
    "IQ3_XXS": Scheme("IQ3_XXS", "Q5_K", "IQ3_S", imatrix=True),
    **{name: Scheme("IQ3_S", imatrix=True) for name in ("IQ3_XS", "IQ3_S", "IQ3_M")},
    **{name: Scheme(name, imatrix=True) for name in ("IQ4_NL", "IQ4_XS")},
    "TQ1_0": Scheme("TQ1_0", "Q6_K", "Q4_K"),
    "TQ2_0": Scheme("TQ2_0", "Q6_K", "Q4_K"),
}

FLOATS = frozenset({"F32", "F16", "BF16"})

Where = Callable[[int, int], bool]
"""Whether the i-th of n layers is an exception."""
Mix = tuple[tuple[Where | None, str], ...]
"""Types in order of preference, each with the layers that it is for; the last is for all others."""


def _more_bits(i: int, n: int) -> bool:
    return i < n // 8 or i >= 7 * n // 8 or (i - n // 8) % 3 == 2


def _first_eighth(i: int, n: int) -> bool:
    return i < n // 8


def _first_sixteenth(i: int, n: int) -> bool:
    return i < n // 16


def _first_two(i: int, _: int) -> bool:
    return i < 2


def _first_four(i: int, _: int) -> bool:
    return i < 4


def _middle(i: int, n: int) -> bool:
    return n // 8 <= i < 7 * n // 8


@lru_cache(maxsize=4096)
def divided(types: "Mix", n: int, positions: tuple[int, ...]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return each type with the positions, of n, that get it."""
    found: dict[str, list[int]] = {}
    for i in positions:
        layout = next(layout for where, layout in types if where is None or where(i, n))
        found.setdefault(layout, []).append(i)
    return tuple((layout, tuple(taken)) for layout, taken in found.items())


def _all(layout: str) -> Mix:
    return ((None, layout),)


def _tiny(scheme: str, base: str, slot: Slot, traits: Traits) -> Mix:
    """Schemes of one and two bits."""
    lifted = "IQ3_S" if scheme in ("IQ2_S", "IQ2_M") else "Q2_K"
    if slot in VALUE_SLOTS:
        return _all("Q4_K" if traits.gqa >= 4 or traits.experts >= 4 else lifted)
    if slot is Slot.K and traits.experts == 8:
        return _all("Q4_K")
    if slot is Slot.DOWN:
        return ((_first_eighth, lifted), (None, base))
    if slot is Slot.OUT:
        return _all("Q5_K" if traits.experts == 8 else _TINY_OUT.get(scheme, base))
    return _all(base)


def _value_mix(scheme: str, base: str, traits: Traits, *, imatrix: bool) -> Mix:  # noqa: PLR0911 - one line a scheme
    shared = traits.gqa >= 4
    match scheme:
        case "Q2_K":
            return _all("Q4_K" if shared else "Q3_K")
        case "Q2_K_S" | "IQ3_XS" | "IQ3_S" if shared:
            return _all("Q4_K")
        case "IQ3_XXS":
            return _all("Q4_K" if shared else "IQ3_XXS" if imatrix else "IQ3_S")
        case "IQ3_M":
            return _all("Q4_K")
        case "Q3_K_M":
            return ((_first_two, "Q5_K"), (None, "Q4_K"))
        case "Q3_K_L":
            return _all("Q5_K")
        case "IQ4_NL" | "IQ4_XS" if shared:
            return _all("Q5_K")
        case "Q4_K_M" | "Q5_K_M":
            return ((_more_bits, "Q6_K"), (None, base))
        case "Q4_K_S":
            return ((_first_four, "Q5_K"), (None, base))
        case _:
            return _all(base)


def _value(scheme: str, base: str, traits: Traits, *, imatrix: bool) -> Mix:
    if traits.experts == 8:
        return _all("Q8_0")
    found = _value_mix(scheme, base, traits, imatrix=imatrix)
    if traits.seventy:
        return tuple((where, "Q5_K" if layout in ("Q3_K", "Q4_K") else layout) for where, layout in found)
    return found


def _down(scheme: str, base: str, traits: Traits, *, imatrix: bool) -> Mix:
    if traits.falcon and scheme in _FALCON_DOWN:
        return _FALCON_DOWN[scheme]
    if scheme == "IQ3_M" and traits.experts == 8:
        return ((_more_bits, "Q4_K"), (None, base))
    if imatrix and scheme in ("IQ3_XXS", "IQ4_NL", "IQ4_XS"):
        return _all(base)
    return _DOWN.get(scheme, _all(base))


_DOWN: dict[str, Mix] = {
    "Q2_K": _all("Q3_K"),
    "Q2_K_S": ((_first_eighth, "Q4_K"), (None, "Q2_K")),
    "IQ3_XXS": ((_first_eighth, "Q4_K"), (None, "Q3_K")),
    "IQ3_M": ((_first_eighth, "Q4_K"), (None, "IQ3_S")),
    "Q3_K_M": ((_first_sixteenth, "Q5_K"), (None, "Q4_K")),
    "Q3_K_L": _all("Q5_K"),
    "Q4_K_S": ((_first_eighth, "Q5_K"), (None, "Q4_K")),
    "Q4_K_M": ((_more_bits, "Q6_K"), (None, "Q4_K")),
    "Q5_K_M": ((_more_bits, "Q6_K"), (None, "Q5_K")),
    "IQ4_NL": ((_first_eighth, "Q5_K"), (None, "IQ4_NL")),
    "IQ4_XS": ((_first_eighth, "Q5_K"), (None, "IQ4_XS")),
}
_FALCON_DOWN: dict[str, Mix] = {
    "Q3_K_M": ((_first_sixteenth, "Q5_K"), (_more_bits, "Q4_K"), (None, "Q3_K")),
    "Q3_K_L": _all("Q4_K"),
    "Q4_K_S": _all("Q4_K"),
    "Q4_K_M": ((_first_sixteenth, "Q6_K"), (_more_bits, "Q5_K"), (None, "Q4_K")),
}

_OUT = {"Q2_K": "Q3_K", "IQ3_XXS": "IQ3_S", "Q3_K_M": "Q4_K", "Q3_K_L": "Q5_K", "IQ3_M": "Q4_K"}
_OUT_EIGHT_EXPERTS = frozenset(
    ("Q2_K", "IQ3_XS", "IQ3_XXS", "Q3_K_S", "Q3_K_M", "IQ4_NL", "Q4_K_S", "Q4_K_M", "IQ3_S", "IQ3_M", "IQ4_XS")
)
_QUERY = {"IQ3_XS": "IQ3_XXS", "IQ3_XXS": "IQ2_S"}


def _out(scheme: str, base: str, traits: Traits) -> Mix:
    if traits.falcon:
        return _all("Q4_K" if scheme == "Q3_K_L" else base)
    if traits.experts == 8:
        return _all("Q5_K" if scheme in _OUT_EIGHT_EXPERTS else base)
    return _all(_OUT.get(scheme, base))


def mix(scheme: str, slot: Slot, traits: Traits) -> Mix:
    """Return the types that a slot's tensors get, the head apart (see `head_type`)."""
    base, _, embedding, _ = SCHEMES[scheme]
    fixed = {
        Slot.F32: "F32",
        Slot.KEPT: base if base in FLOATS else "F16",
        Slot.EMBEDDING: embedding or base,
        Slot.OTHER: base,
    }.get(slot)
    if fixed or base in FLOATS:
        return _all(fixed or base)
    if scheme in _TINY:
        return _tiny(scheme, base, slot, traits)
    return _block(scheme, slot, traits)


def _block(scheme: str, slot: Slot, traits: Traits) -> Mix:
    """Matrices of the blocks, in schemes above two bits."""
    base, _, _, imatrix = SCHEMES[scheme]
    if slot in VALUE_SLOTS:
        return _value(scheme, base, traits, imatrix=imatrix)
    if slot in (Slot.Q, Slot.K):
        return _all("Q8_0" if slot is Slot.K and traits.experts == 8 else _QUERY.get(scheme, base))
    if slot is Slot.DOWN:
        return _down(scheme, base, traits, imatrix=imatrix)
    if slot is Slot.OUT:
        return _out(scheme, base, traits)
    return ((_middle, "IQ3_XXS"), (None, base)) if scheme == "IQ3_XS" else _all(base)


@lru_cache(maxsize=4096)
def choices(scheme: str, traits: Traits) -> dict[Slot, Mix]:
    """Return what `mix` says of every slot; MXFP4_MOE stores all but experts in Q8_0."""
    name = "Q8_0" if scheme == "MXFP4_MOE" else scheme
    return {slot: mix(name, slot, traits) for slot in Slot}


_FALLBACK = {
    **dict.fromkeys(("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_XS"), "IQ4_NL"),
    **dict.fromkeys(("Q2_K", "Q3_K", "TQ1_0", "TQ2_0"), "Q4_0"),
    "Q4_K": "Q5_0",
    "Q5_K": "Q5_1",
    "Q6_K": "Q8_0",
}
"""What stands in where a row is not a multiple of 256 (types of 32 otherwise become F16)."""


def fitting(layout: str, columns: int) -> str:
    """Return the type that a row of this many weights can be stored in."""
    if columns % 256 == 0 or layout in FLOATS:
        return layout
    fallback = _FALLBACK.get(layout, layout)
    return fallback if columns % 32 == 0 else "F16"


def head_type(scheme: str, columns: int, *, falcon: bool) -> str:
    """Return the type of the output matrix or of a tied embedding."""
    base, head = SCHEMES[scheme][:2]
    if base in FLOATS:
        return base
    block = 256 if base in _FALLBACK else 32
    return fitting("Q8_0" if falcon or columns % block else head, columns)
