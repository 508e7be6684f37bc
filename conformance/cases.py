"""Writes the conformance set: tokenizers, bundles, requests, and the replies that every kit must give.

The same inputs give the same bytes. The digest of what needs no data of others stands in conformance/DIGEST; --check
compares it, and --pin writes it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import Encoding, Tokenizer

import edgelm
from conformance import answer_bundles, answers, texts, tokenizer_kinds
from edgelm.errors import UsageError
from edgelm.tokenizer import Text, TextTokenizer, cut, windows

DIGEST = Path(__file__).with_name("DIGEST")
FOLDER = Path(__file__).resolve().parent.parent / ".cache" / "conformance"
INDEX = "index.json"
Case = dict[str, Any]
"""``{"request", "expect"}`` or ``{"request", "error"}``."""
_INPUT_ERROR = {"type": "InputError"}
_LIGHT = ("split", "punctuation", "metaspace", "normalizers", "form", "words", "charsmap", "added")
"""By the beginning of the name: tokenizers of one rule, which need fewer drawn texts."""
_EVERY_CODE_POINT = (
    *("minilm", "bert-cased", "bert-keeps-accents", "roberta", "modernbert", "xlm-roberta", "albert", "deberta-v2"),
    *(
        "words",
        "words-digits",
        "words-numbers",
        "punctuation-isolated",
        "charsmap",
        "unigram-nmt",
        "deberta-v2-converted",
    ),
    *("normalizers-nfc", "normalizers-nfd", "normalizers-nfkc", "normalizers-nfkd", "normalizers-nmt"),
)
"""Tokenizers that between them read every table of a kit."""
_QUESTIONS = (
    ("who wrote it?", "It was written by Harper Lee in 1960, and the film was good. " * 6),
    ("天气怎么样？", "今天天气很好，我们去公园吧！上海的电影也不好看。" * 5),
    ("a b c d e f g h", "x y z " * 30),
    ("why", "short"),
    ("🦙?", "café İstanbul 👩‍🚀 ﬁ ½ Å " * 10),
)


@dataclass(frozen=True)
class Entry:
    """One file of cases."""

    name: str
    file: str
    cases: int
    is_own: bool
    """Whether it needs no data of others."""


def main() -> None:
    """Write the set, print its count and digest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--check", action="store_true", help="exit 1 where the digest is not the one in DIGEST")
    parser.add_argument("--pin", action="store_true", help="write the digest to DIGEST")
    arguments = parser.parse_args()
    write(arguments.folder)
    print(summary(arguments.folder))
    found = pinned_part(arguments.folder)
    if arguments.pin:
        DIGEST.write_text(found + "\n", "utf-8")
    if arguments.check and found != DIGEST.read_text("utf-8").strip():
        sys.exit("The set is not the pinned one. If its change was meant: python -m conformance.cases --pin")


def current(folder: Path, step: int) -> Path:
    """The folder with the set that these sources give, written if it is not there; one of every ``step`` texts."""
    key = _key(step)
    index = folder / INDEX
    if not index.is_file() or json.loads(index.read_text("utf-8"))["key"] != key:
        write(folder, step)
    return folder


def write(folder: Path, step: int = 1) -> list[Entry]:
    """Write the set in the place of an older one, with one of every ``step`` texts; it appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        new = Path(place) / "set"
        entries = list(_entries(new, step))
        content = {"key": _key(step), "entries": [asdict(entry) for entry in entries]}
        (new / INDEX).write_text(json.dumps(content, indent=1) + "\n", "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
    return entries


def _key(step: int) -> str:
    """Of everything the set is made from: these sources, edgelm's, the tokenizers library, the data that are here."""
    total = hashlib.sha256(f"{step} {tokenizers.__version__} {sorted(tokenizer_kinds.data_makers())}".encode())
    for folder in (Path(__file__).parent, Path(edgelm.__file__).parent):
        for path in sorted(folder.rglob("*.py")):
            total.update(path.read_bytes())
    return total.hexdigest()


def entries(folder: Path) -> list[Entry]:
    """What a written set holds."""
    return [Entry(**entry) for entry in json.loads((folder / INDEX).read_text("utf-8"))["entries"]]


def read(folder: Path, entry: Entry) -> Iterator[Case]:
    """The cases of one file, with the paths in their requests made whole."""
    with (folder / entry.file).open("rb") as lines:
        for line in lines:
            case: Case = json.loads(line)
            request = case["request"]
            for key in ("tokenizer", "path"):
                if key in request:
                    request[key] = str((folder / request[key]).resolve())
            yield case


def summary(folder: Path) -> str:
    """The count of cases and the digest of all, and of what needs no data of others."""
    found = entries(folder)
    own = [entry for entry in found if entry.is_own]
    return (
        f"{sum(entry.cases for entry in found):,} cases in {len(found)} files under {folder}\n"
        f"sha256 {digest(folder, found)}\n"
        f"of these {sum(entry.cases for entry in own):,} in {len(own)} files need no data of others\n"
        f"sha256 {digest(folder, own)}"
    )


def pinned_part(folder: Path) -> str:
    """Count and digest of what needs no data of others, as DIGEST holds them."""
    own = [entry for entry in entries(folder) if entry.is_own]
    return f"{sum(entry.cases for entry in own)} {digest(folder, own)}"


def digest(folder: Path, of: Iterable[Entry]) -> str:
    """The sha256 of the case files and the tokenizers they open."""
    total = hashlib.sha256()
    for entry in of:
        for path in (folder / entry.file, folder / "tokenizers" / entry.name / "tokenizer.json"):
            if path.is_file():
                total.update(f"{path.relative_to(folder)}\n".encode())
                total.update(path.read_bytes())
    return total.hexdigest()


def _entries(folder: Path, step: int) -> Iterator[Entry]:
    (folder / "cases").mkdir(parents=True)
    for name, serialized, is_own in tokenizer_kinds.every(folder / "work"):
        path = folder / "tokenizers" / name / "tokenizer.json"
        path.parent.mkdir(parents=True)
        path.write_text(serialized, "utf-8")
        yield _written(folder, name, tokenizer_cases(name, path, f"tokenizers/{name}/tokenizer.json", step), is_own)
    shutil.rmtree(folder / "work", ignore_errors=True)
    for path in answer_bundles.write(folder / "bundles", folder / "tokenizers"):
        yield _written(
            folder, f"answers-{path.name}", answers.cases(path, f"bundles/{path.name}", every=step == 1), True
        )


def _written(folder: Path, name: str, cases: Iterable[Case], is_own: bool) -> Entry:
    file = f"cases/{name}.jsonl"
    count = 0
    with (folder / file).open("wb") as lines:
        for case in cases:
            lines.write(line_of(case) + b"\n")
            count += 1
    return Entry(name, file, count, is_own)


def line_of(case: Case) -> bytes:
    """A case as a line: plain UTF-8, escaped only where it holds half of a character."""
    try:
        return json.dumps(case, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(case, separators=(",", ":")).encode()


# -- a tokenizer's cases -----------------------------------------------------------------------------------------------


def tokenizer_cases(name: str, path: Path, relative: str, step: int) -> Iterator[Case]:
    """Everything that is asked of one tokenizer; of drawn texts and code points one of every ``step``."""
    backend = Tokenizer.from_file(str(path))
    tokenizer = TextTokenizer(backend, {}, path.parent)
    is_light = name.startswith(_LIGHT)
    seed = sum(name.encode())
    drawn = [*texts.drawn(150 if is_light else 900, seed), *texts.in_words(50 if is_light else 300, seed)][::step]
    yield {"request": {"op": "open", "tokenizer": relative}, "expect": True}
    for text in (*texts.handmade()[:: min(step, 4)], *drawn):
        yield {"request": {"op": "encode", "text": text}, "expect": encoding(backend.encode(text))}
    for text, pair in _pairs(drawn):
        yield {"request": {"op": "encode", "text": text, "pair": pair}, "expect": encoding(backend.encode(text, pair))}
    for text in texts.LONE_SURROGATES:
        yield {"request": {"op": "encode", "text": text}, "error": _INPUT_ERROR}
        yield {"request": {"op": "encode", "text": "a", "pair": text}, "error": _INPUT_ERROR}
    long = [*texts.LONG, *(texts.code_points() if name in _EVERY_CODE_POINT else ())][::step]
    for start in range(0, len(long), 8):
        yield _brief(backend, long[start : start + 8])
    rooms = (2, 9) if is_light else (1, 2, 3, 7, 12, 29)
    yield from (_cut(tokenizer, subject, room) for subject, room in [*product(_cut_texts(drawn), rooms)][::step])
    asked = [*product(_QUESTIONS[:2] if is_light else _QUESTIONS, (12, 20, 48, 384), (0, 1, 6, 128))]
    if backend.post_processor is not None:  # without one the library forgets which text a window's tokens are of
        yield from (_windows(tokenizer, *one) for one in asked[::step])
    yield from (
        _decoded(backend, ids, skip) for ids, skip in [*product(_id_rows(backend, seed), (True, False))][::step]
    )


def encoding(found: Encoding) -> dict[str, Any]:
    """An encoding as the protocol writes it."""
    return {
        "ids": found.ids,
        "type_ids": found.type_ids,
        "offsets": found.offsets,
        "special": found.special_tokens_mask,
        "words": found.word_ids,
        "sequences": found.sequence_ids,
        "tokens": found.tokens,
    }


def brief(found: Encoding) -> dict[str, Any]:
    """Ids and offsets alone."""
    return {"ids": found.ids, "offsets": found.offsets}


def _brief(backend: Tokenizer, batch: Sequence[str]) -> Case:
    request = {"op": "encode_many", "texts": list(batch), "brief": True}
    return {"request": request, "expect": [brief(backend.encode(text)) for text in batch]}


def _pairs(drawn: Sequence[str]) -> list[tuple[str, str]]:
    return [*texts.PAIRS, *zip(drawn[:20], drawn[20:40], strict=False)]


def _cut_texts(drawn: Sequence[str]) -> list[Text]:
    singles = (*texts.ENGLISH, *texts.CHINESE[:4], *texts.EMOJI[:3], *drawn[:20])
    pairs = [pair for pair in _pairs(drawn) if all(part.strip() for part in pair)]
    return [*(text for text in singles if text.strip()), *pairs]


def _cut(tokenizer: TextTokenizer, subject: Text, room: int) -> Case:
    """A text or pair cut to its special tokens and ``room`` others."""
    length = tokenizer.tokenizer.num_special_tokens_to_add(not isinstance(subject, str)) + room
    parts = {"text": subject} if isinstance(subject, str) else {"text": subject[0], "pair": subject[1]}
    request = {"op": "cut", **parts, "max_length": length}
    return {"request": request, "expect": encoding(cut(tokenizer, subject, length))}


def _windows(tokenizer: TextTokenizer, pair: tuple[str, str], length: int, stride: int) -> Case:
    fields = {"question": pair[0], "context": pair[1], "length": length, "doc_stride": stride}
    case: Case = {"request": {"op": "windows", **fields}}
    try:
        return {**case, "expect": [encoding(window) for window in windows(tokenizer, pair, length, stride)]}
    except UsageError:
        return {**case, "error": _INPUT_ERROR}


def _id_rows(backend: Tokenizer, seed: int) -> list[list[int]]:
    """Encoded texts, and ids of any kind, with some that no token has."""
    rng = random.Random(seed)
    most = max(backend.get_vocab().values())
    rows = [backend.encode(text).ids for text in (*texts.ENGLISH, *texts.CHINESE, *texts.EMOJI, *texts.SPECIALS)]
    return [*rows, *([rng.randint(0, most + 2) for _ in range(rng.randint(0, 12))] for _ in range(40))]


def _decoded(backend: Tokenizer, ids: list[int], skip: bool) -> Case:
    request = {"op": "decode", "ids": ids, "skip_special": skip}
    return {"request": request, "expect": backend.decode(ids, skip_special_tokens=skip)}


if __name__ == "__main__":
    main()
