"""Faults in edgelm's own reading of a checkpoint: the reference has them too, so only the original can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from edgelm import families
from edgelm.families.base import DENSE_TANH, SPANS, Family
from edgelm.graph import attention, canonical, heads, positions
from edgelm.graph.canonical import Dense, Head
from edgelm.tokenizer import folder

from . import healthy as h
from .harness import OwnFault

Patch = tuple[Any, str, Any]
TOKENS = "integrity: texts tokenized otherwise than by transformers"


def _of(name: str) -> Family:
    return next(family for family in families.FAMILIES if family.name == name)


def _family(name: str, **fields: Any) -> Patch:
    """One family with other fields."""
    found = tuple(replace(one, **fields) if one.name == name else one for one in families.FAMILIES)
    return families, "FAMILIES", found


def _names_exchanged(name: str, one: str, other: str) -> Patch:
    """Two parts of every layer with one another's tensors."""
    names = dict(_of(name).layer_names)
    return _family(name, layer_names={**names, one: names[other], other: names[one]})


def _head(name: str, task: str, head: Head) -> Patch:
    """Another head for a task."""
    known = _of(name).heads
    return _family(name, heads=lambda config: {**known(config), task: head})


def _encoder(name: str, longer: int = 0, **fields: Any) -> Patch:
    """Another encoder; ``longer`` by so many positions."""
    read = _of(name).encoder

    def changed(config: Mapping[str, Any]) -> canonical.EncoderConfig:
        right = read(config)
        return replace(right, max_length=right.max_length + longer, **fields)

    return _family(name, encoder=changed)


def _group_in_turn(config: Mapping[str, Any], i: int) -> str:
    """Layers dealt out to ALBERT's groups one by one."""
    return f"encoder.albert_layer_groups.{i % config['num_hidden_groups']}.albert_layers.0"


_bucket = positions.relative_position_bucket
_TANH_FOR_ERF = {**canonical.ACTIVATIONS, "gelu": canonical.ACTIVATIONS["gelu_new"]}
_ROOT_FOR_MEAN = {**heads._POOLINGS, "mean": heads._POOLINGS["mean_sqrt_len_tokens"]}
_NO_TANH = {**families._DENSE_ACTIVATIONS, "Tanh": None}
_NO_ROOT = SimpleNamespace(sqrt=lambda size: size)
_NO_RELU = Head("first", (Dense("pre_classifier"), Dense("classifier")))

FAULTS = (
    OwnFault("queries and keys under one another's names", h.ERNIE_COREML, _names_exchanged("ernie", "query", "key")),
    OwnFault(
        "a layer's norms under one another's names", h.BERT_ONNX, _names_exchanged("bert", "attention_norm", "ffn_norm")
    ),
    OwnFault("positions counted from 0", h.ROBERTA_SHORT, _encoder("roberta", longer=2, padding_idx=None)),
    OwnFault("positions counted from padding_idx", h.ROBERTA_SHORT, _encoder("roberta", longer=1, padding_idx=0)),
    OwnFault(
        "relative positions in other buckets",
        h.MPNET,
        (positions, "relative_position_bucket", lambda distance, buckets: _bucket(distance, buckets, max_distance=64)),
    ),
    OwnFault("no task types", h.ERNIE, _encoder("ernie", task_type_vocab_size=0)),
    OwnFault("no token types", h.BERT_ONNX, _encoder("bert", type_vocab_size=0)),
    OwnFault("epsilon 1e-5 for 1e-12", h.BERT_SMALL, _encoder("bert", layer_norm_eps=1e-5)),
    OwnFault("tanh GELU under the name of erf GELU", h.BERT_TFLITE, (canonical, "ACTIVATIONS", _TANH_FOR_ERF)),
    OwnFault("attention scale without its root", h.DISTILBERT, (attention, "math", _NO_ROOT)),
    OwnFault("groups of layers taken in turns", h.ALBERT, _family("albert", layer=_group_in_turn)),
    OwnFault("a classifier without its ReLU", h.DISTILBERT_SERVER, _head("distilbert", h.SEQUENCE, _NO_RELU)),
    OwnFault("a classifier of tanh for GELU", h.ELECTRA_IOS, _head("electra", h.SEQUENCE, DENSE_TANH)),
    OwnFault(
        "start and end swapped",
        h.BERT_FIXED,
        _head("bert", h.ANSWERS, replace(SPANS, outputs=("end_logits", "start_logits"))),
    ),
    OwnFault("a sum over the root for the mean", h.SENTENCE, (heads, "_POOLINGS", _ROOT_FOR_MEAN)),
    OwnFault("a Dense module's tanh overlooked", h.SENTENCE, (families, "_DENSE_ACTIVATIONS", _NO_TANH)),
    OwnFault("pairs of one token type", h.CASED, (folder, "_has_token_types", lambda _: False), TOKENS),
    OwnFault("casing by the wrong file", h.CASED, (folder, "bert_rules", lambda _: {}), TOKENS),
)
