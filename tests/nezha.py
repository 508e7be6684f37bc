"""NEZHA by its authors' formula, on Hugging Face's BERT: transformers 5 has no module of its own any more.

A NEZHA is a BERT without position embeddings whose attention is that of Wei et al. 2019, section 2.2, as
``NezhaSelfAttention`` of transformers 4 computed it; the checkpoints' names are BERT's behind another prefix.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

POSITIONS = "embeddings.position_embeddings.weight"


def from_bert(folder: Path, max_relative_position: int) -> None:
    """Make the BERT that transformers saved in a folder a NEZHA, in the names of transformers 4."""
    tensors = {
        name.replace("bert.", "nezha.", 1) if name.startswith("bert.") else name: tensor
        for name, tensor in load_file(folder / "model.safetensors").items()
        if not name.endswith(POSITIONS)
    }
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    names = [name.replace("Bert", "Nezha") for name in config["architectures"]]
    own = {"model_type": "nezha", "architectures": names, "max_relative_position": max_relative_position}
    (folder / "config.json").write_text(json.dumps({**config, **own}, indent=2))


def load(folder: Path, auto_class: Any) -> Any:
    """The NEZHA of a folder as a torch module with the head that the auto class has for BERT."""
    import torch
    import transformers

    values = json.loads((folder / "config.json").read_text())
    distance = values.pop("max_relative_position")
    config = transformers.AutoConfig.for_model(**{**values, "model_type": "bert"})
    transformers.AttentionInterface.register(f"nezha-{distance}", _attention(distance))
    eager = transformers.masking_utils.ALL_MASK_ATTENTION_FUNCTIONS["eager"]
    transformers.AttentionMaskInterface.register(f"nezha-{distance}", eager)
    model = auto_class.from_config(config, attn_implementation=f"nezha-{distance}").float()
    state = {
        name.replace("nezha.", "bert.", 1): tensor for name, tensor in load_file(folder / "model.safetensors").items()
    }
    missing, surplus = model.load_state_dict(state, strict=False)
    assert not [name for name in surplus if "_classifier.linear." not in name]  # those of joint heads
    absent = [
        name for name in missing if not name.endswith(POSITIONS) and "decoder" not in name and "pooler" not in name
    ]
    assert not absent
    for name, parameter in model.named_parameters():
        if name.endswith(POSITIONS):
            torch.nn.init.zeros_(parameter)
    model.tie_weights()
    return model.eval()


def _attention(max_distance: int) -> Any:
    """The attention of every layer: queries meet keys and encodings of distances, and so do probabilities values."""

    def attend(_module: Any, query: Any, key: Any, value: Any, mask: Any, **_: Any) -> tuple[Any, Any]:
        import torch

        encodings = _encodings(query.shape[2], query.shape[3], max_distance)
        scores = query @ key.transpose(2, 3) + torch.einsum("bhqd,qkd->bhqk", query, encodings)
        scores = scores / math.sqrt(query.shape[3])
        probabilities = (scores if mask is None else scores + mask).softmax(-1)
        context = probabilities @ value + torch.einsum("bhqk,qkd->bhqd", probabilities, encodings)
        return context.transpose(1, 2).contiguous(), probabilities

    return attend


def _encodings(length: int, size: int, max_distance: int) -> Any:
    """[query, key, size]: sin and cos of the clipped distance, counted from 0 (the paper's equation 5)."""
    import torch

    encodings = torch.empty(length, length, size)
    for query in range(length):
        for key in range(length):
            distance = min(max(key - query, -max_distance), max_distance) + max_distance
            for i in range(size // 2):
                angle = distance / 10000 ** (2 * i / size)
                encodings[query, key, 2 * i], encodings[query, key, 2 * i + 1] = math.sin(angle), math.cos(angle)
    return encodings
