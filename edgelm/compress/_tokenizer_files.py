"""Rewrites the files of a tokenizer for a smaller vocabulary: ids renumbered, everything else as it was."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelm.checkpoint import read_json
from edgelm.compress._bpe import Merges
from edgelm.tokenizer import TextTokenizer

State = dict[str, Any]


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer as the data of tokenizer.json."""

    folder: Path
    state: State
    """The file's own content, or what a folder without tokenizer.json amounts to."""
    kind: str
    """``WordPiece``, ``BPE``, ``Unigram`` or ``WordLevel``."""
    model: Mapping[int, str]
    """The tokens of the model itself by id; ``added`` may stand beside them or be among them."""
    added: Mapping[int, str]

    @classmethod
    def read(cls, tokenizer: TextTokenizer) -> Vocabulary:
        """The vocabulary of a tokenizer read from a folder."""
        source = tokenizer.folder / "tokenizer.json"
        state = read_json(source) if source.is_file() else json.loads(tokenizer.tokenizer.to_str())
        vocabulary = state["model"]["vocab"]
        pieces = enumerate(piece for piece, _ in vocabulary) if isinstance(vocabulary, list) else _by_id(vocabulary)
        added = {i: token.content for i, token in tokenizer.tokenizer.get_added_tokens_decoder().items()}
        return cls(tokenizer.folder, state, tokenizer.facts.kind, dict(pieces), added)

    @property
    def tokens(self) -> dict[int, str]:
        """Every token by id."""
        return {**self.model, **self.added}

    @property
    def continuing(self) -> str:
        """What marks a piece inside a word, ``##`` for BERT; empty where nothing does."""
        return self.state["model"].get("continuing_subword_prefix") or ""

    @property
    def ending(self) -> str:
        """What marks a piece at a word's end."""
        return self.state["model"].get("end_of_word_suffix") or ""

    @property
    def merges(self) -> Merges:
        """The merges of a BPE; older files write a pair as one text."""
        pairs = (merge.split(" ") if isinstance(merge, str) else merge for merge in self.state["model"]["merges"])
        return Merges(((left, right) for left, right in pairs), self.continuing, self.ending)

    @property
    def unknown(self) -> str | None:
        """The token of what the vocabulary does not know."""
        place = self.state["model"].get("unk_id")
        return self.model[place] if isinstance(place, int) else self.state["model"].get("unk_token")

    def steps(self) -> set[str]:
        """The types of every normalizer and pre-tokenizer, those of sequences one by one."""
        return {step["type"] for part in ("normalizer", "pre_tokenizer") for step in _flat(self.state.get(part))}

    def rewritten(self, kept: Iterable[int]) -> dict[str, bytes]:
        """The tokenizer's files, for a vocabulary of those ids in that order; no file that the folder lacks.

        Only where its vocabulary is a SentencePiece model, which is not rewritten, a tokenizer.json takes its place.
        Tokens that were only added to the model's stand at the end of ``kept``, where a tokenizer numbers them.
        """
        tokens = self.tokens
        new = _New({tokens[i]: place for place, i in enumerate(kept)}, self)
        names = {name for name, _ in _FILES if (self.folder / name).is_file()}
        if not names.intersection(_VOCABULARIES):
            names.add(_VOCABULARIES[0])
        found = {name: write(self.folder / name, new) for name, write in _FILES if name in names}
        return {name: content.encode("utf-8") for name, content in found.items()}


class _New:
    """The smaller vocabulary: ids by token, and the model's own tokens among them."""

    def __init__(self, ids: Mapping[str, int], old: Vocabulary) -> None:
        own = set(old.model.values())
        self.ids = ids
        self.model = {token: i for token, i in ids.items() if token in own}
        self.old = old
        self.merges = old.merges.among(self.model) if old.kind == "BPE" else []


def _by_id(vocabulary: Mapping[str, int]) -> Iterator[tuple[int, str]]:
    return ((i, token) for token, i in sorted(vocabulary.items(), key=lambda item: item[1]))


def _flat(step: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    if not step:
        return
    if step["type"] != "Sequence":
        yield step
    for key in ("normalizers", "pretokenizers", "processors"):
        for part in step.get(key, ()):
            yield from _flat(part)


def _tokenizer_json(path: Path, new: _New) -> str:
    state = copy.deepcopy(new.old.state)
    model = state["model"]
    if isinstance(model["vocab"], list):
        scores = dict(enumerate(score for _, score in model["vocab"]))
        places = {token: i for i, token in new.old.model.items()}
        model["vocab"] = [[token, scores[places[token]]] for token in new.model]
        model["unk_id"] = None if model.get("unk_id") is None else new.ids[new.old.model[model["unk_id"]]]
    else:
        model["vocab"] = new.model
    if "merges" in model:
        as_text = any(isinstance(merge, str) for merge in model["merges"])
        model["merges"] = [" ".join(merge) if as_text else list(merge) for merge in new.merges]
    entries = [{**entry, "id": new.ids[entry["content"]]} for entry in state.get("added_tokens") or ()]
    state["added_tokens"] = sorted(entries, key=lambda entry: int(entry["id"]))
    for step in _flat(state.get("post_processor")):
        _renumber_frame(step, new.ids)
    padding = state.get("padding")
    if padding:
        padding["pad_id"] = new.ids.get(padding.get("pad_token"), 0)
    indent = 2 if path.is_file() and "\n" in path.read_text("utf-8").rstrip("\n") else None
    return json.dumps(state, ensure_ascii=False, indent=indent)


def _renumber_frame(step: Mapping[str, Any], ids: Mapping[str, int]) -> None:
    """The ids in what puts special tokens around a text."""
    for entry in step.get("special_tokens", {}).values() if step["type"] == "TemplateProcessing" else ():
        entry["ids"] = [ids[token] for token in entry["tokens"]]
    for role in ("sep", "cls") if step["type"] in ("BertProcessing", "RobertaProcessing") else ():
        step[role][1] = ids[step[role][0]]


def _vocab_txt(_: Path, new: _New) -> str:
    return "".join(f"{token}\n" for token in new.model)


def _vocab_json(_: Path, new: _New) -> str:
    return json.dumps(new.model, ensure_ascii=False)


def _merges_txt(path: Path, new: _New) -> str:
    first = path.read_text("utf-8").split("\n", 1)[0]
    header = [first] if first.startswith("#version") else []
    return "".join(f"{line}\n" for line in (*header, *(" ".join(merge) for merge in new.merges)))


def _tokenizer_config(path: Path, new: _New) -> str:
    settings = read_json(path)
    decoder = settings.get("added_tokens_decoder")
    if decoder:
        ids = {entry["content"]: entry for entry in decoder.values() if entry["content"] in new.ids}
        pairs = sorted((new.ids[token], entry) for token, entry in ids.items())
        settings["added_tokens_decoder"] = {str(i): entry for i, entry in pairs}
    return json.dumps(settings, ensure_ascii=False, indent=2)


def _added_tokens(path: Path, new: _New) -> str:
    tokens = {token: new.ids[token] for token in read_json(path) if token in new.ids}
    return json.dumps(tokens, ensure_ascii=False, indent=2)


def _unchanged(path: Path, _: _New) -> str:
    return path.read_text("utf-8")


_FILES: tuple[tuple[str, Callable[[Path, _New], str]], ...] = (
    ("tokenizer.json", _tokenizer_json),
    ("vocab.txt", _vocab_txt),
    ("vocab.json", _vocab_json),
    ("merges.txt", _merges_txt),
    ("tokenizer_config.json", _tokenizer_config),
    ("added_tokens.json", _added_tokens),
    ("special_tokens_map.json", _unchanged),
)
"""Every file of a tokenizer that edgelm reads, and what writes it anew."""
_VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json")
"""Those of them that hold the tokens."""
NAMES = tuple(name for name, _ in _FILES)
