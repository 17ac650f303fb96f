"""Facts of the training libraries as committed, and loads made from them."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from llmfit.architectures import describe
from llmfit.catalog import load_catalog
from llmfit.estimate.training import estimate_training
from llmfit.estimate.training.loss import kept_outputs
from llmfit.records.architecture import Architecture, Role, Tensor
from llmfit.records.estimate import PartName
from llmfit.records.training import Training, TrainingFacts
from support.formats import make_format
from support.measured import load_architectures

GIB = 2**30

DATA = Path(__file__).parent.parent.parent / "data" / "training.yaml"


@cache
def training_facts() -> TrainingFacts:
    """Return the committed row, checked against its record."""
    rows = yaml.safe_load(DATA.read_text(encoding="utf-8"))["training"]
    adapter = TypeAdapter(list[TrainingFacts])
    return adapter.validate_python(rows, strict=False)[0]


def load(method: Any = "full", **options: Any) -> Training:
    """Return a training load with the committed facts; `qlora` is on nf4-dq unless said otherwise."""
    if method == "qlora":
        form = options.get("base_format", "nf4-dq")
        options["base_format"] = make_format(form) if isinstance(form, str) else form
    return Training(facts=training_facts(), method=method, **options)


def llama(**changes: Any) -> Architecture:
    """Return a small Llama: 4 layers, h 512, I 1024, 8 heads over 2 KV heads of 64, vocabulary 1000, tied."""
    config = {
        "model_type": "llama",
        "hidden_size": 512,
        "intermediate_size": 1024,
        "num_hidden_layers": 4,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "head_dim": 64,
        "vocab_size": 1000,
        "tie_word_embeddings": True,
        "max_position_embeddings": 4096,
    }
    return describe({**config, **changes})


REFERENCE = DATA.parent / "reference" / "training.yaml"


def training_rows() -> list[dict[str, Any]]:
    """Return the committed measurements."""
    rows: list[dict[str, Any]] = yaml.safe_load(REFERENCE.read_text(encoding="utf-8"))["training_measurements"]
    return rows


@cache
def measured_architecture(config: str) -> Architecture:
    """Return the architecture of a measured model, from the reference set or else the catalog."""
    name = config.replace("__", "/")
    found = load_architectures().get(name)
    if found is None:
        return describe(load_catalog(user_file=None).models[name].architecture)
    assert isinstance(found, Architecture), found
    return found


def estimated_gib(architecture: Architecture, row: dict[str, Any]) -> float:
    """Return what the estimate says of the kind of memory that the row measured, per GPU."""
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in row["options"].items()}
    training = load(**options)
    if row.get("untied"):
        head = Tensor(Role.HEAD, "lm_head", (architecture.vocab_size, architecture.hidden_size))
        architecture = replace(architecture, tied_embeddings=False, tensors=(*architecture.tensors, head))
    estimate = estimate_training(architecture, training)
    part = {name: estimate.part_bytes(name) // training.gpus for name in PartName}
    total = sum(part.values())
    if row["kind"] == "static":
        state = total - part[PartName.ACTIVATION] - part[PartName.OVERHEAD]
        return (state + kept_outputs(architecture, training).bytes) / GIB
    if row["kind"] == "init":
        return (part[PartName.WEIGHTS] + part[PartName.ADAPTER]) / GIB
    if row["kind"] == "allocated":
        return (total - part[PartName.OVERHEAD]) / GIB
    context = training.facts.constant("cuda_context_bytes").value if row["kind"] == "reserved" else 0
    return (total - context) / GIB
