"""The words of a question as records."""

from typing import Any

import pytest

from llmfit.answers import words as w
from llmfit.architectures import describe
from llmfit.catalog import Catalog, load_catalog
from llmfit.errors import UnknownGpuError, UnknownWordError, UsageError
from llmfit.records.workload import Workload

GIB = 1024**3


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The built-in catalog."""
    return load_catalog(user_file=None)


def load(catalog: Catalog, name: str = "Qwen/Qwen3-8B", **given: Any) -> Workload:
    """Return the load of a model of the catalog."""
    model = catalog.model(name)
    return w.workload_of(catalog, model, describe(model.architecture), **given)


def test_a_decoder_is_asked_in_int4_on_llama_cpp(catalog: Catalog) -> None:
    """Where nothing is said, the load is the one that most people run."""
    found = load(catalog)
    assert (found.engine.id, found.format.id, found.kv_format.id) == ("llama.cpp", "Q4_K_M", "f16")
    assert (found.context, found.sequences, found.prefill_tokens) == (8192, 1, 8192)


@pytest.mark.parametrize("name", ["google-bert/bert-base-uncased", "google/flan-t5-base"])
def test_encoders_are_asked_in_16_bit_on_transformers(catalog: Catalog, name: str) -> None:
    """Nobody quantises what is that small; the context is the model's own where it is short."""
    found = load(catalog, name)
    assert (found.engine.id, found.format.precision) == ("transformers", "fp16")
    assert found.context == min(8192, catalog.model(name).context_length)


@pytest.mark.parametrize("precision", w.PRECISIONS)
def test_each_precision_means_a_format_that_its_engine_runs(catalog: Catalog, precision: str) -> None:
    """An engine's first format of a precision is what it means there, and without it the precision is refused."""
    for engine in catalog.engines.values():
        if engine.usual_format(precision) is None:
            with pytest.raises(UsageError, match=f"{engine.id} has no {precision}") as caught:
                load(catalog, engine=engine.id, precision=precision)
            assert "vllm" in caught.value.hint
        else:
            found = load(catalog, engine=engine.id, precision=precision).format
            assert (found.id, found.precision) == (engine.usual_format(precision), precision)


@pytest.mark.parametrize(("engine", "cache"), [("llama.cpp", "f16"), ("transformers", "f32"), ("vllm", "f32")])
def test_a_cache_is_as_wide_as_the_engine_makes_it(catalog: Catalog, engine: str, cache: str) -> None:
    """Beside fp32 weights transformers and vLLM keep fp32, llama.cpp 16 bits; what is said decides."""
    assert load(catalog, engine=engine, precision="fp32").kv_format.id == cache
    assert load(catalog, engine=engine, precision="fp16").kv_format.id == "f16"
    assert load(catalog, engine=engine, precision="fp32", kv_format="f16").kv_format.id == "f16"


def test_a_format_finds_its_engine(catalog: Catalog) -> None:
    """Without `--engine`, the first engine that has what was asked for runs it."""
    assert load(catalog, format_name="awq-int4").engine.id in catalog.format("awq-int4").engines
    assert load(catalog, format_name="nf4").engine.id == "transformers"
    assert load(catalog, precision="fp8").engine.id == "vllm"
    assert load(catalog, format_name="q8_0").format.id == "Q8_0"


def test_a_published_format_is_kept_where_the_engine_runs_it(catalog: Catalog) -> None:
    """gpt-oss exists in MXFP4 alone."""
    assert load(catalog, "openai/gpt-oss-20b").format.id.lower() == "mxfp4"
    assert load(catalog, "openai/gpt-oss-20b", precision="int8").format.id == "Q8_0"


@pytest.mark.parametrize("word", ["BF16", "fp16", " f16 ", "FP16"])
def test_precisions_have_other_spellings(word: str) -> None:
    """bf16 is fp16 here."""
    assert w.precision_of(word) == "fp16"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"precision": "int8", "format_name": "Q4_K_M"}, "contradict"),
        ({"engine": "vllm", "format_name": "Q4_K_M"}, "vllm does not run Q4_K_M"),
        ({"engine": "llama.cpp", "precision": "fp8"}, "llama.cpp has no fp8"),
        ({"engine": "vllm", "kv_format": "q4_0"}, "vllm has no q4_0 cache"),
        ({"context": 10**7}, "beyond"),
        ({"context": 100, "prompt_tokens": 200}, "more than the context"),
    ],
)
def test_words_that_contradict_each_other_are_usage(catalog: Catalog, given: dict[str, Any], message: str) -> None:
    """Each says which words, and the hint what to do."""
    with pytest.raises(UsageError, match=message) as caught:
        load(catalog, **given)
    assert caught.value.hint


def test_unknown_words_name_the_nearest(catalog: Catalog) -> None:
    """A typing error in a closed vocabulary is usage."""
    with pytest.raises(UnknownWordError) as caught:
        w.precision_of("int44")
    assert "int4" in caught.value.hint
    with pytest.raises(UnknownWordError) as caught:
        w.precision_of("zzz")
    assert "fp32" in caught.value.hint
    with pytest.raises(UnknownWordError):
        load(catalog, engine="lama")


def test_a_device_is_named_in_one_way(catalog: Catalog) -> None:
    """A size or names, not both; nothing means this machine."""
    assert w.device_of(catalog, vram="6").total_bytes <= 6 * GIB
    assert len(w.device_of(catalog, gpu=["2x L4"]).gpus) == 2
    assert w.device_of(catalog, vram=8, ram="32").ram_bytes == 32 * GIB
    with pytest.raises(UsageError, match="contradict"):
        w.device_of(catalog, gpu=["L4"], vram="6")
    with pytest.raises(UnknownGpuError):
        w.device_of(catalog, gpu=["no such card"])


def test_this_machine_is_asked_where_nothing_is_named(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A detected card gets its bandwidth from the GPU table; its memory stays as the driver says."""
    from llmfit.records.device import Device, DeviceGpu

    card = DeviceGpu(name="NVIDIA GeForce RTX 4090", total_bytes=24 * GIB, vendor="nvidia", source="NVML")
    monkeypatch.setattr("llmfit.detect.detect_device", lambda: Device(gpus=(card,), ram_bytes=GIB, source="detected"))
    found = w.device_of(catalog)
    assert found.source == "detected"
    assert found.gpus[0].total_bytes == 24 * GIB
    assert found.gpus[0].bandwidth_gbps
