"""What surrounds the layers: learned positions, norms of the embedding, projections."""

from llmfit.architectures.stack import Block, Stack
from llmfit.records.architecture import Role


def positions(key: str = "max_position_embeddings", *, module: str = "embed_positions", offset: int = 0) -> Block:
    """One learned vector for each position (and `offset` more)."""

    def block(stack: Stack, _: tuple[int, ...]) -> None:
        stack.tensor(Role.POSITION, module, (stack.config.size(key) + offset, stack.hidden))

    return block


def once_norm(module: str) -> Block:
    """One more normalisation outside the layers, with a bias."""
    return lambda stack, _: stack.norm(module, stack.hidden, bias=True)
