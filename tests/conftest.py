"""Shared fixtures: tiny random checkpoints, padded batches for them, and Hugging Face's own answer to those."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from edgelm import registry
from edgelm.calibrate.observers import extremes
from edgelm.checkpoint import open_checkpoint
from edgelm.errors import EdgelmError
from edgelm.families import Model
from edgelm.graph.ir import Graph
from edgelm.graph.quantize import Calibration
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.session import Session
from edgelm.toolchain import import_toolchain
from edgelm.types import Verdict

from . import nezha, pieces

Arrays = dict[str, np.ndarray]

# Time is measured in benchmarks; a loaded machine is no failure.
settings.register_profile("edgelm", deadline=None)
settings.load_profile("edgelm")

BERT_SPECIALS = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
ALBERT_SPECIALS = {**BERT_SPECIALS, "pad_token": "<pad>", "unk_token": "<unk>"}
ROBERTA_SPECIALS = {
    "cls_token": "<s>",
    "pad_token": "<pad>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}
ROBERTA_LIKE = ("roberta", "xlm-roberta", "camembert", "mpnet")
WORDS = """
the movie was good bad great boring film not and is in it of to a he she they lives works paris london google who where
what china beijing love hate really very ##ing ##ed ##s ##ly un . , ! ? ' -
我 你 他 爱 北 京 上 海 中 国 天 气 很 好 不 喜 欢 电 影 在 是 的 了 吗 ， 。 ！ ？
"""
LETTERS = [letter for code in range(ord("a"), ord("z") + 1) for letter in (chr(code), f"##{chr(code)}")]

TINY = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 64,
    "num_labels": 3,
}
_ROBERTA = {"model_type": "roberta", "max_position_embeddings": 66, "type_vocab_size": 1}
FAMILY_CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "bert": {"model_type": "bert"},
    "roberta": _ROBERTA,
    "xlm-roberta": {**_ROBERTA, "model_type": "xlm-roberta"},
    "camembert": {**_ROBERTA, "model_type": "camembert"},
    "distilbert": {"model_type": "distilbert"},
    "electra": {"model_type": "electra", "embedding_size": 24},
    "albert": {"model_type": "albert", "embedding_size": 24, "num_hidden_layers": 3},
    "ernie": {"model_type": "ernie", "use_task_id": True},
    "mpnet": {"model_type": "mpnet", "max_position_embeddings": 66},
    "nezha": {"model_type": "nezha", "max_relative_position": 6},
    "roformer": {"model_type": "roformer", "embedding_size": 24, "summary_type": "first", "summary_use_proj": True},
    "modernbert": {
        "model_type": "modernbert",
        "num_hidden_layers": 3,
        "local_attention": 12,
        "global_rope_theta": 900.0,
    },
    "deberta-v2": {
        "model_type": "deberta-v2",
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_buckets": 8,
        "share_att_key": True,
        "norm_rel_ebd": "layer_norm",
        "position_biased_input": False,
    },
    "edgelm": {
        "model_type": "edgelm",
        "embedding_size": 24,
        "attention_heads": [4, 3],
        "head_sizes": [8, 6],
        "intermediate_sizes": [48, 40],
    },
}
DISTILBERT_KEYS = {
    "hidden_size": "dim",
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "intermediate_size": "hidden_dim",
    "hidden_act": "activation",
}
AUTO_CLASSES = {
    "feature-extraction": "AutoModel",
    "text-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "intent-and-slots": "AutoModel",
    "question-answering": "AutoModelForQuestionAnswering",
    "multiple-choice": "AutoModelForMultipleChoice",
    "fill-mask": "AutoModelForMaskedLM",
}
SLOT_LABELS = {"0": "O", "1": "B-artist", "2": "I-artist", "3": "B-city", "4": "I-city"}
POOLING_FLAGS = {
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean": "pooling_mode_mean_tokens",
    "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
}


@pytest.fixture(scope="session", autouse=True)
def toolchains() -> None:
    """Every target's modules, imported once: a conversion's process inherits them where it is forked."""
    for target in registry.targets().values():
        for module in (*registry.converter_of(target).requires, *target.requires):
            if target.set_up is None:
                import_toolchain(module)


@pytest.fixture(scope="session")
def torch() -> Any:
    """torch on one thread: the tiny models gain nothing from more."""
    import torch
    import transformers

    import edgelm.nn  # noqa: F401  registers edgelm's own architecture with transformers

    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    return torch


@pytest.fixture(scope="session")
def make_checkpoint(tmp_path_factory: pytest.TempPathFactory, torch: Any) -> Callable[..., Path]:
    """``make_checkpoint(family, task="feature-extraction", **config)``: the folder of a tiny random model.

    ``family`` is a key of FAMILY_CONFIGS; ``config`` overrides config.json by BERT's key names. Written by transformers
    itself (``save_pretrained``, safetensors) with a tokenizer beside it, once per session for the same arguments:
    a test that changes the folder copies it first (``shutil.copytree``).
    """
    made: dict[str, Path] = {}

    def make(family: str, task: str = "feature-extraction", **config: Any) -> Path:
        key = json.dumps([family, task, config], sort_keys=True)
        if key not in made:
            made[key] = tmp_path_factory.mktemp(f"{family}-{task}")
            labels = {"num_labels": 2} if task == "question-answering" else {}
            _save_model(torch, made[key], family, task, {**labels, **config}, seed=zlib.crc32(key.encode()))
            _save_tokenizer(made[key], family)
        return made[key]

    return make


@pytest.fixture(scope="session")
def make_sentence_model(
    make_checkpoint: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """``make_sentence_model(family="bert", pooling=("mean",), dense=None, normalize=True, **config)``: a folder.

    A sentence-transformers folder written by hand. ``pooling`` uses edgelm's names; ``dense`` names a torch activation
    ("Tanh", "Identity", ...) and adds a layer of 20 outputs. Each call makes a new folder, free to be changed.
    """

    def make(
        family: str = "bert",
        pooling: tuple[str, ...] = ("mean",),
        dense: str | None = None,
        normalize: bool = True,
        **config: Any,
    ) -> Path:
        folder = tmp_path_factory.mktemp(f"{family}-sentence")
        shutil.copytree(make_checkpoint(family, **config), folder, dirs_exist_ok=True)
        kinds = ["Transformer", "Pooling", *(["Dense"] if dense else []), *(["Normalize"] if normalize else [])]
        paths = ["", *(f"{i}_{kind}" for i, kind in enumerate(kinds) if i)]
        types = [f"sentence_transformers.models.{kind}" for kind in kinds]
        entries = enumerate(zip(paths, types, strict=True))
        _write_json(
            folder / "modules.json", [{"idx": i, "name": str(i), "path": p, "type": t} for i, (p, t) in entries]
        )
        _write_json(folder / "sentence_bert_config.json", {"max_seq_length": 64, "do_lower_case": False})
        flags = {flag: mode in pooling for mode, flag in POOLING_FLAGS.items()}
        width = config.get("hidden_size", TINY["hidden_size"])
        _write_json(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": width, **flags})
        if dense:
            _save_dense(folder / "2_Dense", width * len(pooling), dense)
        return folder

    return make


@pytest.fixture(scope="session")
def make_pieces(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``make_pieces("albert", lines=None, **options)``: a new folder with that family's SentencePiece model alone.

    ``options`` are the trainer's; each model is trained once per session.
    """
    made: dict[str, Path] = {}

    def make(family: str, lines: Sequence[str] | None = None, **options: Any) -> Path:
        name, own = pieces.LAYOUTS[family]
        key = json.dumps([name, own, lines, options], sort_keys=True)
        if key not in made:
            path = tmp_path_factory.mktemp(f"{family}-pieces") / name
            made[key] = pieces.train(path, lines or pieces.sentences(), **{**own, **options})
        folder = tmp_path_factory.mktemp(f"{family}-folder")
        shutil.copy(made[key], folder)
        return folder

    return make


@pytest.fixture(scope="session")
def open_model() -> Callable[[Path | str], Model]:
    """``open_model(folder)``: the folder as edgelm reads it."""
    return lambda folder: Model.open(open_checkpoint(str(folder)))


@pytest.fixture(scope="session")
def open_session(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Session]:
    """``open_session(folder, **request)``: the folder exported to ONNX and opened; once for the same arguments."""
    opened: dict[str, Session] = {}

    def make(folder: Path, **request: Any) -> Session:
        key = f"{folder} {request}"
        if key not in opened:
            out = tmp_path_factory.mktemp("bundles")
            plan = Plan(ExportRequest(str(folder), ("onnx",), out, threads=1, **request))
            (report,) = export(plan, lambda *_: None)
            assert report.verdict is Verdict.PASS, report.checks
            opened[key] = Session.open(out / "onnx", threads=1)
        return opened[key]

    return make


@pytest.fixture(scope="session")
def refusal(open_model: Callable[[Path | str], Model]) -> Callable[..., EdgelmError]:
    """``refusal(UsageError, model, task="auto", max_length=16)``: the error on the way from a model's name to a graph.

    Its message must be one line.
    """

    def catch(error: type[EdgelmError], model: Path | str, task: str = "auto", max_length: int = 16) -> EdgelmError:
        with pytest.raises(error) as raised:
            open_model(model).graph(task, max_length)
        assert "\n" not in str(raised.value)
        return raised.value

    return catch


@pytest.fixture(scope="session")
def make_batch() -> Callable[..., Arrays]:
    """``make_batch(model, lengths=(17, 9, 3), seed=0)``: int32 inputs for a Model, padded to the longest."""

    def make(model: Model, lengths: tuple[int, ...] = (17, 9, 3), seed: int = 0) -> Arrays:
        rng = np.random.default_rng(seed)
        places, ends = np.arange(max(lengths))[None, :], np.asarray(lengths)[:, None]
        mask = (places < ends).astype(np.int32)
        ids = rng.integers(5, model.encoder.vocab_size, mask.shape, dtype=np.int32)
        pad = np.int32(model.checkpoint.config.get("pad_token_id") or 0)
        batch = {"input_ids": np.where(mask == 1, ids, pad), "attention_mask": mask}
        if model.encoder.type_vocab_size > 1:
            batch["token_type_ids"] = ((places >= ends // 2) * mask).astype(np.int32)
        return batch

    return make


@pytest.fixture(scope="session")
def min_max() -> Callable[[Graph, Sequence[Arrays]], Calibration]:
    """``min_max(graph, feeds)``: the plainest calibration, the extremes of every float tensor on those feeds."""

    def calibration(graph: Graph, feeds: Sequence[Arrays]) -> Calibration:
        names = [name for node in graph.nodes for name in node.outputs if graph[name].dtype == "float32"]
        return Calibration(extremes(graph, feeds, names))

    return calibration


@pytest.fixture(scope="session")
def reference(torch: Any) -> Callable[[Path, str, Arrays], Arrays]:
    """``reference(folder, task, inputs)``: the outputs of Hugging Face's module by edgelm's names.

    Of NEZHA, which has none any more, those of its authors' formula on Hugging Face's BERT (``nezha.py``).
    float32, eager attention. ``multiple-choice`` takes [choices, length] and gives [choices, 1], as edgelm's graph.
    """
    loaded: dict[tuple[Path, str], Any] = {}

    def run(folder: Path, task: str, inputs: Arrays) -> Arrays:
        import transformers

        if (folder, task) not in loaded:
            auto = getattr(transformers, AUTO_CLASSES[task])
            if json.loads((folder / "config.json").read_text())["model_type"] == "nezha":
                loaded[folder, task] = nezha.load(folder, auto)
            else:
                own = auto.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
                loaded[folder, task] = own.eval()
        tensors = {name: torch.from_numpy(array).long() for name, array in inputs.items()}
        if task == "multiple-choice":
            tensors = {name: tensor.unsqueeze(0) for name, tensor in tensors.items()}
        with torch.no_grad():
            outputs = loaded[folder, task](**tensors)
        if task == "multiple-choice":
            return {"logits": outputs.logits.numpy().T}
        if task == "intent-and-slots":
            return _joint_logits(folder, outputs)
        names = {"feature-extraction": ["last_hidden_state"], "question-answering": ["start_logits", "end_logits"]}
        return {name: outputs[name].numpy() for name in names.get(task, ["logits"])}

    return run


def _save_model(torch: Any, folder: Path, family: str, task: str, config: Mapping[str, Any], seed: int) -> None:
    """Weights large enough that a wrong one shows: outputs of about 1, no LayerNorm or bias at its initial value."""
    import transformers

    vocabulary = _vocabulary(family)
    own = {"vocab_size": len(vocabulary), "pad_token_id": vocabulary[_specials(family)["pad_token"]]}
    values = {**TINY, **own, **FAMILY_CONFIGS[family], **config}
    if family == "distilbert":
        values = {DISTILBERT_KEYS.get(key, key): value for key, value in values.items()}
    if family == "nezha":
        values["model_type"] = "bert"
    auto = getattr(transformers, AUTO_CLASSES[task])
    model = auto.from_config(transformers.AutoConfig.for_model(**values)).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator) * 0.2
            parameter.copy_(1.0 + noise if "norm" in name.lower() and name.endswith("weight") else noise)
    model.save_pretrained(folder)
    if family == "nezha":
        nezha.from_bert(folder, values["max_relative_position"])
    if task == "intent-and-slots":
        _add_joint_heads(folder, seed)


def _add_joint_heads(folder: Path, seed: int) -> None:
    """The two classifiers of monologg/JointBERT, beside the encoder's tensors."""
    from safetensors.numpy import load_file, save_file

    config = json.loads((folder / "config.json").read_text("utf-8"))
    width, intents = config.get("hidden_size") or config["dim"], len(config["id2label"])
    rng = np.random.default_rng(seed)
    heads = {
        f"{name}_classifier.linear.{part}": rng.normal(0, 0.2, shape).astype(np.float32)
        for name, labels in (("intent", intents), ("slot", len(SLOT_LABELS)))
        for part, shape in (("weight", (labels, width)), ("bias", (labels,)))
    }
    tensors = load_file(folder / "model.safetensors")
    save_file({**tensors, **heads}, folder / "model.safetensors", {"format": "pt"})
    _write_json(folder / "config.json", {**config, "architectures": ["JointBERT"], "slot_id2label": SLOT_LABELS})


def _joint_logits(folder: Path, outputs: Any) -> Arrays:
    """monologg/JointBERT's two classifiers over the encoder's outputs."""
    from safetensors.torch import load_file

    tensors, tokens = load_file(folder / "model.safetensors"), outputs.last_hidden_state
    pooled = getattr(outputs, "pooler_output", None)
    read = {"intent": tokens[:, 0] if pooled is None else pooled, "slot": tokens}
    return {
        f"{name}_logits": (
            x @ tensors[f"{name}_classifier.linear.weight"].T + tensors[f"{name}_classifier.linear.bias"]
        ).numpy()
        for name, x in read.items()
    }


def _specials(family: str) -> Mapping[str, str]:
    if family == "albert":
        return ALBERT_SPECIALS
    return ROBERTA_SPECIALS if family in ROBERTA_LIKE else BERT_SPECIALS


def _vocabulary(family: str) -> dict[str, int]:
    """About 150 WordPieces: special tokens, words, every letter, some Chinese characters and punctuation."""
    return {token: i for i, token in enumerate(dict.fromkeys([*_specials(family).values(), *WORDS.split(), *LETTERS]))}


def _save_tokenizer(folder: Path, family: str) -> None:
    """A real WordPiece tokenizer that can encode any lower-case Latin word and the Chinese characters of WORDS."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    vocabulary, specials = _vocabulary(family), _specials(family)
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=specials["unk_token"]))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    cls, sep = specials["cls_token"], specials["sep_token"]
    second = 0 if family in (*ROBERTA_LIKE, "distilbert") else 1
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls}:0 $A:0 {sep}:0",
        pair=f"{cls}:0 $A:0 {sep}:0 $B:{second} {sep}:{second}",
        special_tokens=[(cls, vocabulary[cls]), (sep, vocabulary[sep])],
    )
    tokenizer.add_special_tokens(list(specials.values()))
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": True, "model_max_length": 64}
    _write_json(folder / "tokenizer_config.json", {**settings, **specials})
    _write_json(folder / "special_tokens_map.json", dict(specials))


def _save_dense(folder: Path, inputs: int, activation: str) -> None:
    from safetensors.numpy import save_file

    rng = np.random.default_rng(inputs)
    config = {"in_features": inputs, "out_features": 20, "bias": True}
    _write_json(folder / "config.json", {**config, "activation_function": f"torch.nn.modules.activation.{activation}"})
    weight, bias = rng.normal(0, 0.2, (20, inputs)), rng.normal(0, 0.2, 20)
    tensors = {"linear.weight": weight.astype(np.float32), "linear.bias": bias.astype(np.float32)}
    save_file(tensors, folder / "model.safetensors")


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=2), "utf-8")
