"""The supported architectures, and the way from a checkpoint to a graph."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from edgelm.checkpoint import PoolingMode, SentenceModules, TensorStore, read_sentence_modules
from edgelm.errors import UnsupportedError, UsageError
from edgelm.families.albert import ALBERT
from edgelm.families.base import CheckpointWeights, Config, Family, head_tensors
from edgelm.families.bert import BERT, ERNIE
from edgelm.families.deberta import DEBERTA_V2
from edgelm.families.distilbert import DISTILBERT
from edgelm.families.edgelm import EDGELM, Quantization, quantization
from edgelm.families.electra import ELECTRA
from edgelm.families.joint import INTENT_AND_SLOTS, intent_and_slots
from edgelm.families.modernbert import MODERNBERT
from edgelm.families.mpnet import MPNET
from edgelm.families.nezha import NEZHA
from edgelm.families.roberta import ROBERTA
from edgelm.families.roformer import ROFORMER
from edgelm.graph.canonical import Dense, EncoderConfig, Head, Joint, Pooling
from edgelm.graph.heads import build_graph
from edgelm.graph.ir import Graph
from edgelm.graph.quantize import Calibration
from edgelm.types import TASKS, Checkpoint

FAMILIES: tuple[Family, ...] = (
    BERT,
    ROBERTA,
    DISTILBERT,
    ELECTRA,
    ALBERT,
    ERNIE,
    MPNET,
    NEZHA,
    ROFORMER,
    MODERNBERT,
    DEBERTA_V2,
    EDGELM,
)

_TASK_OF_ARCHITECTURE = {
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForQuestionAnswering": "question-answering",
    "ForMultipleChoice": "multiple-choice",
    "ForMaskedLM": "fill-mask",
    "ForPreTraining": "fill-mask",
    "Model": "feature-extraction",
}
CRF = "crf.transitions"
"""The tensor, by pytorch-crf's name for it, that a tagger with a conditional random field has."""
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
    pooling: PoolingMode = "mean"
    """Of a plain encoder that is used for similarity; where there are modules, they say it."""

    @classmethod
    def open(cls, checkpoint: Checkpoint, pooling: PoolingMode = "mean") -> Model:
        """Read the configuration and map the weights; nothing is copied yet."""
        modules = read_sentence_modules(checkpoint.path)
        store = TensorStore.open(checkpoint.path, modules)
        family = family_of(checkpoint.config)
        weights = family.weights(family, checkpoint.config, store)
        encoder = family.encoder(checkpoint.config)
        weights.refuse_surplus_layers(len(encoder.layers))
        return cls(checkpoint, family, encoder, weights, modules, pooling)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks whose heads the checkpoint holds.

        Several heads of a family may share a tensor's name (BERT's ``classifier``): the architecture that config.json
        names then says whose it is.
        """
        tensors = {task: set(head_tensors(head)) for task, head in self._heads.items()}
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

    @property
    def _heads(self) -> Mapping[str, Head | Joint]:
        """By task, the family's own heads and those that any family may have."""
        own = self.family.heads(self.checkpoint.config)
        joint = intent_and_slots(own, has_pooler=self.weights.has("pooler.weight"))
        return {**own, INTENT_AND_SLOTS: joint}

    def head(self, task: str) -> Head | Joint | Pooling:
        """What follows the encoder for that task; a plain encoder used for similarity is pooled and normalized."""
        if task != "sentence-similarity":
            return self._heads[task]
        if self.modules is None:
            return Pooling((self.pooling,), normalize=True)
        unknown = [module.activation for module in self.modules.dense if module.activation not in _DENSE_ACTIVATIONS]
        if unknown:
            raise UnsupportedError(f"The Dense module's activation {unknown[0]} is not supported.")
        dense = tuple(
            Dense(module.name, _DENSE_ACTIVATIONS[module.activation], bias=module.bias) for module in self.modules.dense
        )
        return Pooling(self.modules.pooling, dense, self.modules.normalize)

    def trained_head(self, task: str) -> Head | Pooling:
        """The head of a task for who trains it; UnsupportedError where that would lose a part of it.

        Joint intent and slots, and a tagger's conditional random field, are exported as they are.
        """
        head = self.head(task)
        if isinstance(head, Joint) or (task == "token-classification" and self.weights.has(CRF)):
            part = "conditional random field" if self.weights.has(CRF) else "second head"
            raise UnsupportedError(
                f"{self.checkpoint.name} has a {part}, which is exported but neither trained nor compressed.",
                hint="Supported: the heads of transformers' own classes.",
            )
        return head

    def _architecture_task(self) -> str:
        """The task of the class that config.json says the weights were saved from.

        Classes that are not transformers' own go by many names, and are known by their tensors.
        """
        if all(map(self.weights.has, head_tensors(self._heads[INTENT_AND_SLOTS]))):
            return INTENT_AND_SLOTS
        if self.weights.has(CRF):
            return "token-classification"
        names = self.checkpoint.config.get("architectures")
        name = str(names[0]) if isinstance(names, list) and names else ""
        return next((t for suffix, t in _TASK_OF_ARCHITECTURE.items() if name.endswith(suffix)), "feature-extraction")
