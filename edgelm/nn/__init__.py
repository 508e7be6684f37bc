"""The canonical encoder as torch modules; importing this registers them with transformers' Auto classes."""

import transformers

from edgelm.nn.configuration_edgelm import EdgeLMConfig
from edgelm.nn.folder import canonical, load, save
from edgelm.nn.modeling_edgelm import (
    MODELS,
    EdgeLMForMaskedLM,
    EdgeLMForMultipleChoice,
    EdgeLMForQuestionAnswering,
    EdgeLMForSequenceClassification,
    EdgeLMForTokenClassification,
    EdgeLMModel,
    Gates,
    LayerGates,
)
from edgelm.nn.sentence import SentenceEncoder

__all__ = [
    "EdgeLMConfig",
    "EdgeLMForMaskedLM",
    "EdgeLMForMultipleChoice",
    "EdgeLMForQuestionAnswering",
    "EdgeLMForSequenceClassification",
    "EdgeLMForTokenClassification",
    "EdgeLMModel",
    "Gates",
    "LayerGates",
    "SentenceEncoder",
    "canonical",
    "load",
    "save",
]

transformers.AutoConfig.register(EdgeLMConfig.model_type, EdgeLMConfig)
for _auto_class, _model in MODELS.items():
    getattr(transformers, _auto_class).register(EdgeLMConfig, _model)
