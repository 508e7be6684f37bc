"""What a recipe's passes will do to a model, from shapes alone: refused before hours are spent, told by --dry-run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from edgelm.compress.passes import Depth, Distill, Embedding, Pass, Vocab, Width, cut_of, without_pruning
from edgelm.compress.recipe import Recipe
from edgelm.compress.sizes import layer_parameters
from edgelm.errors import UsageError
from edgelm.graph.canonical import EncoderConfig, LayerConfig


@dataclass(frozen=True)
class Step:
    """One pass of a plan, and the shape after it."""

    config: Pass
    effective: Pass | None
    """What is left to do of it on that model; None where it changes nothing and is skipped."""
    shape: EncoderConfig
    exact: bool
    """Whether the shape is known now: that after a budget or a pruned vocabulary is an estimate from here on."""


def check(recipe: Recipe, shape: EncoderConfig) -> None:
    """UsageError where a pass asks for more than the model has; ``at_most`` recipes ask for no more than that."""
    if recipe.at_most:
        return
    for index, step in enumerate(steps(recipe, shape)):
        for name, wanted, present in _asked(cut_of(step.config), shape):
            if wanted > present:
                raise UsageError(
                    f"Recipe {recipe.name}, pass {index + 1} ({step.config.kind}): {name} = {wanted:,} is above the "
                    f"model's {present:,}; corrected: {name} = {present}",
                    hint="With at_most = true in the recipe, sizes are upper bounds.",
                )
        shape = step.shape


def steps(recipe: Recipe, shape: EncoderConfig) -> Iterator[Step]:
    """The passes of a recipe on a model of that shape, one by one."""
    exact = True
    for config in recipe.passes:
        cut = cut_of(config)
        exact = exact and not (isinstance(cut, Vocab) or (isinstance(cut, Width) and cut.budget is not None))
        yield Step(config, effective(config, shape), expected(config, shape), exact)
        shape = expected(config, shape)


def effective(config: Pass, shape: EncoderConfig) -> Pass | None:
    """What is left of a pass on a model of that shape: None of a cut that changes nothing.

    A distillation is never skipped, but loses a ``prune`` that changes nothing. A width loses ``heads`` and
    ``head_size`` where no layer's attention is wider than the two make together.
    """
    cut = cut_of(config)
    idle = cut is not None and not _is_measured(cut) and expected(cut, shape) == shape
    if isinstance(config, Distill):
        if isinstance(config.prune, Width) and not idle:
            return replace(config, prune=_fitted(config.prune, shape))
        return without_pruning(config) if idle else config
    if idle:
        return None
    return _fitted(config, shape) if isinstance(config, Width) else config


def _fitted(cut: Width, shape: EncoderConfig) -> Width | None:
    """A width without the sizes of attention where that is no wider already; None where no size is left."""
    widest = max(layer.num_attention_heads * layer.head_size for layer in shape.layers)
    if not (cut.heads and cut.head_size and widest <= cut.heads * cut.head_size):
        return cut
    others = {name: size for name, size in cut.sizes.items() if name not in ("heads", "head_size")}
    return replace(cut, heads=None, head_size=None) if others else None


def expected(config: Pass, shape: EncoderConfig) -> EncoderConfig:
    """The shape after a pass: exact for explicit sizes, for a budget as if every layer were cut evenly.

    A size above the model's leaves it. A vocabulary pruned to a corpus and a budget in milliseconds cannot be told
    before it is measured: the shape stays.
    """
    cut = cut_of(config)
    if isinstance(cut, Vocab):
        return replace(shape, vocab_size=min(cut.size or shape.vocab_size, shape.vocab_size))
    if isinstance(cut, Depth):
        return replace(shape, layers=shape.layers[: cut.layers])
    if isinstance(cut, Embedding):
        columns = shape.word_rank or shape.embedding_size
        return replace(shape, word_rank=cut.rank) if cut.rank < columns else shape
    if isinstance(cut, Width):
        return _explicit(cut, shape) if cut.budget is None else _under_budget(cut, shape)
    return shape


def _is_measured(cut: Pass) -> bool:
    """Whether only a corpus or a machine can tell what a cut leaves."""
    return (isinstance(cut, Vocab) and cut.size is None) or (isinstance(cut, Width) and cut.latency_ms is not None)


def encoder_parameters(shape: EncoderConfig) -> int:
    """Parameters of all layers."""
    return sum(layer_parameters(shape.hidden_size, layer) for layer in shape.layers)


def _explicit(cut: Width, shape: EncoderConfig) -> EncoderConfig:
    left = _fitted(cut, shape)
    if left is None:
        return shape
    hidden = min(left.hidden_size or shape.hidden_size, shape.hidden_size)
    tied = shape.embedding_size == shape.hidden_size
    layers = tuple(_narrowed(left, layer) for layer in shape.layers)
    return replace(shape, hidden_size=hidden, embedding_size=hidden if tied else shape.embedding_size, layers=layers)


def _narrowed(cut: Width, layer: LayerConfig) -> LayerConfig:
    """The layer with no size above the asked one."""
    return LayerConfig(
        min(cut.heads or layer.num_attention_heads, layer.num_attention_heads),
        min(cut.head_size or layer.head_size, layer.head_size),
        min(cut.intermediate_size or layer.intermediate_size, layer.intermediate_size),
    )


def _under_budget(cut: Width, shape: EncoderConfig) -> EncoderConfig:
    """The model with the same part of every layer kept."""
    share = cut.flops or cut.density or (cut.parameters or encoder_parameters(shape)) / encoder_parameters(shape)
    layers = tuple(
        LayerConfig(
            max(1, round(layer.num_attention_heads * share)),
            layer.head_size,
            max(1, round(layer.intermediate_size * share)),
        )
        for layer in shape.layers
    )
    return replace(shape, layers=layers) if share < 1 else shape


def _asked(cut: Pass | None, shape: EncoderConfig) -> Sequence[tuple[str, int, int]]:
    """Each size that a pass asks for by name, beside the model's own."""
    if isinstance(cut, Depth):
        return [("layers", cut.layers, len(shape.layers))]
    if isinstance(cut, Embedding):
        return [("rank", cut.rank, shape.word_rank or shape.embedding_size)]
    if isinstance(cut, Vocab):
        return [("size", cut.size, shape.vocab_size)] if cut.size else []
    if not isinstance(cut, Width):
        return []
    present = {
        "hidden_size": shape.hidden_size,
        "heads": max(layer.num_attention_heads for layer in shape.layers),
        "head_size": max(layer.head_size for layer in shape.layers),
        "intermediate_size": max(layer.intermediate_size for layer in shape.layers),
    }
    budget = [("parameters", cut.parameters, encoder_parameters(shape))] if cut.parameters else []
    return [*((name, value, present[name]) for name, value in cut.sizes.items()), *budget]
