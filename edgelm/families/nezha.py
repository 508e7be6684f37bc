"""NEZHA (Wei et al. 2019): BERT whose layers encode the distance of two tokens, and no positions in the embedding."""

from __future__ import annotations

from edgelm.families.base import BERT_LAYER, BERT_NAMES, Config, Family, even_heads, positive, standard_config
from edgelm.families.bert import BERT, heads
from edgelm.families.bert import DEFAULTS as BERT_DEFAULTS
from edgelm.graph.canonical import EncoderConfig, RelativeEncoding

DEFAULTS = {**BERT_DEFAULTS, "vocab_size": 21128, "max_relative_position": 64}


def _encoder(config: Config) -> EncoderConfig:
    distance = positive({**DEFAULTS, **config}, "max_relative_position")
    encoder = standard_config(config, defaults=DEFAULTS, has_position_table=False, distances=RelativeEncoding(distance))
    return even_heads(encoder)


NEZHA = Family(
    name="nezha",
    model_types=("nezha",),
    prefix="nezha.",
    encoder=_encoder,
    heads=heads,
    names=BERT_NAMES,
    layer_names=BERT_LAYER,
    aliases=BERT.aliases,
)
