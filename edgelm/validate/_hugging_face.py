"""The original itself, in the process that `edgelm.worker` is: Hugging Face's own module, and what follows it by torch.

Nothing of edgelm is imported, so that no fault of edgelm's reading or arithmetic can be on both sides. It runs where
torch and transformers are; nothing is downloaded, no pickle is read, and no code of a checkpoint is run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edgelm.types import Runner, Tensors

_CLASSES = {
    "text-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "intent-and-slots": "AutoModel",
    "question-answering": "AutoModelForQuestionAnswering",
    "multiple-choice": "AutoModelForMultipleChoice",
    "fill-mask": "AutoModelForMaskedLM",
    "feature-extraction": "AutoModel",
    "sentence-similarity": "AutoModel",
}
_OUTPUTS = {
    "question-answering": ("start_logits", "end_logits"),
    "feature-extraction": ("last_hidden_state",),
    "sentence-similarity": ("last_hidden_state",),
    "intent-and-slots": ("last_hidden_state",),
}
"""What is read of the module's answer; of the other tasks, ``logits``."""
_WEIGHTS = "model.safetensors"
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "*.model")
_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
}


def open_original(path: str, task: str, pooling: str = "mean") -> Runner:
    """The checkpoint in a folder as a runner of one of edgelm's tasks, in float32 with eager attention.

    ``pooling`` is of a plain encoder that is used for similarity.
    """
    import torch

    folder = Path(path)
    modules = _modules(folder)
    model = _model(modules[0][1] if modules else folder, task)
    heads = _joint_heads(folder) if task == "intent-and-slots" else None
    finish = _sentence_embedding(modules, pooling) if task == "sentence-similarity" else None

    def run(inputs: Tensors) -> dict[str, Any]:
        tensors = {name: torch.tensor(array, dtype=torch.long) for name, array in inputs.items()}
        with torch.inference_mode():
            if task == "multiple-choice":  # [choices, length] is one question here, and a batch of one there
                batch = {name: tensor.unsqueeze(0) for name, tensor in tensors.items()}
                return {"logits": model(**batch).logits.T.numpy()}
            found = model(**tensors)
            if heads:
                return {name: logits.numpy() for name, logits in heads(found).items()}
            if finish:
                embedding = finish(found.last_hidden_state, tensors["attention_mask"])
                return {"sentence_embedding": embedding.numpy()}
        return {name: found[name].numpy() for name in _OUTPUTS.get(task, ("logits",))}

    return run


def open_tokenizer(path: str) -> Runner:
    """The tokenizer of the checkpoint in a folder, as Hugging Face loads it.

    Of a text, and perhaps its pair, as UTF-8 bytes called ``0`` and ``1``, it gives ``input_ids`` and, where it gives
    any, ``token_type_ids``. A class of version 4 may give them there and none in version 5.
    """
    import numpy as np
    import transformers

    folder = Path(path)
    modules = _modules(folder)
    place = modules[0][1] if modules else folder
    settings = place / "sentence_bert_config.json"
    is_lowered = bool(modules and settings.is_file() and _json(settings).get("do_lower_case"))
    own = any(any(place.glob(name)) for name in _TOKENIZERS)
    tokenizer = transformers.AutoTokenizer.from_pretrained(
        place if own else folder, local_files_only=True, trust_remote_code=False
    )

    def run(inputs: Tensors) -> dict[str, Any]:
        texts = [inputs[name].tobytes().decode() for name in sorted(inputs)]
        found = tokenizer(*(text.lower() if is_lowered else text for text in texts))
        names = [name for name in ("input_ids", "token_type_ids") if name in found]
        return {name: np.asarray(found[name], np.int32) for name in names}

    return run


def _model(folder: Path, task: str) -> Any:
    """Hugging Face's module; ValueError when a tensor that the task needs would have been made up."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    model, found = getattr(transformers, _CLASSES[task]).from_pretrained(
        folder,
        attn_implementation="eager",
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    # The pooler is of the module, and of no task that reads the tokens themselves.
    made_up = sorted(name for name in found["missing_keys"] if not (task in _OUTPUTS and name.startswith("pooler.")))
    if made_up:
        raise ValueError(f"{folder} lacks {made_up[0]}, so Hugging Face's module for {task} would be random")
    return model.float().eval()


def _joint_heads(folder: Path) -> Callable[[Any], dict[str, Any]]:
    """monologg/JointBERT's two classifiers over an encoder's outputs.

    The intent's reads the pooler, as long as the weights have one, else the first token.
    """
    import torch
    from safetensors.torch import load_file

    weights = {name: tensor for file in folder.glob("*.safetensors") for name, tensor in load_file(file).items()}
    has_pooler = any("pooler." in name for name in weights)

    def heads(found: Any) -> dict[str, Any]:
        tokens = found.last_hidden_state
        read = {"intent": found.pooler_output if has_pooler else tokens[:, 0], "slot": tokens}
        names = {kind: f"{kind}_classifier.linear" for kind in read}
        return {
            f"{kind}_logits": torch.nn.functional.linear(
                x, weights[f"{names[kind]}.weight"].float(), weights[f"{names[kind]}.bias"].float()
            )
            for kind, x in read.items()
        }

    return heads


# -- sentence-transformers ---------------------------------------------------------------------------------------------


def _modules(folder: Path) -> list[tuple[str, Path]]:
    """Kinds and folders of the modules of a sentence-transformers folder, the transformer first; none of any other."""
    source = folder / "modules.json"
    if not source.is_file():
        return []
    return [(module["type"].rsplit(".", 1)[-1], folder / module["path"]) for module in _json(source)]


def _sentence_embedding(modules: list[tuple[str, Path]], pooling: str) -> Callable[[Any, Any], Any]:
    """What follows the transformer, over its tokens and mask; a plain encoder is pooled so and normalized."""
    import torch

    followers = modules[1:] or [("Pooling", Path()), ("Normalize", Path())]
    modes = _modes(_json(followers[0][1] / "config.json")) if modules[1:] else [pooling]
    layers = [_LAYERS[kind](place) for kind, place in followers[1:]]

    def finish(tokens: Any, mask: Any) -> Any:
        embedding = torch.cat([_pooled(tokens, mask, mode) for mode in modes], dim=-1)
        for layer in layers:
            embedding = layer(embedding)
        return embedding

    return finish


def _modes(config: Mapping[str, Any]) -> list[str]:
    """``pooling_mode``, a name or several in order, else the flags of older files, else the mean."""
    modes = config.get("pooling_mode") or [mode for flag, mode in _FLAGS.items() if config.get(flag)] or ["mean"]
    return [modes] if isinstance(modes, str) else list(modes)


def _pooled(tokens: Any, mask: Any, mode: str) -> Any:
    """One vector a row of tokens [rows, length, size], padding on the right."""
    import torch

    wide = mask.unsqueeze(-1).expand_as(tokens).to(tokens.dtype)
    if mode == "cls":
        return tokens[:, 0]
    if mode == "max":
        return tokens.masked_fill(wide == 0, float("-inf")).max(dim=1).values
    total, count = (tokens * wide).sum(dim=1), wide.sum(dim=1).clamp(min=1e-9)
    if mode == "mean":
        return total / count
    if mode == "mean_sqrt_len_tokens":
        return total / torch.sqrt(count)
    raise ValueError(f"pooling {mode!r} is not known here")


def _dense(folder: Path) -> Callable[[Any], Any]:
    """A linear layer and its activation, Tanh where none is named."""
    import torch
    from safetensors.torch import load_file

    config, weights = _json(folder / "config.json"), load_file(folder / _WEIGHTS)
    name = config.get("activation_function", "torch.nn.modules.activation.Tanh").rsplit(".", 1)[-1]
    activation = torch.nn.Identity if name == "Identity" else getattr(torch.nn.modules.activation, name)
    bias = weights["linear.bias"].float() if config.get("bias", True) else None
    weight = weights["linear.weight"].float()
    return lambda x: activation()(torch.nn.functional.linear(x, weight, bias))


def _normalize(_: Path) -> Callable[[Any], Any]:
    import torch

    return lambda x: torch.nn.functional.normalize(x, p=2, dim=1)


_LAYERS = {"Dense": _dense, "Normalize": _normalize}


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))
