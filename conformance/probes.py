"""What the components of Python's `tokenizers` do to each code point: the content of the kits' Unicode tables."""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

CODE_POINTS = [code for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
"""All that a text can have."""
_CHUNK = 5_000
_HANGUL = range(0xAC00, 0xD7A4)
_ADDED = "Q"
_T = TypeVar("_T")


class Probes:
    """What `tokenizers` does to some code points; of Hangul syllables there must be all or none."""

    def __init__(self, codes: Sequence[int] = CODE_POINTS) -> None:
        self.codes = codes
        self._all = set(codes)

    # -- one rule on every code point ----------------------------------------------------------------------------------

    def _each(
        self,
        normalizer: normalizers.Normalizer,
        before: str = "",
        behind: str = "",
        between: str = "\n",
        codes: Collection[int] | None = None,
    ) -> Iterator[tuple[int, str]]:
        """What a normalizer makes of every code point, or some, with what stands ``before`` and ``behind`` it.

        Thousands go through in one text, for speed; ``between`` must be nothing the normalizer changes or joins. It is
        asked by itself.
        """
        asked = self.codes if codes is None else sorted(codes)
        for chunk in _chunks([code for code in asked if code != ord(between)]):
            text = between.join([before + chr(code) + behind for code in chunk])
            yield from zip(chunk, normalizer.normalize_str(text).split(between), strict=True)
        if len(between) == 1 and (codes is None or ord(between) in codes):
            yield ord(between), normalizer.normalize_str(before + between + behind)

    def _changed(self, normalizer: normalizers.Normalizer, between: str = "\n") -> dict[int, str]:
        return {code: text for code, text in self._each(normalizer, between=between) if text != chr(code)}

    def _matched(self, pattern: str) -> set[int]:
        """What one character of that regular expression can be, in the engine of `Split` and `ByteLevel`."""
        return _removed(self._changed(normalizers.Replace(Regex(pattern), ""), "x" if pattern == r"\s" else "\n"))

    def _cuts(self, pre_tokenizer: pre_tokenizers.PreTokenizer) -> tuple[set[int], set[int]]:
        """What a pre-tokenizer parts from a letter before it, and what it leaves out of every piece.

        A piece of all code points in a row is of one kind, which its first one tells.
        """
        kept: set[int] = set()
        parted: set[int] = set()
        for codes in _chunks(self.codes):
            for text, (start, end) in pre_tokenizer.pre_tokenize_str("".join(map(chr, codes))):
                kept.update(codes[start:end])
                if len(pre_tokenizer.pre_tokenize_str("a" + text[0])) == 2:
                    parted.update(codes[start:end])
        return parted, self._all - kept

    def _added_starts(self, **rules: bool) -> dict[int, int]:
        """Where an added token behind each code point begins: at 1, or at 0 with it; left out where it is not found."""
        tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
        tokenizer.add_tokens([AddedToken(_ADDED, normalized=False, **rules)])
        starts = {}
        for codes in _chunks(self.codes):
            encoding = tokenizer.encode(".".join(["." + chr(code) + _ADDED for code in codes]))
            for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
                place, rest = divmod(end - 1, 4)
                if token == 1 and rest == 2:
                    starts[codes[place]] = start - place * 4 - 1
        return starts

    # -- sets and maps -------------------------------------------------------------------------------------------------

    def sets(self) -> dict[str, set[int]]:
        """The code points of every set."""
        bert_punctuation, bert_spaces = self._cuts(pre_tokenizers.BertPreTokenizer())
        words_end, word_spaces = self._cuts(pre_tokenizers.Whitespace())
        cleaned = self._changed(_bert(clean_text=True), "x")
        translated = self._changed(normalizers.Nmt(), "x")
        return {
            "control": _removed(cleaned),
            "bert_space": _spaced(cleaned),
            "space": _same(
                "space",
                self._cuts(pre_tokenizers.WhitespaceSplit())[1],
                bert_spaces,
                word_spaces,
                {code for code in self.codes if not normalizers.Strip().normalize_str(chr(code))},
                {code for code, start in self._added_starts(lstrip=True).items() if start == 0},
            ),
            "bert_punctuation": bert_punctuation,
            "punctuation": self._cuts(pre_tokenizers.Punctuation("isolated"))[0],
            "cjk": set(self._changed(_bert(handle_chinese_chars=True))),
            # Asked of what can be there after NFD; whatever comes apart is judged by its parts.
            "nonspacing": _removed(self._changed(_bert(strip_accents=True))) - self.nfd.keys() - set(_HANGUL),
            "mark": _removed(self._changed(normalizers.StripAccents())),
            "letter": self._matched(r"\p{L}"),
            "number": self._matched(r"\p{N}"),
            "regex_space": self._matched(r"\s"),
            "word": self._all - words_end - word_spaces,
            "added_word": self._all - self._added_starts(single_word=True).keys(),
            "numeric": self._cuts(pre_tokenizers.Digits(individual_digits=True))[0],
            "nmt_remove": _removed(translated),
            "nmt_space": _spaced(translated),
        }

    def maps(self) -> dict[str, dict[int, str]]:
        """What every code point becomes, where that is another text."""
        lower = _same("lower", self._changed(normalizers.Lowercase()), self._changed(_bert(lowercase=True)))
        return {"lower": lower, "nfd": self.nfd, "nfkd": self._decompositions(normalizers.NFKD())}

    @cached_property
    def nfd(self) -> dict[int, str]:
        """Whole canonical decompositions; those of Hangul syllables are computed by every kit."""
        return self._decompositions(normalizers.NFD())

    def _decompositions(self, normalizer: normalizers.Normalizer) -> dict[int, str]:
        found = self._changed(normalizer)
        for code in self._all.intersection(_HANGUL):
            if found.pop(code) != unicodedata.normalize("NFD", chr(code)):
                raise SystemExit(f"U+{code:04X} does not come apart as Hangul does.")
        return found

    def compositions(self) -> dict[tuple[int, int], int]:
        """The pairs NFC puts together: the parts of whatever has two and is whole again after NFC."""
        nfc = normalizers.NFC()
        found = {}
        for code, text in self.nfd.items():
            first = nfc.normalize_str(text[:-1])
            if len(first) == 1 and nfc.normalize_str(text) == chr(code):
                found[ord(first), ord(text[-1])] = code
        return found

    def combining_classes(self) -> dict[int, int]:
        """The canonical combining class of every mark, by the order NFD brings two marks into.

        Python's table only names the classes, each by the first mark of it; which one a mark is of, the order says.
        """
        nfd = normalizers.NFD()
        lowest, highest = "\u0334", "\u0345"  # the one mark below all others, and the one above all
        after = {code for code, text in self._each(nfd, "a", lowest) if text[1] == lowest}
        before = {code for code, text in self._each(nfd, "a" + highest) if text[1] != highest}
        marks = sorted((after | before) - self.nfd.keys())
        named: dict[int, str] = {}
        for code in marks:
            named.setdefault(unicodedata.combining(chr(code)), chr(code))
        return {code: _combining_class(chr(code), named) for code in marks}

    # -- grapheme clusters ---------------------------------------------------------------------------------------------

    def graphemes(self) -> dict[int, int]:
        """The grapheme class of every code point as far as it can be seen, 0 left out; numbers as in the format.

        Every text ends in a letter with an accent: it is looked up as one, but for each of its characters where the
        class in question joins it to what stands before.
        """
        extending = self._looked_up(self._all, "a", "", 1)
        alone = self._all - extending
        short = {code for code in alone if code < 0x10000}
        found = dict.fromkeys(self._looked_up(short, "", _ACUTE, 2), 3)
        found |= dict.fromkeys(extending, 8)
        found |= dict.fromkeys(self._looked_up(extending, _COPYRIGHT, _ZWJ + _COPYRIGHT + _ACUTE, 5), 4)
        found |= dict.fromkeys(self._looked_up(extending, _KA, _VIRAMA + _KA + _ACUTE, 5), 17)
        found |= dict.fromkeys(self._looked_up(extending, _KA, _KA + _ACUTE, 4), 15)
        found |= dict.fromkeys(self._looked_up(extending, _COPYRIGHT, _COPYRIGHT + _ACUTE, 4), 5)
        found |= dict.fromkeys(self._looked_up(alone, "", _ZWJ + _COPYRIGHT + _ACUTE, 4), 14)
        found |= dict.fromkeys(self._looked_up(alone, "", _VIRAMA + _KA + _ACUTE, 4), 16)
        found |= self._jamo(short)
        found |= dict.fromkeys(self._looked_up(alone, "", "a", 1), 7)
        return found | {ord("\r"): 1, ord("\n"): 2}

    def _jamo(self, codes: Collection[int]) -> dict[int, int]:
        """The classes of Hangul's letters and syllables."""
        joined = (
            self._looked_up(codes, "", _JAMO_V + _ACUTE, 3),
            self._looked_up(codes, "", _JAMO_T + _ACUTE, 3),
            self._looked_up(codes, _JAMO_L, _ACUTE, 3),
            self._looked_up(codes, _JAMO_V, _ACUTE, 3),
        )
        signatures = {code: tuple(code in group for group in joined) for code in set().union(*joined)}
        return {code: _HANGUL_CLASSES[key] for code, key in signatures.items() if key in _HANGUL_CLASSES}

    def _looked_up(self, codes: Iterable[int], before: str, behind: str, count: int) -> set[int]:
        """The code points that are looked up so many times with what stands around them."""
        asked = {code for code in codes if chr(code) not in "\r\n"}
        found = self._each(one_for_each_look_up(), before, behind, codes=asked)
        return {code for code, text in found if len(text) == count}


_ACUTE = "\u0301"
_KA, _VIRAMA, _ZWJ, _COPYRIGHT = "\u0915", "\u094d", "\u200d", "\u00a9"
_JAMO_L, _JAMO_V, _JAMO_T = "\u1100", "\u1161", "\u11a8"
_HANGUL_CLASSES = {
    (True, False, True, False): 9,
    (True, True, True, True): 10,
    (False, True, False, True): 11,
    (True, True, True, False): 12,
    (False, True, True, False): 13,
}
"""L, V, T, LV, LVT: by whether such a character is joined to a V behind it, a T behind it, an L before, a V before."""


def one_for_each_look_up() -> normalizers.Normalizer:
    """A `Precompiled` that makes Z of whatever it looks up as a whole, so that the Zs of a text count those.

    It looks up clusters of fewer than six bytes, and of longer ones each character: what no such cluster tells, no kit
    needs to know. Its trie has one step: every byte leads to a leaf, but the line feed, which parts the texts.
    """
    units = [0] * 1024
    units[0] = 256 << 10
    for byte in range(1, 256):
        if byte != ord("\n"):
            units[256 + byte] = byte | 1 << 8 | 512 << 10
    return normalizers.Precompiled(struct.pack("<I1024I", 4 * len(units), *units) + b"Z\0")


def _bert(**rules: bool) -> normalizers.Normalizer:
    none = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    return normalizers.BertNormalizer(**none | rules)


def _chunks(codes: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(codes), _CHUNK):
        yield codes[start : start + _CHUNK]


def _removed(changed: Mapping[int, str]) -> set[int]:
    return {code for code, text in changed.items() if not text}


def _spaced(changed: Mapping[int, str]) -> set[int]:
    """What becomes a space; the space itself is not changed."""
    return {code for code, text in changed.items() if text == " "}


def _same(name: str, first: _T, *others: _T) -> _T:
    """The one value that several probes give; the format has one table for all of them."""
    if any(other != first for other in others):
        raise SystemExit(f"The components that share the table {name!r} do not agree on it: it must become several.")
    return first


def _combining_class(mark: str, named: Mapping[int, str]) -> int:
    """The one class whose mark changes places with this one in neither order."""
    nfd = normalizers.NFD()
    still = [
        value
        for value, other in named.items()
        if all(nfd.normalize_str("a" + pair) == "a" + pair for pair in (mark + other, other + mark))
    ]
    if len(still) != 1:
        raise SystemExit(f"U+{ord(mark):04X} has a combining class that Python's table does not name: {still}.")
    return still[0]
