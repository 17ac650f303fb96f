"""What holds for the rows of `data/models.yaml`, beyond what one row's schema can say."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest

from llmfit.architectures import describe
from llmfit.catalog.compile import DATA, read_facts
from llmfit.errors import UnsupportedArchitectureError
from llmfit.records.model import Model

FAMILIES = """
BERT|RoBERTa|XLM-RoBERTa|DistilBERT|ModernBERT|BGE|E5|Qwen3-Embedding|T5|FLAN-T5|mT5|BART
GPT-2|GPT-J|GPT-NeoX|Pythia|Polyglot-Ko|OPT|BLOOM|Galactica|LLaMA|Alpaca|Vicuna|KoAlpaca|OpenLLaMA|WizardLM|StableLM
StableVicuna|GPT4All-J|Dolly v2|MPT|Falcon
Llama 2|Code Llama|Llama 3|Llama 3.1|Llama 3.2|Llama 3.3|Llama 4|Mistral 7B|Mixtral|Gemma|Gemma 2|Gemma 3|Gemma 4
Phi|Phi-3|Phi-4|Qwen|Qwen1.5|Qwen2|Qwen2.5|Qwen3|Qwen3.5|Qwen3.6|Qwen3.8|QwQ
DeepSeek-V2|DeepSeek-V3|DeepSeek-R1|DeepSeek-V4|GLM-4|GLM-4.5|GLM-5|Yi|Command R|Granite 3.1|Granite 4.0|OLMo|OLMo 2
OLMo 3|SmolLM|SmolLM2|SmolLM3|StarCoder|StarCoder2|Nemotron 3|gpt-oss|Kimi K2|Kimi K3|MiniMax-M2|MiniMax-M3|LFM2|LFM3
Jamba|Mamba|Falcon-H1|EXAONE 3.5|EXAONE 4.0|EXAONE 4.5|Kanana|HyperCLOVA X SEED|SOLAR|A.X
"""
SIZES = (0, 0.2e9, 0.6e9, 1.6e9, 3.5e9, 6e9, 9e9, 16e9, 28e9, 40e9, 80e9, 160e9, 500e9, 1e13)
JUDGED = ("license", "released", "tasks", "context_length", "architecture", "parameters")
SAME_WEIGHTS = ("instruct", "finetune", "adapter", "continued", "repack")
LANGUAGES = """
af ak am ar as az ba be bg bm bn br bs ca co cs cy da de el en eo es et eu fa fi fo fr fy ga gd gl gu ha he hi
hr ht hu hy id ig is it ja jv ka kk ki km kn ko ku ky la lb lg li ln lo lt lv mg mi mk ml mn mr ms mt my nb ne
nl nn no ny oc om or pa pl ps pt rm rn ro ru rw sa sc sd si sk sl sm sn so sq sr st su sv sw ta te tg th tk tl
tn tr ts tt tw ug uk ur uz vi wo xh yi yo zh zu
"""
"""Codes of ISO 639-1, as far as any publisher claims them."""
WITHOUT_TOWER = {
    "google/gemma-3n-E2B-it",
    "google/gemma-3n-E4B-it",
    "mistralai/Mistral-Large-3-675B-Instruct-2512",
    "mistralai/Mistral-Small-4-119B-2603",
    "stepfun-ai/Step-3.7-Flash",
}
"""Models that see, counted without their vision tower; their rows say so."""
UNDESCRIBED = {
    "google/gemma-4-12B-it",
    "zai-org/GLM-5.3-Flash",
    "moonshotai/Kimi-K3",
    "mistralai/Mistral-Large-4-1T-A52B",
    "mistralai/Pixtral-12B-2409",
    "upstage/Solar-Open2-250B",
    "stepfun-ai/Step-3.7-Flash",
}
"""Rows whose architecture may still be unknown to the program, which then says so; never a wrong count."""


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    """Rows of the file by id."""
    draft, problems = read_facts(DATA)
    assert not problems, "\n".join(map(str, problems))
    return {entry.name: entry.record for entry in draft["models"]}


def test_the_catalog_is_large_and_covers_every_family(models: dict[str, Model]) -> None:
    """Each family that a user may ask for has a row."""
    wanted = {name for line in FAMILIES.split("\n") for name in line.split("|") if name}
    assert len(models) >= 280
    assert wanted - {model.family for model in models.values()} == set()


def test_every_size_and_kind_is_there(models: dict[str, Model]) -> None:
    """No gap in size in which a card would find nothing, and no kind with one row only."""
    sizes = [sum(low <= m.parameters < high for m in models.values()) for low, high in pairwise(SIZES)]
    kinds = Counter(model.kind for model in models.values())
    assert min(sizes) >= 10
    assert all(
        kinds[kind] >= 5 for kind in ("base", "instruct", "reasoning", "encoder", "seq2seq", "embedding", "reranker")
    )


def test_every_architecture_counts_to_its_parameters(models: dict[str, Model]) -> None:
    """The fields of a row are enough to count every parameter, to the last one."""
    assert list(_miscounted(models)) == []


def _miscounted(models: Mapping[str, Model]) -> Iterator[str]:
    for model in models.values():
        try:
            counted = describe(model.architecture).parameters
        except UnsupportedArchitectureError as error:
            if model.id not in UNDESCRIBED:
                yield f"{model.id}: {error.message}"
            continue
        if counted != model.parameters:
            yield f"{model.id}: {counted:,} counted, {model.parameters:,} in the row"


def test_a_count_that_is_not_exact_says_why(models: dict[str, Model]) -> None:
    """A derived or taken count carries a note or a source that it was derived from."""
    unexplained = [
        model.id
        for model in models.values()
        if model.parameters_certainty != "exact"
        and not model.parameters_note
        and not any("parameters" in s.of or s.of == "architecture" for s in model.sources)
    ]
    assert unexplained == []


def test_every_judged_field_has_a_source(models: dict[str, Model]) -> None:
    """What was judged is traced to something, and says how sure it is."""
    for model in models.values():
        covered = {field for source in model.sources for field in source.of.split("|")}
        missing = [field for field in JUDGED if field not in covered]
        if missing == ["parameters"]:
            assert model.parameters_certainty == "derived", model.id
        else:
            assert missing == [], model.id


def test_a_child_is_not_older_than_its_base(models: dict[str, Model]) -> None:
    """A model cannot have been released before the weights from which it was made."""
    for model in models.values():
        if model.base_model is not None and model.base_model in models:
            assert model.released >= models[model.base_model].released, model.id


def test_somebody_elses_fine_tune_keeps_the_date_of_its_base(models: dict[str, Model]) -> None:
    """The prior of quality must not be raised by a later upload of old weights."""
    for model in models.values():
        base = models.get(model.base_model or "")
        if base is None or base.publisher == model.publisher or model.kind not in {"instruct", "reasoning"}:
            continue
        if model.base_relation in {"finetune", "adapter", "distill"}:
            assert model.released == base.released, model.id


def test_a_child_has_the_size_of_its_base(models: dict[str, Model]) -> None:
    """A wrong base shows as a size that no fine-tuning explains; new vocabularies and towers add a few percent."""
    for model in models.values():
        base = models.get(model.base_model or "")
        if base is not None and model.base_relation in SAME_WEIGHTS:
            least = 0.92 if model.kind == "embedding" else 0.94  # an embedder has no output head
            assert least <= model.parameters / base.parameters <= 1.06, model.id


def test_lineage_ends(models: dict[str, Model]) -> None:
    """Following the bases never comes back to the model."""
    for model in models.values():
        seen = {model.id}
        at: Model | None = model
        while at is not None and at.base_model is not None:
            assert at.base_model not in seen, model.id
            seen.add(at.base_model)
            at = models.get(at.base_model)


def test_children_of_llama_1_carry_its_licence(models: dict[str, Model]) -> None:
    """Whatever their own tag says, the weights were made from non-commercial ones."""
    families = {"Alpaca", "Guanaco", "StableVicuna"}
    children = [
        m for m in models.values() if m.family in families or m.id in {"lmsys/vicuna-7b-v1.3", "lmsys/vicuna-13b-v1.3"}
    ]
    assert len(children) >= 5
    for model in children:
        assert models[str(model.base_model)].license == "llama-1", model.id


def test_kind_and_tasks_go_together(models: dict[str, Model]) -> None:
    """An embedder embeds, a reranker ranks, a pretrained model does not chat."""
    for model in models.values():
        assert model.tasks, model.id
        assert ("embed" in model.tasks) == (model.kind == "embedding"), model.id
        assert ("rerank" in model.tasks) == (model.kind == "reranker"), model.id
        if model.kind in {"base", "encoder", "seq2seq", "embedding", "reranker"}:
            assert "chat" not in model.tasks, model.id


def test_a_model_that_sees_has_something_to_see_with(models: dict[str, Model]) -> None:
    """The vision task and a vision tower in the architecture imply each other, but for named exceptions."""
    for model in models.values():
        if model.id not in WITHOUT_TOWER:
            assert ("vision" in model.tasks) == _sees(model.architecture), model.id


def _sees(config: Mapping[str, Any]) -> bool:
    """Whether the fields describe an input for images."""
    return "vision_config" in config or config["model_type"] in {"phi3_v", "gemma4_unified", "step3p7"}


def test_a_multilingual_model_claims_three_languages(models: dict[str, Model]) -> None:
    """Who asks for many languages is not served by two."""
    few = [m.id for m in models.values() if "multilingual" in m.tasks and len(m.languages) < 3]
    assert few == []


def test_languages_are_codes(models: dict[str, Model]) -> None:
    """Languages are ISO 639-1, each once."""
    known = set(LANGUAGES.split())
    for model in models.values():
        assert set(model.languages) <= known, (model.id, set(model.languages) - known)
        assert len(set(model.languages)) == len(model.languages), model.id


def test_an_extended_context_is_longer(models: dict[str, Model]) -> None:
    """Extension by RoPE scaling never shortens."""
    for model in models.values():
        assert model.context_extended is None or model.context_extended > model.context_length, model.id


def test_rows_stand_in_order(models: dict[str, Model]) -> None:
    """By family, then size, then id: where a new row belongs is not a question of taste."""
    keys = [(m.family.casefold(), m.parameters, m.id.casefold()) for m in models.values()]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("name", "context", "licence", "released"),
    [
        ("meta-llama/Llama-2-7b-chat-hf", 4096, "llama2", "2023-07-18"),
        ("meta-llama/Meta-Llama-3-8B-Instruct", 8192, "llama3", "2024-04-18"),
        ("meta-llama/Llama-3.1-8B-Instruct", 131072, "llama3.1", "2024-07-23"),
        ("meta-llama/Llama-3.3-70B-Instruct", 131072, "llama3.3", "2024-12-06"),
        ("mistralai/Mistral-7B-Instruct-v0.3", 32768, "apache-2.0", "2024-05-22"),
        ("mistralai/Codestral-22B-v0.1", 32768, "mnpl", "2024-05-29"),
        ("mistralai/Mistral-Large-Instruct-2411", 131072, "mrl", "2024-11-18"),
        ("google/gemma-2-9b-it", 8192, "gemma", "2024-06-27"),
        ("google/gemma-3-12b-it", 131072, "gemma", "2025-03-12"),
        ("google/gemma-3-1b-it", 32768, "gemma", "2025-03-12"),
        ("google/gemma-4-31B-it", 262144, "apache-2.0", "2026-04-02"),
        ("microsoft/phi-4", 16384, "mit", "2024-12-12"),
        ("Qwen/Qwen2.5-7B-Instruct", 32768, "apache-2.0", "2024-09-19"),
        ("Qwen/Qwen2.5-3B-Instruct", 32768, "qwen-research", "2024-09-19"),
        ("Qwen/Qwen2.5-72B-Instruct", 32768, "qwen", "2024-09-19"),
        ("Qwen/Qwen2.5-Coder-3B-Instruct", 32768, "qwen-research", "2024-11-12"),
        ("Qwen/Qwen3-8B", 32768, "apache-2.0", "2025-04-29"),
        ("deepseek-ai/DeepSeek-V3", 131072, "deepseek", "2024-12-26"),
        ("deepseek-ai/DeepSeek-R1", 131072, "mit", "2025-01-20"),
        ("openai/gpt-oss-20b", 131072, "apache-2.0", "2025-08-05"),
        ("LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct", 32768, "exaone", "2024-12-09"),
        ("LGAI-EXAONE/EXAONE-4.0-32B", 131072, "exaone-1.2-nc", "2025-07-15"),
        ("CohereLabs/c4ai-command-r-v01", 131072, "cc-by-nc-4.0", "2024-03-11"),
        ("tiiuae/falcon-40b", 2048, "apache-2.0", "2023-05-25"),
        ("tiiuae/falcon-180B", 2048, "falcon-180b", "2023-09-06"),
        ("huggyllama/llama-7b", 2048, "llama-1", "2023-02-24"),
        ("moonshotai/Kimi-K2-Instruct", 131072, "modified-mit", "2025-07-11"),
        ("BAAI/bge-m3", 8192, "mit", "2024-01-30"),
    ],
)
def test_well_known_facts(models: dict[str, Model], name: str, context: int, licence: str, released: str) -> None:
    """Facts that every practitioner knows, and that compilations have got wrong."""
    model = models[name]
    assert (model.context_length, model.license, model.released.isoformat()) == (context, licence, released)


def test_korean_is_claimed_by_those_who_claim_it(models: dict[str, Model]) -> None:
    """Korean decides what is shown for `--language ko`."""
    for name in ("LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct", "Qwen/Qwen3-8B", "google/gemma-3-12b-it", "skt/A.X-4.0-Light"):
        assert "ko" in models[name].languages, name
    for name in (
        "meta-llama/Llama-3.1-8B-Instruct",
        "mistralai/Mistral-7B-Instruct-v0.3",
        "microsoft/phi-4",
        "bigscience/bloom",
    ):
        assert "ko" not in models[name].languages, name
