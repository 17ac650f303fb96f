"""data/formats.yaml holds what the estimates ask of it."""

import itertools

import pytest
import yaml

from llmfit.estimate.weights.gguf_rules import SCHEMES, Slot, Traits, choices, fitting, head_type
from llmfit.records.format import Format
from support.formats import DATA, load_formats, load_kv_formats

gguf = pytest.importorskip("gguf")

TRAITS = [
    Traits(gqa, experts, falcon, seventy)
    for gqa, experts, falcon, seventy in itertools.product((1, 4), (0, 8, 64), (False, True), (False, True))
]


def test_blocks_are_those_of_the_gguf_package() -> None:
    """Block sizes and bytes equal the published constants."""
    published = {kind.name: tuple(size) for kind, size in gguf.constants.GGML_QUANT_SIZES.items()}
    rows = yaml.safe_load((DATA / "formats.yaml").read_text("utf-8"))["layouts"]
    ours = {row["name"]: (row["block_size"], row["block_bytes"]) for row in rows}
    assert ours == {name: published[name] for name in ours}


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
def test_a_scheme_lists_every_type_that_it_may_choose(scheme: str) -> None:
    """No rule leads to a type whose size the format does not know."""
    listed = {layout.name for layout in load_formats()[scheme.lower()].layouts}
    for traits in TRAITS:
        for slot, mix in choices(scheme, traits).items():
            if slot is not Slot.HEAD:
                assert {fitting(layout, columns) for _, layout in mix for columns in (256, 32, 1)} <= listed
        assert {head_type(scheme, columns, falcon=traits.falcon) for columns in (256, 32, 1)} <= listed
    assert "MXFP4" in listed


def test_names_and_aliases_are_unique() -> None:
    """A name in any case means one format."""
    names = [name.lower() for f in load_formats().values() for name in (f.id, *f.aliases)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("precision", "engine", "expected"),
    [
        ("fp32", "llama.cpp", "f32"),
        ("fp32", "transformers", "f32"),
        ("fp16", "vllm", "f16"),
        ("fp8", "vllm", "fp8"),
        ("int8", "llama.cpp", "Q8_0"),
        ("int8", "transformers", "int8"),
        ("int8", "vllm", "w8a8"),
        ("int4", "llama.cpp", "Q4_K_M"),
        ("int4", "transformers", "nf4"),
        ("int4", "vllm", "awq-int4"),
    ],
)
def test_a_precision_has_a_usual_format_on_each_engine(precision: str, engine: str, expected: str) -> None:
    """The first format of a precision that an engine runs is its usual one."""
    found = [f.id for f in load_formats().values() if f.precision == precision and engine in f.engines]
    assert found[0] == expected


def test_fp8_is_no_precision_of_llamacpp_and_transformers() -> None:
    """Only vLLM runs what a user calls fp8."""
    assert [f.engines for f in load_formats().values() if f.precision == "fp8"] == [("vllm",)]


def _nominal(found: Format) -> float:
    return found.layouts[0].block_bytes * 8 / found.layouts[0].block_size


@pytest.mark.parametrize("found", [f for f in load_formats().values() if f.family == "gguf"], ids=lambda f: f.id)
def test_nominal_bits_are_near_the_schemes_own_type(found: Format) -> None:
    """A scheme's usual bits are its own type's or somewhat more."""
    assert _nominal(found) - 0.1 <= found.nominal_bits <= _nominal(found) + 0.9 or found.id == "MXFP4_MOE"


def test_every_row_says_where_it_was_read() -> None:
    """No format is without a source."""
    assert all(f.sources for f in load_formats().values())


def test_cache_formats_are_known_to_their_engines() -> None:
    """llama.cpp quantises its cache in blocks of 32; vLLM in fp8."""
    assert {k for k, v in load_kv_formats().items() if "llama.cpp" in v.engines and v.block_size == 32} == {
        "q8_0",
        "q5_1",
        "q5_0",
        "q4_1",
        "q4_0",
        "iq4_nl",
    }
    assert load_kv_formats()["fp8_ds_mla"].block_bytes == 656
