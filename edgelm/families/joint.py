"""Joint intent and slots (Chen et al. 2019): two heads on any family's encoder, which transformers has no class for.

Such a checkpoint is the family's own with the tensors of monologg/JointBERT's two classifiers, and in config.json the
intents as ``id2label`` and the slots as ``slot_id2label``.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgelm.graph.canonical import Dense, Head, Joint

INTENT_AND_SLOTS = "intent-and-slots"
INTENT, SLOTS = "intent_classifier.linear", "slot_classifier.linear"
_POOLER = Dense("pooler", "tanh")


def intent_and_slots(heads: Mapping[str, Head], *, has_pooler: bool) -> Joint:
    """The two heads: ``intent_logits`` of the pooled first position, ``slot_logits`` of every position.

    ``heads`` are the family's own, one of which has the family's pooler; without a pooler (DistilBERT, ELECTRA) the
    intent is read from the first position as it is, as JointDistilBERT does.
    """
    layers = (layer for head in heads.values() for layer in head.layers)
    own = next((layer for layer in layers if isinstance(layer, Dense) and layer.name == _POOLER.name), _POOLER)
    intent = Head("first", (*((own,) if has_pooler else ()), Dense(INTENT)), ("intent_logits",))
    return Joint((intent, Head("all", (Dense(SLOTS),), ("slot_logits",))))
