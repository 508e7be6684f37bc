"""The supported architectures, and the way from a checkpoint to a graph."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from edgelm.checkpoint import SentenceModules, TensorStore, read_sentence_modules
from edgelm.errors import UnsupportedError, UsageError
from edgelm.families.albert import ALBERT
from edgelm.families.base import CheckpointWeights, Config, Family, head_tensors
from edgelm.families.bert import BERT, ERNIE
from edgelm.families.distilbert import DISTILBERT
from edgelm.families.edgelm import EDGELM, Quantization, quantization
from edgelm.families.electra import ELECTRA
from edgelm.families.mpnet import MPNET
from edgelm.families.roberta import ROBERTA
from edgelm.graph.canonical import Dense, EncoderConfig, Head, Pooling
from edgelm.graph.heads import build_graph
from edgelm.graph.ir import Graph
from edgelm.graph.quantize import Calibration
from edgelm.types import TASKS, Checkpoint

FAMILIES: tuple[Family, ...] = (BERT, ROBERTA, DISTILBERT, ELECTRA, ALBERT, ERNIE, MPNET, EDGELM)

_TASK_OF_ARCHITECTURE = {
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForQuestionAnswering": "question-answering",
    "ForMultipleChoice": "multiple-choice",
    "ForMaskedLM": "fill-mask",
    "ForPreTraining": "fill-mask",
    "Model": "feature-extraction",
}
_DENSE_ACTIVATIONS = {
    "Tanh": "tanh",
    "ReLU": "relu",
    "GELU": "gelu",
    "Sigmoid": "sigmoid",
    "SiLU": "silu",
    "Identity": None,
}
"""torch.nn's class -> Hugging Face's name."""


def family_of(config: Config) -> Family:
    """The family of a config.json, or an UnsupportedError that names the nearest."""
    model_type = str(config.get("model_type", ""))
    known = {name: family for family in FAMILIES for name in family.model_types}
    if model_type in known:
        return known[model_type]
    nearest = difflib.get_close_matches(model_type, known, n=1, cutoff=0.0)[0]
    raise UnsupportedError(
        f"Architecture {model_type or 'without a model_type'!s} is not supported; the nearest supported family is "
        f"{known[nearest].name}.",
        hint=f"Supported: {', '.join(known)}.",
    )


@dataclass(frozen=True)
class Model:
    """A checkpoint understood: its family, its encoder, its weights, and the tasks it has heads for."""

    checkpoint: Checkpoint
    family: Family
    encoder: EncoderConfig
    weights: CheckpointWeights
    modules: SentenceModules | None

    @classmethod
    def open(cls, checkpoint: Checkpoint) -> Model:
        """Read the configuration and map the weights; nothing is copied yet."""
        family = family_of(checkpoint.config)
        modules = read_sentence_modules(checkpoint.path)
        store = TensorStore.open(checkpoint.path, modules)
        weights = CheckpointWeights(family, checkpoint.config, store)
        encoder = family.encoder(checkpoint.config)
        weights.refuse_surplus_layers(len(encoder.layers))
        return cls(checkpoint, family, encoder, weights, modules)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks whose heads the checkpoint holds.

        Several heads of a family may share a tensor's name (BERT's ``classifier``): the architecture that config.json
        names then says whose it is.
        """
        heads = self.family.heads(self.checkpoint.config)
        tensors = {task: set(head_tensors(head)) for task, head in heads.items()}
        found = {task for task, names in tensors.items() if all(self.weights.has(name) for name in names)}
        own = self._architecture_task()
        if own in found:
            found = {task for task in found if task == own or tensors[task].isdisjoint(tensors[own])}
        found |= {"sentence-similarity"} if self.modules else set()
        return tuple(task for task in TASKS if task in found)

    def resolve_task(self, task: str = "auto") -> str:
        """The task asked for, or the checkpoint's own; a UsageError when it has no head for it."""
        own = "sentence-similarity" if self.modules else self._architecture_task()
        wanted = own if task == "auto" else task
        if wanted not in TASKS:
            raise UsageError(f"Unknown task {wanted!r}.", hint=f"Tasks: {', '.join(TASKS)}.")
        if wanted in self.tasks or wanted == "sentence-similarity":
            return wanted
        if task == "auto":
            return "feature-extraction"
        raise UsageError(f"{self.checkpoint.name} has no head for {wanted}.", hint=f"It has: {', '.join(self.tasks)}.")

    @property
    def quantization(self) -> Quantization | None:
        """What a quantization-aware training left; None of a model that had none."""
        return quantization(self.checkpoint.config) if self.family is EDGELM else None

    @property
    def calibration(self) -> Calibration | None:
        """The trained ranges, to be taken in place of measured ones; None where none were trained.

        They are of the graph that `graph` gives. `slice_last_layer` leaves them right; rewrites after which other
        values are rounded (`preadd_embeddings`, `fold_attention_scale`, and `merge_qkv` where outputs are int8) do not.
        """
        trained = self.quantization
        return Calibration(trained.ranges) if trained and trained.ranges else None

    def graph(self, task: str, max_length: int) -> Graph:
        """The graph of one task, before any rewrite."""
        return build_graph(self.encoder, self.head(self.resolve_task(task)), self.weights, max_length)

    def head(self, task: str) -> Head | Pooling:
        """What follows the encoder for that task; mean pooling when a plain encoder is used for similarity."""
        if task != "sentence-similarity":
            return self.family.heads(self.checkpoint.config)[task]
        if self.modules is None:
            return Pooling(("mean",), normalize=True)
        unknown = [module.activation for module in self.modules.dense if module.activation not in _DENSE_ACTIVATIONS]
        if unknown:
            raise UnsupportedError(f"The Dense module's activation {unknown[0]} is not supported.")
        dense = tuple(
            Dense(module.name, _DENSE_ACTIVATIONS[module.activation], bias=module.bias) for module in self.modules.dense
        )
        return Pooling(self.modules.pooling, dense, self.modules.normalize)

    def _architecture_task(self) -> str:
        """The task of the class that config.json says the weights were saved from."""
        names = self.checkpoint.config.get("architectures")
        name = str(names[0]) if isinstance(names, list) and names else ""
        return next((t for suffix, t in _TASK_OF_ARCHITECTURE.items() if name.endswith(suffix)), "feature-extraction")
