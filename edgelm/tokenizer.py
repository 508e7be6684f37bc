"""Text to ids with the checkpoint's own tokenizer (Hugging Face ``tokenizers``), and what a device must know of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelm.checkpoint import SentenceModules, read_json
from edgelm.errors import UsageError
from edgelm.types import Array

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Text = str | tuple[str, str]
"""One text, or a text and its pair."""
_CONVENTIONS = {
    "pad": ("<pad>", "[PAD]"),
    "unk": ("[UNK]", "<unk>"),
    "cls": ("<s>", "[CLS]"),
    "sep": ("</s>", "[SEP]"),
    "mask": ("<mask>", "[MASK]"),
}
"""The special token of each role where nothing names it: the first that the vocabulary has.

The order is MPNet's, whose vocabulary is BERT's with RoBERTa's special tokens around it.
"""
_BERT_RULES = {
    "do_lower_case": "lowercase",
    "strip_accents": "strip_accents",
    "tokenize_chinese_chars": "handle_chinese_chars",
}
"""tokenizer_config.json's name of a rule -> the BertNormalizer's."""
_GENERIC_CLASSES = ("PreTrainedTokenizerFast", "TokenizersBackend")
"""Hugging Face's classes that take tokenizer.json as it is."""
_ADDED_FIELDS = ("lstrip", "rstrip", "single_word", "normalized", "special")
_FILES = ("vocab.txt", "vocab.json", "merges.txt")


@dataclass(frozen=True)
class TokenizerFacts:
    """What a device needs to tokenize without Hugging Face's library; it stands in ``edgelm.json``."""

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
        """The tokenizer of a Hugging Face folder: tokenizer.json, or WordPiece from vocab.txt, or byte-level BPE.

        ``lowercase`` puts a lower-casing step in front, as sentence-transformers' own ``do_lower_case`` does.
        """
        tokenizer = _load(folder)
        if not _has_token_types(_settings(folder, "tokenizer_config.json")):
            tokenizer = _of_one_token_type(tokenizer)
        if lowercase:
            from tokenizers import normalizers

            steps = [normalizers.Lowercase(), *([tokenizer.normalizer] if tokenizer.normalizer else [])]
            tokenizer.normalizer = normalizers.Sequence(steps)
        return cls(tokenizer, _special_tokens(folder, tokenizer.get_vocab(with_added_tokens=True)), folder)

    @classmethod
    def from_checkpoint(cls, path: Path, modules: SentenceModules | None) -> TextTokenizer:
        """The tokenizer of a checkpoint: beside the transformer, else in the folder itself."""
        if modules is None:
            return cls.from_folder(path)
        own = any((modules.transformer / name).is_file() for layout, _ in _LAYOUTS for name in layout)
        return cls.from_folder(modules.transformer if own else path, lowercase=modules.do_lower_case)

    @classmethod
    def from_bundle(cls, bundle: Path, facts: Mapping[str, Any]) -> TextTokenizer:
        """The tokenizer a bundle ships, with its manifest's ``tokenizer`` entry."""
        return cls(_load_json(bundle / "tokenizer.json"), facts["special_tokens"], bundle)

    @cached_property
    def facts(self) -> TokenizerFacts:
        """What goes into the manifest; cached, for a vocabulary of 250,000 words is 17 MB of JSON to look through."""
        state = json.loads(self.tokenizer.to_str())
        steps = _steps(state.get("normalizer"))
        rules = next((step for step in steps if step["type"] == "BertNormalizer"), {})
        lowers = any(step["type"] == "Lowercase" for step in steps)
        return TokenizerFacts(
            kind=state["model"].get("type", "BPE"),
            lowercase=True if lowers else rules.get("lowercase"),
            strip_accents=rules.get("strip_accents"),
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


def _special_tokens(folder: Path, vocabulary: Container[str]) -> dict[str, str]:
    """The special token of each role, from special_tokens_map.json and tokenizer_config.json, else by convention."""
    found = {
        role: next((token for token in tokens if token in vocabulary), tokens[-1])
        for role, tokens in _CONVENTIONS.items()
    }
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        settings = _settings(folder, name)
        for role in _CONVENTIONS:
            token = settings.get(f"{role}_token")
            token = token.get("content") if isinstance(token, dict) else token
            if isinstance(token, str):
                found[role] = token
    return found


def _settings(folder: Path, name: str) -> dict[str, Any]:
    return read_json(folder / name) if (folder / name).is_file() else {}


def _load(folder: Path) -> Tokenizer:
    for names, load in _LAYOUTS:
        if all((folder / name).is_file() for name in names):
            return load(folder)
    raise UsageError(
        f"{folder} has no tokenizer.json, no vocab.txt, and no vocab.json with merges.txt.",
        hint="Save the fast tokenizer beside the model: AutoTokenizer.from_pretrained(...).save_pretrained(...).",
    )


def _load_json(path: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(path.read_text("utf-8"))
    except Exception as error:  # noqa: BLE001  tokenizers raises bare Exception for whatever it cannot parse
        raise UsageError(f"{path} is no tokenizer: {error}.") from None


def _serialized(folder: Path) -> Tokenizer:
    """tokenizer.json; what tokenizer_config.json says of BERT's rules goes before what the file itself says.

    Hugging Face's own classes do so, and such pairs exist: a cased model's settings beside rules that lower-case.
    """
    from tokenizers import normalizers

    tokenizer = _load_json(folder / "tokenizer.json")
    settings = _settings(folder, "tokenizer_config.json")
    rules = json.loads(tokenizer.to_str()).get("normalizer") or {}
    if rules.pop("type", None) != "BertNormalizer" or settings.get("tokenizer_class") in _GENERIC_CLASSES:
        return tokenizer
    own = _bert_rules(settings)
    if {**rules, **own} != rules:
        tokenizer.normalizer = normalizers.BertNormalizer(**{**rules, **own})
    return tokenizer


def _has_token_types(settings: Mapping[str, Any]) -> bool:
    """Whether Hugging Face passes token types to the model; where it does not, a pair was trained on zeros alone."""
    names = settings.get("model_input_names")
    if isinstance(names, list):
        return "token_type_ids" in names
    return settings.get("tokenizer_class") != "TokenizersBackend"  # the generic class of transformers 5


def _of_one_token_type(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer with a template whose pair has token type 0 throughout."""
    from tokenizers import Tokenizer

    state = json.loads(tokenizer.to_str())
    for piece in (state["post_processor"] or {}).get("pair", ()):
        for place in piece.values():
            place["type_id"] = 0
    return Tokenizer.from_str(json.dumps(state))


def _bert_rules(settings: Mapping[str, Any]) -> dict[str, bool]:
    """The BertNormalizer's rules that tokenizer_config.json states; what it leaves open stays as it is."""
    return {rule: settings[key] for key, rule in _BERT_RULES.items() if isinstance(settings.get(key), bool)}


def _wordpiece(folder: Path) -> Tokenizer:
    """BERT's WordPiece from vocab.txt with the rules of tokenizer_config.json (Devlin et al. 2019)."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    # Only "\n" ends a line: a vocabulary may hold U+2028, at which str.splitlines would break and shift all later ids.
    tokens = _read(folder / "vocab.txt").removesuffix("\n").split("\n")
    vocabulary = {token: i for i, token in enumerate(tokens)}
    special = _special_tokens(folder, vocabulary)
    if special["unk"] not in vocabulary:
        raise UsageError(f"{folder / 'vocab.txt'} lacks the special token {special['unk']}.")
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=special["unk"], max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(**_bert_rules(_settings(folder, "tokenizer_config.json")))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    _frame(tokenizer, folder, special)
    return tokenizer


def _byte_level_bpe(folder: Path) -> Tokenizer:
    """RoBERTa's byte-level BPE from vocab.json and merges.txt (Radford et al. 2019; Liu et al. 2019)."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    try:
        model = models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt"))
    except Exception as error:  # noqa: BLE001  tokenizers raises bare Exception for whatever it cannot parse
        raise UsageError(f"{folder}: vocab.json and merges.txt are no byte-level BPE: {error}.") from None
    tokenizer = Tokenizer(model)
    prefix = bool(_settings(folder, "tokenizer_config.json").get("add_prefix_space", False))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    _frame(tokenizer, folder, _special_tokens(folder, tokenizer.get_vocab()))
    return tokenizer


def _frame(tokenizer: Tokenizer, folder: Path, special: Mapping[str, str]) -> None:
    """Put the special tokens around a text and a pair, and never split them or the tokens a user added.

    ``[CLS] A [SEP] B [SEP]`` with token types 0 and 1 is BERT's; ``<s> A </s></s> B </s>`` of type 0 alone is
    RoBERTa's and MPNet's, whose mask token also takes the space before it.
    """
    from tokenizers import AddedToken, processors

    is_roberta = special["cls"] == "<s>"
    known = [role for role, token in special.items() if tokenizer.token_to_id(token) is not None]
    own = {special[role]: {"lstrip": is_roberta and role == "mask", "special": True} for role in known}
    for token, fields in {**own, **_added_tokens(folder)}.items():
        tokenizer.add_tokens([AddedToken(token, **fields)])
    cls, sep = (_with_id(tokenizer, special[role], folder) for role in ("cls", "sep"))
    settings = _settings(folder, "tokenizer_config.json")
    trim, prefix = bool(settings.get("trim_offsets", True)), bool(settings.get("add_prefix_space", False))
    tokenizer.post_processor = (
        processors.RobertaProcessing(sep, cls, trim, prefix)
        if is_roberta
        else processors.TemplateProcessing(
            single=f"{cls[0]}:0 $A:0 {sep[0]}:0",
            pair=f"{cls[0]}:0 $A:0 {sep[0]}:0 $B:1 {sep[0]}:1",
            special_tokens=[cls, sep],
        )
    )


def _with_id(tokenizer: Tokenizer, token: str, folder: Path) -> tuple[str, int]:
    found = tokenizer.token_to_id(token)
    if found is None:
        raise UsageError(f"The vocabulary in {folder} lacks the special token {token}.")
    return token, found


def _added_tokens(folder: Path) -> dict[str, dict[str, Any]]:
    """The tokens a user added, in the order of their ids, with their AddedToken fields."""
    settings = _settings(folder, "tokenizer_config.json")
    plain = {str(i): {"content": token} for token, i in _settings(folder, "added_tokens.json").items()}
    try:
        entries = sorted({**plain, **settings.get("added_tokens_decoder", {})}.items(), key=lambda item: int(item[0]))
        return {entry["content"]: {k: v for k, v in entry.items() if k in _ADDED_FIELDS} for _, entry in entries}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UsageError(f"{folder}: the added tokens are not of the form that transformers writes.") from None


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as UTF-8 text: {error}.") from None


def _steps(normalizer: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The normalizer's steps, those of a sequence one by one."""
    if not normalizer:
        return []
    if normalizer["type"] == "Sequence":
        return [step for part in normalizer["normalizers"] for step in _steps(part)]
    return [normalizer]


_LAYOUTS: tuple[tuple[tuple[str, ...], Callable[[Path], Tokenizer]], ...] = (
    (("tokenizer.json",), _serialized),
    (("vocab.txt",), _wordpiece),
    (("vocab.json", "merges.txt"), _byte_level_bpe),
)
"""The files a tokenizer may lie in, the most exact first, and what reads them."""
