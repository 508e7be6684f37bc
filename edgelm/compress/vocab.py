"""Prunes a vocabulary to what a corpus needs: fewer rows to ship, and on that corpus the very same answers."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from edgelm.checkpoint import open_checkpoint, read_json
from edgelm.compress._bpe import blocked_pieces
from edgelm.compress._rows import copy_with_rows
from edgelm.compress._token_choice import always, needs, ordered, parts, selected
from edgelm.compress._tokenizer_files import NAMES, Vocabulary
from edgelm.errors import UsageError
from edgelm.families import Model
from edgelm.graph.canonical import Decoder
from edgelm.tokenizer import Text, TextTokenizer
from edgelm.types import Array

if TYPE_CHECKING:
    from tokenizers import Encoding

_LONGEST_TOKEN_SHOWN = 40


@dataclass(frozen=True)
class Coverage:
    """How far a pruned vocabulary tokenizes texts as the whole one does."""

    texts: int
    texts_unchanged: int
    """Texts whose tokens are all kept and come out the same, as tried on each."""
    occurrences: int
    """Tokens of all these texts, special tokens included."""
    occurrences_kept: int
    """Those whose id is kept."""

    @property
    def text_share(self) -> float:
        """The share of texts that are unchanged."""
        return self.texts_unchanged / max(self.texts, 1)

    @property
    def token_share(self) -> float:
        """The share of these tokens that are kept."""
        return self.occurrences_kept / max(self.occurrences, 1)


@dataclass(frozen=True)
class PrunedVocabulary:
    """A smaller vocabulary: its rows of the old embedding, and the tokenizer's files for it."""

    kept: Array
    """The old ids, int64, in the order of their new ones."""
    files: Mapping[str, bytes]
    """What the tokenizer's files are to hold, by name: those the folder had."""
    ids_before: int
    """One more than the largest old id."""
    tokens_before: int
    always_kept: int
    """Tokens kept whatever the corpus: special and added ones, bytes, single characters."""
    coverage: Coverage
    """On the corpus itself."""

    def remap(self) -> Array:
        """The new id of every old one, -1 for a token that was dropped."""
        return _remap(self.kept, self.ids_before)

    def write(self, folder: Path) -> None:
        """Write the tokenizer's files into a folder."""
        for name, content in self.files.items():
            (folder / name).write_bytes(content)


def prune_vocabulary(
    folder: Path,
    texts: Iterable[Text],
    *,
    min_count: int = 1,
    size: int | None = None,
    keep_characters: bool = True,
    keep: Collection[int] = (),
    pinned: int | None = None,
    lowercase: bool = False,
) -> PrunedVocabulary:
    """The vocabulary of a tokenizer folder, pruned to a corpus of texts and pairs.

    Kept are tokens that the corpus needs ``min_count`` times, at most ``size`` in all (the most frequent), and always:
    special and added tokens, bytes, the ids in ``keep``, and with ``keep_characters`` the single characters of the
    corpus' scripts, of Chinese ones the common, so that an unseen word falls to pieces and not to the unknown token.
    What a kept token is merged from is kept with it. With a ``min_count`` of 1 and no ``size`` every text of the corpus
    is tokenized exactly as before, ids renumbered; ``coverage`` says how many are, as tried on each. ``pinned`` is an
    id that keeps its place. ``lowercase`` is sentence-transformers' own ``do_lower_case``.

    UsageError for a corpus without text, a ``size`` that not even the tokens always kept fit in, and an unknown id.
    """
    tokenizer = TextTokenizer.from_folder(folder, lowercase=lowercase)
    vocabulary = Vocabulary.read(tokenizer)
    corpus = [text for text in texts if any(part.strip() for part in parts(text))]
    if not corpus:
        raise UsageError("The corpus to prune the vocabulary to holds no text.")
    if min_count < 1:
        raise UsageError(f"A min_count of {min_count} is not a positive number of occurrences.")
    unknown = sorted({*keep, *([] if pinned is None else [pinned])} - set(vocabulary.tokens))
    if unknown:
        raise UsageError(f"The tokenizer in {folder} has no token of id {unknown[0]}, which has to be kept.")
    encoded = [_ids(tokenizer, text) for text in corpus]
    needed = needs(vocabulary, np.bincount(np.concatenate(encoded)))
    required = always(vocabulary, tokenizer, corpus if keep_characters else (), keep)
    while True:
        kept = ordered(vocabulary, selected(vocabulary, needed, required, min_count, size), pinned)
        pruned = vocabulary.rewritten(kept.tolist())
        with tempfile.TemporaryDirectory() as place:
            for name, content in pruned.items():
                (Path(place) / name).write_bytes(content)
            smaller = TextTokenizer.from_folder(Path(place), lowercase=lowercase)
        found, changed = _compare(corpus, encoded, smaller, kept)
        missing = _blocked(vocabulary, smaller, [corpus[i] for i in changed]) - required
        if not missing:
            before = vocabulary.tokens
            return PrunedVocabulary(kept, pruned, max(before) + 1, len(before), len(required), found)
        required |= missing


def coverage(folder: Path, pruned: Path, kept: Array, texts: Iterable[Text], *, lowercase: bool = False) -> Coverage:
    """How the tokenizer of ``pruned``, whose rows are ``kept`` of those of ``folder``, tokenizes other texts."""
    before, after = (TextTokenizer.from_folder(place, lowercase=lowercase) for place in (folder, pruned))
    corpus = [text for text in texts if any(part.strip() for part in parts(text))]
    return _compare(corpus, [_ids(before, text) for text in corpus], after, kept)[0]


def select_rows(state: Mapping[str, Any], kept: Array, names: Collection[str]) -> dict[str, Any]:
    """The tensors of a state dict, NumPy's or torch's, those named cut to the kept rows.

    UsageError when a tensor of those has fewer rows than the largest id: its tokenizer is another model's.
    """
    for name in names:
        if name in state and state[name].shape[0] <= int(kept.max()):
            raise UsageError(
                f"The tokenizer gives ids up to {int(kept.max())}, but {name} has {state[name].shape[0]} rows.",
                hint="Tokenizer and weights are not of the same model.",
            )
    return {name: tensor[kept] if name in names else tensor for name, tensor in state.items()}


def prune_folder(source: Path, texts: Iterable[Text], out: Path, **settings: Any) -> dict[str, Any]:
    """Write a checkpoint's folder anew with its vocabulary pruned to a corpus; what was kept, as numbers.

    ``settings`` are ``min_count``, ``size`` and ``keep_characters`` of ``prune_vocabulary``. ``out`` is of the same
    kind as ``source`` (any family, sentence-transformers too) and appears whole or not at all: weights with the kept
    rows in their own dtype, every id in config.json renumbered, tokenizer files rewritten. A SentencePiece model is
    left out, for tokenizer.json replaces it. UsageError where ``out`` is taken or weights and tokenizer do not match.
    """
    model = Model.open(open_checkpoint(str(source)))
    tokenizer = TextTokenizer.from_checkpoint(source, model.modules)
    tokenizer.check_vocabulary(model.encoder.vocab_size)
    transformer = model.modules.transformer if model.modules else source
    padding = model.encoder.padding_idx
    pruned = prune_vocabulary(
        tokenizer.folder,
        texts,
        keep=() if padding is None else (padding,),
        pinned=padding,
        lowercase=bool(model.modules and model.modules.do_lower_case),
        **settings,
    )
    new = {old: place for place, old in enumerate(pruned.kept.tolist())}
    with whole(out) as partial:
        for file in _companions(source, model, tokenizer.folder):
            place = partial / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
        for name in (name for name in _CONFIGS if (transformer / name).is_file()):
            config = _renumbered(read_json(transformer / name), new)
            _write_json(partial / transformer.relative_to(source) / name, config)
        pruned.write(partial / tokenizer.folder.relative_to(source))
        target = partial / transformer.relative_to(source) / "model.safetensors"
        copy_with_rows(_weight_files(transformer), target, vocabulary_tensors(model), pruned.kept)
    return {
        "rows_before": model.encoder.vocab_size,
        "tokens_before": pruned.tokens_before,
        "tokens": len(pruned.kept),
        "always_kept": pruned.always_kept,
        **asdict(pruned.coverage),
        "text_share": pruned.coverage.text_share,
        "token_share": pruned.coverage.token_share,
    }


def vocabulary_tensors(model: Model) -> set[str]:
    """The checkpoint's own names of the tensors with a row a token: word embedding, decoder weights and biases."""
    config, family, store = model.checkpoint.config, model.family, model.weights.store
    layers = [layer for head in family.heads(config).values() for layer in head.layers]
    decoders = [name for layer in layers if isinstance(layer, Decoder) for name in (layer.weight, layer.bias)]
    own = [family.tensor_name(config, name) for name in ("embeddings.word.weight", *decoders)]
    own += [family.aliases[name] for name in own if name in family.aliases]
    return {name for stem in own for name in (stem, family.prefix + stem) if name in store}


def _remap(kept: Array, ids: int) -> Array:
    new = np.full(ids, -1, np.int64)
    new[kept] = np.arange(len(kept))
    return new


def _encode(tokenizer: TextTokenizer, text: Text) -> Encoding:
    """One text or pair; TextTokenizer's own ``encode`` refuses an empty part, which a question may have."""
    return tokenizer.tokenizer.encode(text) if isinstance(text, str) else tokenizer.tokenizer.encode(*text)


def _ids(tokenizer: TextTokenizer, text: Text) -> Array:
    try:
        return np.asarray(_encode(tokenizer, text).ids, np.int64)
    except TypeError:  # what tokenizers raises for half of a character, which is no UTF-8
        shown = ascii(text)[:_LONGEST_TOKEN_SHOWN]
        raise UsageError(f"The corpus holds text that is not valid Unicode: {shown}.") from None


# -- whether it is the same --------------------------------------------------------------------------------------------


def _compare(
    texts: Sequence[Text], encoded: Sequence[Array], smaller: TextTokenizer, kept: Array
) -> tuple[Coverage, list[int]]:
    """The coverage, and the texts that come out otherwise though every token of theirs is kept."""
    new = _remap(kept, 1 + max(int(ids.max()) for ids in (kept, *encoded)))
    unchanged, covered, tokens = 0, 0, 0
    changed = []
    for place, (text, ids) in enumerate(zip(texts, encoded, strict=True)):
        mapped = new[ids]
        tokens += len(ids)
        covered += int((mapped >= 0).sum())
        if (mapped < 0).any():
            continue
        if np.array_equal(mapped, _ids(smaller, text)):
            unchanged += 1
        else:
            changed.append(place)
    return Coverage(len(texts), unchanged, tokens, covered), changed


def _blocked(vocabulary: Vocabulary, smaller: TextTokenizer, texts: Iterable[Text]) -> set[int]:
    """The WordPieces that must stay for these texts' unknown words to stay unknown."""
    if vocabulary.kind != "WordPiece":
        return set()
    places = {token: i for i, token in vocabulary.model.items()}
    words = {word for text in texts for word in _words(smaller, text, vocabulary.continuing)}
    return {places[piece] for word in words for piece in blocked_pieces(word, places, vocabulary.continuing)}


def _words(tokenizer: TextTokenizer, text: Text, continuing: str) -> set[str]:
    """The words of a text as the tokenizer sees them, put together again from its pieces."""
    encoding = _encode(tokenizer, text)
    words: dict[tuple[Any, Any], str] = {}
    for token, *place in zip(encoding.tokens, encoding.sequence_ids, encoding.word_ids, strict=True):
        key = (place[0], place[1])
        words[key] = words[key] + token.removeprefix(continuing) if key in words else token
    return set(words.values())


# -- a whole folder ----------------------------------------------------------------------------------------------------

_CONFIGS = ("config.json", "generation_config.json")
_COPIED = (".json", ".md", ".txt")


@contextmanager
def whole(out: Path) -> Iterator[Path]:
    """A folder to fill, which becomes ``out`` at the end and is gone when anything fails.

    UsageError where ``out`` holds something already, or cannot be written.
    """
    partial = out.parent / f".{out.name}.{uuid4().hex[:8]}.partial"
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise UsageError(f"{out} exists and is not empty; it is left alone.", hint="Choose another output.")
        partial.mkdir(parents=True)
        yield partial
        partial.replace(out)
    except OSError as error:
        raise UsageError(f"Cannot write {out}: {error.strerror or error}.", hint="Choose another output.") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _companions(source: Path, model: Model, tokenizer: Path) -> list[Path]:
    """The files that stay as they are: model card, settings, and the modules after a sentence encoder's transformer."""
    modules = model.modules
    transformer = modules.transformer if modules else source
    folders = {source, transformer, tokenizer}
    found = {file for folder in folders for file in folder.iterdir() if file.suffix in _COPIED and file.is_file()}
    found = {file for file in found if file.name not in NAMES and not file.name.endswith(".index.json")}
    found -= {transformer / name for name in _CONFIGS}
    if modules:
        found |= {*modules.files, *(file for module in modules.dense for file in module.folder.iterdir())}
    return sorted(found)


def _weight_files(folder: Path) -> list[Path]:
    """The safetensors files of the weights: one, or the shards of an index."""
    index = folder / "model.safetensors.index.json"
    if (folder / "model.safetensors").is_file():
        return [folder / "model.safetensors"]
    if index.is_file():
        return [folder / name for name in sorted(set(read_json(index)["weight_map"].values()))]
    raise UsageError(
        f"{folder} has no model.safetensors, and pickled weights are not rewritten.",
        hint="Save it again: AutoModel.from_pretrained(...).save_pretrained(...).",
    )


def _renumbered(config: Mapping[str, Any], new: Mapping[int, int]) -> dict[str, Any]:
    """The config with its token ids and the size of its vocabulary; an id that is no longer a token's becomes null."""
    changed: dict[str, Any] = {}
    for key, value in config.items():
        if key.endswith("_token_id"):
            value = [new.get(i) for i in value] if isinstance(value, list) else new.get(value)
        changed[key] = len(new) if key == "vocab_size" else value
    return changed


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
