"""Text to ids with the checkpoint's own tokenizer (Hugging Face ``tokenizers``), and what a device must know of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelm.checkpoint import SentenceModules
from edgelm.errors import UsageError
from edgelm.tokenizer.folder import has_tokenizer, load, read_serialized
from edgelm.tokenizer.piece_families import FILES as SENTENCEPIECE_FILES
from edgelm.types import Array

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Text = str | tuple[str, str]
"""One text, or a text and its pair."""
_FILES = ("vocab.txt", "vocab.json", "merges.txt", *SENTENCEPIECE_FILES)


@dataclass(frozen=True)
class TokenizerFacts:
    """What a device needs to tokenize without Hugging Face's library; it stands in ``edgelm.json``.

    A SentencePiece tokenizer is Unigram or BPE; its normalization (the charsmap) is among the steps of tokenizer.json.
    """

    kind: str
    """``WordPiece``, ``BPE``, ``Unigram`` or ``WordLevel``."""
    lowercase: bool | None
    strip_accents: bool | None
    handle_chinese_chars: bool | None
    special_tokens: Mapping[str, str]
    special_ids: Mapping[str, int]
    files: tuple[str, ...]


class TextTokenizer:
    """Encodes texts and pairs; never truncates or pads unless asked."""

    def __init__(self, tokenizer: Tokenizer, special_tokens: Mapping[str, str], folder: Path) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self.tokenizer = tokenizer
        ids = {role: tokenizer.token_to_id(token) for role, token in special_tokens.items()}
        self.special_ids: dict[str, int] = {role: i for role, i in ids.items() if i is not None}
        self.special_tokens = {role: special_tokens[role] for role in self.special_ids}
        self.folder = folder

    @classmethod
    def from_folder(cls, folder: Path, *, lowercase: bool = False) -> TextTokenizer:
        """The tokenizer of a folder: tokenizer.json, a SentencePiece model, WordPiece's vocab.txt, or byte-level BPE.

        ``lowercase`` puts a lower-casing step in front, as sentence-transformers' own ``do_lower_case`` does.
        """
        tokenizer, special = load(folder)
        if lowercase:
            from tokenizers import normalizers

            steps = [normalizers.Lowercase(), *([tokenizer.normalizer] if tokenizer.normalizer else [])]
            tokenizer.normalizer = normalizers.Sequence(steps)
        return cls(tokenizer, special, folder)

    @classmethod
    def from_checkpoint(cls, path: Path, modules: SentenceModules | None) -> TextTokenizer:
        """The tokenizer of a checkpoint: beside the transformer, else in the folder itself."""
        if modules is None:
            return cls.from_folder(path)
        folder = modules.transformer if has_tokenizer(modules.transformer) else path
        return cls.from_folder(folder, lowercase=modules.do_lower_case)

    @classmethod
    def from_bundle(cls, bundle: Path, facts: Mapping[str, Any]) -> TextTokenizer:
        """The tokenizer a bundle ships, with its manifest's ``tokenizer`` entry."""
        return cls(read_serialized(bundle / "tokenizer.json"), facts["special_tokens"], bundle)

    @cached_property
    def facts(self) -> TokenizerFacts:
        """What goes into the manifest; cached, for a vocabulary of 250,000 words is 17 MB of JSON to look through."""
        state = json.loads(self.tokenizer.to_str())
        steps = _steps(state.get("normalizer"))
        rules = next((step for step in steps if step["type"] == "BertNormalizer"), {})
        types = {step["type"] for step in steps}
        lowers = "Lowercase" in types or (
            "Precompiled" in types and "A" not in self.tokenizer.normalizer.normalize_str("A")
        )
        return TokenizerFacts(
            kind=state["model"].get("type", "BPE"),
            lowercase=True if lowers else rules.get("lowercase"),
            strip_accents=True if "StripAccents" in types else rules.get("strip_accents"),
            handle_chinese_chars=rules.get("handle_chinese_chars"),
            special_tokens=self.special_tokens,
            special_ids=self.special_ids,
            files=("tokenizer.json", *(name for name in _FILES if (self.folder / name).is_file())),
        )

    def save(self, directory: Path) -> dict[str, Any]:
        """Write tokenizer.json (and copy the plain vocabulary files); returns the facts as a dict."""
        (directory / "tokenizer.json").write_text(self.tokenizer.to_str(pretty=False), "utf-8")
        for name in self.facts.files[1:]:
            (directory / name).write_bytes((self.folder / name).read_bytes())
        return asdict(self.facts)

    @property
    def special_count(self) -> int:
        """The special tokens put around a pair."""
        return self.tokenizer.num_special_tokens_to_add(is_pair=True)

    @cached_property
    def vocabulary_size(self) -> int:
        """The largest id it can give, and one; cached, as ``facts`` are."""
        return max(self.tokenizer.get_vocab(with_added_tokens=True).values()) + 1

    def check_vocabulary(self, rows: int) -> None:
        """UsageError when the tokenizer can give an id beyond the embedding table's last row."""
        token, largest = max(self.tokenizer.get_vocab(with_added_tokens=True).items(), key=lambda item: item[1])
        if largest >= rows:
            raise UsageError(
                f"The tokenizer gives ids up to {largest} ({token!r}), but the word embedding has {rows} rows.",
                hint="Tokenizer and weights are not of the same model.",
            )

    def encode(self, text: Text) -> Encoding:
        """One text or pair with special tokens and offsets; UsageError for an empty text and for lone surrogates."""
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[Text]) -> list[Encoding]:
        """Several texts or pairs in one call of the tokenizer; UsageError as of ``encode``, for any of them."""
        for text in texts:
            if not all(part.strip() for part in ((text,) if isinstance(text, str) else text)):
                raise UsageError("The text is empty.")
        try:
            if len(texts) == 1:
                return [self.tokenizer.encode(*((texts[0],) if isinstance(texts[0], str) else texts[0]))]
            return list(self.tokenizer.encode_batch(list(texts)))
        except TypeError:  # what tokenizers raises for half of a character, which is no UTF-8
            raise UsageError("The text is not valid Unicode.", hint="Is it in another encoding than UTF-8?") from None

    def batch(self, texts: Sequence[Text], names: Sequence[str], length: int | None = None) -> dict[str, Array]:
        """Model inputs of those names for several texts, int32 [texts, longest or ``length``], padded on the right."""
        return self.arrays([self.encode(text) for text in texts], names, length)

    def arrays(
        self,
        encodings: Sequence[Encoding],
        names: Sequence[str],
        length: int | None = None,
        dtypes: Mapping[str, str] | None = None,
    ) -> dict[str, Array]:
        """As ``batch``, from encodings; ``dtypes`` names those that are not int32."""
        lengths = [len(encoding.ids) for encoding in encodings]
        columns: dict[str, tuple[Callable[[Encoding], Sequence[int]], int]] = {
            "input_ids": (lambda encoding: encoding.ids, self.special_ids.get("pad", 0)),
            "attention_mask": (lambda encoding: encoding.attention_mask, 0),
            "token_type_ids": (lambda encoding: encoding.type_ids, 0),
        }
        arrays = {}
        for name in names:
            values, padding = columns[name]
            array = np.full((len(lengths), length or max(lengths)), padding, (dtypes or {}).get(name, "int32"))
            for row, encoding in enumerate(encodings):
                array[row, : lengths[row]] = values(encoding)
            arrays[name] = array
        return arrays


def cut(tokenizer: TextTokenizer, text: Text, max_length: int) -> Encoding:
    """Encode and truncate to ``max_length`` tokens, the longer part first, as Hugging Face's ``truncation=True``."""
    tokenizer.tokenizer.enable_truncation(max_length, strategy="longest_first")
    try:
        return tokenizer.encode(text)
    finally:
        tokenizer.tokenizer.no_truncation()


def windows(
    tokenizer: TextTokenizer, pair: tuple[str, str], length: int, doc_stride: int, whole: Encoding | None = None
) -> list[Encoding]:
    """A question with its whole context, or with overlapping parts of it where both have more than ``length`` tokens.

    Neighbours share ``doc_stride`` tokens, fewer where the question leaves too little room for that; UsageError where
    it leaves none. ``whole`` is the pair's own encoding, where it is known already.
    """
    whole = whole or tokenizer.encode(pair)
    if len(whole.ids) <= length:
        return [whole]
    room = length - (len(whole.ids) - whole.sequence_ids.count(1))
    if room < 1:
        raise UsageError(
            f"The question has {whole.sequence_ids.count(0)} tokens and leaves no room for its context in {length}.",
            hint="Shorten it, or export with a larger --max-length.",
        )
    stride = min(doc_stride, length // 2)
    backend = tokenizer.tokenizer
    backend.enable_truncation(length, stride=stride if stride < room else room // 2, strategy="only_second")
    try:
        encoding = tokenizer.encode(pair)
    finally:
        backend.no_truncation()
    return [encoding, *encoding.overflowing]


def _steps(normalizer: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The normalizer's steps, those of a sequence one by one."""
    if not normalizer:
        return []
    if normalizer["type"] == "Sequence":
        return [step for part in normalizer["normalizers"] for step in _steps(part)]
    return [normalizer]
