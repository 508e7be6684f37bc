"""The kits' Unicode tables: what `tokenizers` does today, the same in every kit, and enough to do as it does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import normalizers

from conformance import probes, unicode

ROOT = Path(__file__).parents[2]


# -- the sources -------------------------------------------------------------------------------------------------------


def _kotlin(source: str) -> str:
    return "".join(re.findall(r'"(.*)"', source)).replace("\\n", "\n")


def _javascript(source: str) -> str:
    return "".join(re.findall(r'^  "(.*)",$', source, re.MULTILINE)).replace("\\n", "\n")


def _swift(source: str) -> str:
    return source.split('"""')[1][1:-1].replace("\\\n", "")


READERS = {".kt": _kotlin, ".js": _javascript, ".swift": _swift}


def _text(name: str) -> str:
    path = ROOT / name
    return READERS[path.suffix](path.read_text("ascii"))


def test_the_kits_have_the_same_tables() -> None:
    assert len({_text(name) for name in unicode.SOURCES}) == 1


def test_the_tables_are_what_tokenizers_does() -> None:
    """Of the planes that have characters; the test below asks all of them."""
    codes = [code for code in probes.CODE_POINTS if code < 0x40000 or 0xE0000 <= code < 0xE1000]
    assert tables().of(codes) == Tables.read(unicode.table(codes)), "Run: python -m conformance.unicode"


@pytest.mark.slow
def test_the_tables_are_what_tokenizers_does_to_every_code_point() -> None:
    assert next(map(_text, unicode.SOURCES)) == unicode.table(), "Run: python -m conformance.unicode"


@pytest.mark.parametrize("name", unicode.SOURCES)
def test_a_kits_source_is_written_as_it_stands(name: str) -> None:
    assert unicode.SOURCES[name](_text(name)) == (ROOT / name).read_text("ascii")


# -- the tables suffice: the rules of docs/devices.md over them, in Python ---------------------------------------------


@dataclass
class Tables:
    """The tables as a kit reads them."""

    sets: dict[str, set[int]] = field(default_factory=dict)
    maps: dict[str, dict[int, str]] = field(default_factory=dict)
    compose: dict[str, str] = field(default_factory=dict)
    classes: dict[str, dict[int, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> Tables:
        head, *lines = text.removesuffix("\n").split("\n")
        assert head == "edgelm-unicode 1"
        tables = cls()
        for line in lines:
            kind, name, *entries = line.split(" ")
            if kind == "set":
                tables.sets[name] = {code for code, _ in _ranges(entries)}
            elif kind == "class":
                tables.classes[name] = {code: int(value, 36) for code, value in _ranges(entries)}
            elif name == "compose":
                tables.compose = {chr(code) + target[0]: target[1] for code, target in _targets(entries)}
            else:
                tables.maps[name] = dict(_targets(entries))
        return tables

    def of(self, codes: Iterable[int]) -> Tables:
        """What they say of some code points."""
        kept = set(codes)
        return Tables(
            {name: found & kept for name, found in self.sets.items()},
            {name: {code: text for code, text in found.items() if code in kept} for name, found in self.maps.items()},
            self.compose,
            {name: {code: v for code, v in found.items() if code in kept} for name, found in self.classes.items()},
        )


def _ranges(entries: list[str]) -> Iterator[tuple[int, str]]:
    end = -1
    for entry in entries:
        span, _, value = entry.partition(":")
        gap, _, extra = span.partition("+")
        start = end + 1 + int(gap, 36)
        end = start + int(extra or "0", 36)
        yield from ((code, value) for code in range(start, end + 1))


def _targets(entries: list[str]) -> Iterator[tuple[int, str]]:
    code = -1
    for entry in entries:
        gap, _, targets = entry.partition(":")
        code += 1 + int(gap, 36)
        yield code, "".join(chr(int(target, 36)) for target in targets.split(","))


@cache
def tables() -> Tables:
    return Tables.read(_text("web_demo/edgelm/src/unicode-data.js"))


L, V, T, SYLLABLES = 0x1100, 0x1161, 0x11A7, 0xAC00


def decompose(text: str, name: str) -> str:
    """NFD or NFKD: every character whole apart, then the marks between starters in the order of their classes."""
    parts = "".join(_jamo(char) if _is_syllable(char) else tables().maps[name].get(ord(char), char) for char in text)
    ccc = tables().classes["ccc"]
    # A starter ends the run before it: sorted by the number of starters so far, marks stay between theirs.
    starters = accumulate(ord(char) not in ccc for char in parts)
    order = sorted(zip(starters, parts, strict=True), key=lambda item: (item[0], ccc.get(ord(item[1]), 0)))
    return "".join(char for _, char in order)


def _is_syllable(char: str) -> bool:
    return SYLLABLES <= ord(char) < SYLLABLES + 11172


def _jamo(syllable: str) -> str:
    rest, last = divmod(ord(syllable) - SYLLABLES, 28)
    return chr(L + rest // 21) + chr(V + rest % 21) + (chr(T + last) if last else "")


def compose(text: str) -> str:
    """The second half of NFC: a mark joins the last starter unless something of its class or above stands between."""
    ccc = tables().classes["ccc"]
    found: list[str] = []
    starter, last = -1, 0
    for char in text:
        value = ccc.get(ord(char), 0)
        joined = _joined(found[starter], char) if starter >= 0 and (last < value or last == 0) else None
        if joined is not None and not (last == 0 and len(found) - 1 > starter):
            found[starter] = joined
            continue
        found.append(char)
        last = value
        if value == 0:
            starter = len(found) - 1
    return "".join(found)


def _joined(first: str, second: str) -> str | None:
    lead, vowel, tail = ord(first) - L, ord(second) - V, ord(second) - T
    if 0 <= lead < 19 and 0 <= vowel < 21:
        return chr(SYLLABLES + (lead * 21 + vowel) * 28)
    if _is_syllable(first) and (ord(first) - SYLLABLES) % 28 == 0 and 0 < tail < 28:
        return chr(ord(first) + tail)
    return tables().compose.get(first + second)


def bert(text: str, *, clean: bool, chinese: bool, accents: bool, lower: bool) -> str:
    """BertNormalizer, its four steps in their order."""
    sets, maps = tables().sets, tables().maps
    if clean:
        text = "".join(
            " " if ord(char) in sets["bert_space"] else char for char in text if ord(char) not in sets["control"]
        )
    if chinese:
        text = "".join(f" {char} " if ord(char) in sets["cjk"] else char for char in text)
    if accents:
        text = "".join(char for char in decompose(text, "nfd") if ord(char) not in sets["nonspacing"])
    return "".join(maps["lower"].get(ord(char), char) for char in text) if lower else text


CR, LF, CONTROL, EXTEND, ZWJ, PREPEND, SPACING = 1, 2, 3, (4, 5, 15, 17), 5, 7, 8
JAMO_L, JAMO_V, JAMO_T, LV, LVT, PICTOGRAPH, LINKER, CONSONANT = 9, 10, 11, 12, 13, 14, 15, 16


def clusters(text: str) -> list[str]:
    """Extended grapheme clusters, by UAX 29 over the tables' classes (without flags)."""
    graphemes = tables().classes["grapheme"]
    kinds = [graphemes.get(ord(char), 0) for char in text]
    edges = [i for i in range(len(text) + 1) if i in (0, len(text)) or _breaks(kinds, i)]
    return [text[start:end] for start, end in pairwise(edges)]


def _breaks(kinds: list[int], at: int) -> bool:
    before, after = kinds[at - 1], kinds[at]
    if (before, after) == (CR, LF):
        return False
    if {before, after} & {CR, LF, CONTROL}:
        return True
    hangul = {
        JAMO_L: (JAMO_L, JAMO_V, LV, LVT),
        LV: (JAMO_V, JAMO_T),
        JAMO_V: (JAMO_V, JAMO_T),
        LVT: (JAMO_T,),
        JAMO_T: (JAMO_T,),
    }
    if after in (*EXTEND, SPACING) or before == PREPEND or after in hangul.get(before, ()):
        return False
    if after == CONSONANT and _run_before(kinds, at, (5, 15, 17))[1] == CONSONANT:
        return LINKER not in _run_before(kinds, at, (5, 15, 17))[0]
    return not (after == PICTOGRAPH and before == ZWJ and _run_before(kinds, at - 1, EXTEND)[1] == PICTOGRAPH)


def _run_before(kinds: list[int], at: int, of: tuple[int, ...]) -> tuple[list[int], int]:
    """The classes of that kind right before a place, and the one before those."""
    start = at
    while start and kinds[start - 1] in of:
        start -= 1
    return kinds[start:at], kinds[start - 1] if start else 0


def look_ups(text: str) -> int:
    """How often Precompiled looks something up: whole clusters of fewer than six bytes, characters of longer ones."""
    return sum(1 if len(cluster.encode()) < 6 else len(cluster) for cluster in clusters(text))


@cache
def telling() -> list[str]:
    """The characters some table says something of, each kind as likely as another."""
    read = tables()
    groups = [*read.sets.values(), *read.maps.values(), *read.classes.values(), map(ord, "".join(read.compose))]
    return sorted({chr(code) for group in groups for code in list(group)[:2000]})


def strings() -> st.SearchStrategy[str]:
    """Texts of such characters, of marks above all, of Hangul, and of anything."""
    marks = sorted(map(chr, tables().classes["ccc"]))
    composed = sorted({char for pair in tables().compose for char in pair})
    hangul = st.characters(min_codepoint=0x1100, max_codepoint=0x11FF) | st.characters(
        min_codepoint=0xAC00, max_codepoint=0xD7A3
    )
    letters = st.characters(exclude_categories=["Cs"])
    kinds = [st.sampled_from(telling()), st.sampled_from(marks), st.sampled_from(composed), hangul, letters]
    return st.lists(st.one_of(kinds), max_size=12).map("".join)


RULES: dict[str, tuple[Callable[[str], str], normalizers.Normalizer]] = {
    "nfd": (lambda text: decompose(text, "nfd"), normalizers.NFD()),
    "nfkd": (lambda text: decompose(text, "nfkd"), normalizers.NFKD()),
    "nfc": (lambda text: compose(decompose(text, "nfd")), normalizers.NFC()),
    "nfkc": (lambda text: compose(decompose(text, "nfkd")), normalizers.NFKC()),
    "lowercase": (
        lambda text: bert(text, clean=False, chinese=False, accents=False, lower=True),
        normalizers.Lowercase(),
    ),
    **{
        f"bert-{clean:d}{chinese:d}{accents:d}{lower:d}": (
            lambda text, clean=clean, chinese=chinese, accents=accents, lower=lower: bert(
                text, clean=clean, chinese=chinese, accents=accents, lower=lower
            ),
            normalizers.BertNormalizer(
                clean_text=clean, handle_chinese_chars=chinese, strip_accents=accents, lowercase=lower
            ),
        )
        for clean, chinese, accents, lower in [(True,) * 4, (True, True, False, False), (False, False, True, True)]
    },
}


@pytest.mark.parametrize("rule", RULES)
def test_the_tables_are_enough_for_a_normalizer(rule: str) -> None:
    ours, theirs = RULES[rule]

    @settings(max_examples=100)
    @given(strings())
    @example("ΑΣ İI ﬁ Å e\u0323\u0302 \u0344 가\u11a8 \u1100\u1161\u11a8 中 \u0000\ufffd\u00a0")
    def check(text: str) -> None:
        assert ours(text) == theirs.normalize_str(text)

    check()


@settings(max_examples=300)
@given(strings().map(lambda text: text.replace("\n", "")))
@example("क्क\u0301 ©\u200d©\u0301 \u1100\u1161\u0301 \r\u0301")
def test_the_tables_are_enough_for_clusters(text: str) -> None:
    assert look_ups(text) == len(probes.one_for_each_look_up().normalize_str(text))
