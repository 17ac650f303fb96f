"""Reads a model from the Hub: what its page says, its configuration, and the headers of its weights."""

from pathlib import Path
from typing import Any

from llmfit.catalog import Catalog
from llmfit.errors import LlmfitError, SourceError, UnknownModelError, UnreachableError
from llmfit.records.model import Model
from llmfit.records.sourced import SourcedModel
from llmfit.sources.adapters import CONFIG as ADAPTER
from llmfit.sources.adapters import read_adapter
from llmfit.sources.assemble import assemble
from llmfit.sources.card import card_of
from llmfit.sources.checkpoints import read_checkpoint, read_json
from llmfit.sources.faults import translated
from llmfit.sources.hub import HubFiles, bounded_session
from llmfit.sources.local import layouts_of
from llmfit.sources.names import Reference, parse_reference
from llmfit.sources.reading import Files, LocalFolder

MOST_FILES = 50_000


def read_repository(
    catalog: Catalog, reference: Reference, *, unknown: LlmfitError | None = None, steps: int = 0
) -> SourcedModel:
    """Return the model that a repository holds.

    `unknown` is what the catalog said of the name; its hint is repeated where the Hub does not have it either.
    Without network, what the Hub's cache on this machine holds of the repository is read instead.

    Raises:
        UnknownModelError: The Hub has no such repository.
        SourceError: It cannot be read.
    """
    hint = unknown.hint if unknown is not None else ""
    try:
        with bounded_session() as session:
            return _read_online(catalog, reference, session=session, hint=hint, steps=steps)
    except UnreachableError as error:
        folder = _cached(reference)
        if folder is None:
            raise
        files = LocalFolder(folder)
        said = (f"read from the Hub's cache on this machine: {error.message}",)
        return _read(catalog, reference, files, card={}, findings=said, steps=steps)


def _read_online(
    catalog: Catalog,
    reference: Reference,
    *,
    session: Any,  # noqa: ANN401 - the HTTP client's own type
    hint: str,
    steps: int,
) -> SourcedModel:
    with translated(reference.repo_id, hint=hint):
        info = fetch_info(reference)
        sizes = {
            file.rfilename: file.size if isinstance(file.size, int) and file.size >= 0 else None
            for file in (info.siblings or ())[:MOST_FILES]
            if isinstance(file.rfilename, str)
        }
        revision = info.sha if isinstance(info.sha, str) and info.sha.isalnum() else reference.revision or "main"
        card = card_of(info, catalog=catalog)
    files = HubFiles(session, repo_id=reference.repo_id, revision=revision, sizes=sizes)
    return _read(catalog, reference, files, card=card, steps=steps)


def fetch_info(reference: Reference) -> Any:  # noqa: ANN401 - the Hub library's ModelInfo
    """Return what the Hub says of a repository; foreign exceptions pass through."""
    from huggingface_hub import HfApi, constants

    return HfApi().model_info(
        reference.repo_id,
        revision=reference.revision,
        files_metadata=True,
        timeout=constants.HF_HUB_ETAG_TIMEOUT,
    )


def _read(
    catalog: Catalog,
    reference: Reference,
    files: Files,
    *,
    card: dict[str, Any],
    steps: int,
    findings: tuple[str, ...] = (),
) -> SourcedModel:
    revision = f" at {reference.revision}" if reference.revision else ""
    origin = f"{reference.repo_id} on the Hub{revision}"
    has_config = "config.json" in files.names
    if not has_config and ADAPTER in files.names:
        return read_adapter(
            catalog,
            files,
            model_id=reference.repo_id,
            resolve=lambda name: _base(catalog, name, steps=steps + 1),
            steps=steps,
        )
    wants_gguf = bool(reference.quant) or (reference.file or "").endswith(".gguf")
    config = read_json(files, "config.json") if has_config and not wants_gguf else None
    weights = reference.file if reference.file and not reference.file.endswith(".json") else None
    checkpoint = read_checkpoint(files, layouts=layouts_of(catalog), name=weights, quant=reference.quant)
    if config is None and checkpoint is None:
        raise SourceError(f"{reference.repo_id} holds no config.json and no weights", hint="Name a model's repository")
    if checkpoint is not None and checkpoint.kind == "gguf":
        config = None
    return assemble(
        catalog,
        model_id=reference.repo_id,
        origin=origin,
        config=config,
        checkpoint=checkpoint,
        card=card,
        findings=findings,
    )


def _base(catalog: Catalog, name: str, *, steps: int) -> Model:
    """Return an adapter's base: a row of the catalog or a repository, never a path that a stranger wrote."""
    found = catalog.models.get(name)
    if found is not None:
        return found
    reference = parse_reference(name)
    if reference is None:
        raise SourceError(f"The adapter names {name[:200]!r} as its base, which is no repository")
    return read_repository(catalog, reference, steps=steps)


def _cached(reference: Reference) -> Path | None:
    """Return the folder of the repository in the Hub's cache on this machine; None where there is none."""
    from huggingface_hub import snapshot_download

    try:
        with translated(reference.repo_id):
            return Path(snapshot_download(reference.repo_id, revision=reference.revision, local_files_only=True))
    except (UnknownModelError, SourceError):
        return None
