"""data/formats.yaml holds what the estimates ask of it."""

import itertools

import pytest
import yaml

from llmfit.answers.words import PRECISIONS
from llmfit.catalog import load_catalog
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
    ("precision", "llamacpp", "transformers", "vllm"),
    [
        ("fp32", "f32", "f32", "f32"),
        ("fp16", "f16", "bf16", "bf16"),
        ("fp8", None, None, "fp8"),
        ("int8", "Q8_0", "int8", "w8a8"),
        ("int4", "Q4_K_M", "nf4", "awq-int4"),
    ],
)
def test_a_precision_has_a_usual_format_on_each_engine(
    precision: str, llamacpp: str | None, transformers: str | None, vllm: str | None
) -> None:
    """Design, section 2; an engine without one does not have the precision."""
    engines = load_catalog(user_file=None).engines
    found = [engines[name].usual_format(precision) for name in ("llama.cpp", "transformers", "vllm")]
    assert found == [llamacpp, transformers, vllm]


def test_a_cache_is_as_wide_as_its_engine_makes_it() -> None:
    """Beside fp32 weights transformers and vLLM keep fp32, llama.cpp 16 bits; 16 bits beside all others."""
    for engine in load_catalog(user_file=None).engines.values():
        wide = "f16" if engine.id == "llama.cpp" else "f32"
        assert engine.usual_kv_format("fp32") == wide
        assert {engine.usual_kv_format(precision) for precision in ("fp16", "int4", None)} == {"f16"}


def test_the_guide_says_what_a_precision_means() -> None:
    """The table of `docs/guide/estimate.md` is that of `data/engines.yaml`."""
    guide = (DATA.parent / "docs" / "guide" / "estimate.md").read_text("utf-8").splitlines()
    start = guide.index("| precision | llama.cpp | transformers | vllm |")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in guide[start + 2 : start + 7]]
    engines = load_catalog(user_file=None).engines
    for precision, *cells in rows:
        stored = [engines[name].usual_format(precision) for name in ("llama.cpp", "transformers", "vllm")]
        assert cells == ["–" if name is None else f"`{name}`" for name in stored]
    assert [row[0] for row in rows] == list(PRECISIONS)


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
