"""The choice of a model's variant."""

from dataclasses import replace
from typing import Any

import pytest

from llmfit.answers.words import kv_format_of
from llmfit.architectures import describe
from llmfit.catalog import load_catalog
from llmfit.errors import CannotAnswerError
from llmfit.rank import recommend
from llmfit.rank.variants import Chooser, Variant, file_bytes
from llmfit.records.architecture import Architecture
from llmfit.records.engine import Engine
from llmfit.records.estimate import Verdict
from llmfit.records.format import EngineName, Format, PrecisionName
from llmfit.records.model import Model
from llmfit.records.question import Question
from support.ranking import GIB, built_in, card, ranked, world


def choose(model: Model, gb: float, **asked: Any) -> tuple[Variant | None, Variant | None]:
    """Return the variant chosen on a card, and the smallest that was tried."""
    chooser = Chooser(Question(**asked), world(model), device=card(gb), context=8192, images=0)
    return chooser.choose(model, describe(model.architecture))


def format_on(model: Model, gb: float, **asked: Any) -> str | None:
    """Return the chosen format; None where nothing fits."""
    variant, _ = choose(model, gb, **asked)
    return variant.workload.format.id if variant else None


def test_more_bits_where_there_is_room() -> None:
    """The ladder is climbed as far as the card allows, and no further than Q6_K."""
    model = ranked("a/8")
    found = [format_on(model, gb) for gb in (4, 8, 12, 80)]
    assert found[0] is None
    assert found[1] in {"IQ4_XS", "Q4_K_M", "Q5_K_M"}
    assert found[2] == found[3] == "Q6_K"


def test_small_models_stop_at_eight_bits() -> None:
    """They lose more, and eight bits are cheap for them."""
    assert format_on(ranked("a/3", 3), 80) == "Q8_0"


def test_three_bits_only_for_large_models() -> None:
    """A 14 B model is not squeezed below four bits; a 32 B one may be."""
    assert format_on(ranked("a/14", 14), 8) is None
    assert format_on(ranked("a/32", 32), 20) in {"Q3_K_M", "IQ3_M"}


def test_below_three_bits_only_on_request_and_from_70_b() -> None:
    """A flag, and a size that survives it."""
    large = ranked("a/70", 70)
    assert format_on(large, 32) is None
    assert format_on(large, 32, include_low_bit=True) == "IQ2_M"
    assert format_on(ranked("a/32", 32), 14, include_low_bit=True) is None


def test_what_is_chosen_fits() -> None:
    """At most 90 % of what is usable."""
    for gb in (4, 6, 8, 12, 16, 24, 48):
        for billions in (0.5, 1, 3, 8, 14, 32, 70):
            variant, _ = choose(ranked("a/b", billions), gb)
            if variant is not None:
                assert variant.fit.verdict is Verdict.FITS
                assert variant.fit.estimate.total_bytes <= 0.9 * gb * 2**30


def test_a_named_format_is_the_only_one() -> None:
    """Asked for, or not at all."""
    assert format_on(ranked("a/8"), 24, format="Q4_0") == "Q4_0"
    assert format_on(ranked("a/8"), 4, format="Q4_0") is None


@pytest.mark.parametrize(
    ("engine", "precision", "expected"),
    [
        ("llama.cpp", "int4", "Q4_K_M"),
        ("llama.cpp", "int8", "Q8_0"),
        ("transformers", "int4", "nf4"),
        ("transformers", "int8", "int8"),
        ("vllm", "fp8", "fp8"),
        ("vllm", "int8", "w8a8"),
        ("vllm", "int4", "awq-int4"),
    ],
)
def test_a_precision_is_what_the_engine_calls_it(engine: str, precision: str, expected: str) -> None:
    """Design, section 2."""
    assert format_on(ranked("a/3", 3), 24, engines=(engine,), precision=precision) == expected


def test_a_format_of_another_engine_brings_it_along() -> None:
    """Who asks for awq-int4 and names no engine gets one that has it."""
    variant, _ = choose(ranked("a/8"), 24, format="awq-int4")
    assert variant is not None
    assert built_in().formats["awq-int4"].id == "awq-int4"
    assert variant.workload.engine.id in built_in().formats["awq-int4"].engines


def test_a_format_that_the_named_engine_lacks_is_no_choice() -> None:
    """llama.cpp runs no AWQ."""
    assert choose(ranked("a/8"), 24, format="awq-int4", engines=("llama.cpp",)) == (None, None)


def test_weights_published_in_four_bits_stay_so() -> None:
    """gpt-oss is not quantised again; weights published in fp8 may be."""
    facts = world()
    chooser = Chooser(Question(), facts, device=card(24), context=8192, images=0)
    four = chooser.formats(ranked("a/8", native_format="mxfp4"))
    eight = chooser.formats(ranked("a/8", native_format="fp8"))
    assert [format_.id for _, format_ in four] == ["mxfp4"]
    assert "Q4_K_M" in {format_.id for _, format_ in eight}


def test_the_lower_bound_is_below_the_estimate() -> None:
    """The first sieve never throws out what would fit."""
    for billions in (0.5, 1, 3, 8, 14, 32, 70):
        model = ranked("a/b", billions)
        chooser = Chooser(Question(), world(model), device=card(1000), context=512, images=0)
        engine, format_ = chooser.formats(model)[-1]
        variant = chooser.try_format(model, describe(model.architecture), engine=engine, format_=format_)
        assert variant is not None
        assert chooser.least_bytes(model) <= variant.fit.estimate.total_bytes


class Counting(Chooser):
    """A chooser that remembers which formats it tried."""

    tried: list[str]

    def try_format(
        self, model: Model, architecture: Architecture, *, engine: Engine, format_: Format, context: int | None = None
    ) -> Variant | None:
        """Try a format and remember it."""
        self.tried.append(format_.id)
        return super().try_format(model, architecture, engine=engine, format_=format_, context=context)


@pytest.mark.parametrize(("gb", "most"), [(4, 1), (6, 2), (8, 3), (12, 2), (80, 1)])
def test_few_formats_are_tried(gb: float, most: int) -> None:
    """One where all fit or none does, else the answer and its neighbours."""
    model = ranked("a/8")
    chooser = Counting(Question(), world(model), device=card(gb), context=8192, images=0)
    chooser.tried = []
    chooser.choose(model, describe(model.architecture))
    assert 1 <= len(chooser.tried) <= most


@pytest.mark.parametrize(("engine", "gb"), [("llama.cpp", 8), ("llama.cpp", 24), ("vllm", 24), ("transformers", 24)])
def test_the_search_finds_what_trying_every_format_finds(engine: EngineName, gb: float) -> None:
    """For every model of the catalog: the first format, from the best on, that fits."""
    facts = built_in()
    chooser = Chooser(Question(engines=(engine,), include_low_bit=True), facts, device=card(gb), context=8192, images=0)
    for model in facts.models.values():
        try:
            architecture = describe(model.architecture)
            found, _ = chooser.choose(model, architecture)
        except CannotAnswerError:
            continue
        tried = (
            chooser.try_format(model, architecture, engine=engine_, format_=format_)
            for engine_, format_ in chooser.formats(model)
        )
        fitting = (v for v in tried if v is not None and v.fit.verdict is Verdict.FITS)
        first = next(fitting, None)
        assert (found and found.workload.format) is (first and first.workload.format), model.id


def test_a_file_may_be_no_larger_than_was_asked_for() -> None:
    """A smaller format is taken before a model is given up."""
    facts = world(ranked("a/three", 3))
    free = recommend(Question(), facts, device=card(12)).picks[0]
    limit = round(2.5 * GIB)
    small = recommend(Question(max_weight_bytes=limit), facts, device=card(12)).picks[0]
    assert file_bytes(free.fit.estimate) > limit >= file_bytes(small.fit.estimate)
    assert small.workload.format.nominal_bits < free.workload.format.nominal_bits
    none = recommend(Question(max_weight_bytes=GIB), facts, device=card(12))
    assert none.rejected == {"download": 1}


@pytest.mark.parametrize("engine", ["llama.cpp", "transformers", "vllm"])
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_cache_is_as_wide_as_for_the_other_commands(engine: EngineName, precision: PrecisionName) -> None:
    """Where no format of the cache was asked for, 32-bit weights have one of 32 bits where the engine keeps that."""
    catalog = load_catalog(user_file=None)
    model, runner = catalog.model("Qwen/Qwen3-0.6B"), catalog.engines[engine]
    question = Question(engines=(engine,), precision=precision)
    chooser = Chooser(question, built_in(), device=card(24), context=8192, images=0)
    ((_, format_),) = chooser.formats(model)
    expected = kv_format_of(catalog, engine=runner, name=None, weights=format_)
    assert chooser.workload(model, engine=runner, format_=format_).kv_format == expected


def test_vllm_uses_every_gpu() -> None:
    """Three cards hold a model of 32 heads in three groups of layers, as every other command counts it."""
    catalog = load_catalog(user_file=None)
    model = catalog.model("Qwen/Qwen3-8B")
    one = card(24)
    device = replace(one, gpus=one.gpus * 3)
    chooser = Chooser(Question(engines=("vllm",)), built_in(), device=device, context=8192, images=0)
    chosen, _ = chooser.choose(model, describe(model.architecture))
    assert chosen is not None
    assert len(chosen.fit.estimate.per_gpu_bytes) == 3


def test_formats_of_a_size_are_those_of_the_ladder() -> None:
    """On each bound of the ladder, just below and just above it: worked out once for the sizes between two bounds."""
    facts = load_catalog(user_file=None)
    chooser = Chooser(Question(tasks=("chat",)), facts, device=card(24), context=4096, images=0)
    ladder = [rung for rung in facts.ranking.ladder if not rung.low_bit]
    bounds = {b for rung in ladder for b in (rung.min_parameters, rung.max_parameters) if b is not None}
    for size in sorted({b + step for b in bounds for step in (-1e-3, 0, 1e-3) if b + step > 0}) * 2:
        model = replace(facts.models["Qwen/Qwen3-8B"], parameters=round(size * 1e9))
        expected = [
            (engine, rung.format)
            for engine in facts.ranking.engines
            for rung in ladder
            if rung.engine == engine
            and rung.min_parameters <= size
            and (rung.max_parameters is None or size <= rung.max_parameters)
        ]
        assert [(engine.id, format_.id) for engine, format_ in chooser.formats(model)] == expected
