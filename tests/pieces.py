"""Small SentencePiece models by the library's own trainer, laid out as each family published its own."""

from __future__ import annotations

import io
import random
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

BRACKETS = ["[CLS]", "[SEP]", "[MASK]"]
ALBERT_SYMBOLS = ["(", ")", '"', "-", ".", "–", "£", "€"]
"""The user-defined pieces of google's ALBERT models."""
LAYOUTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "albert": (
        "spiece.model",
        {"pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1, "control_symbols": BRACKETS},
    ),
    "xlm-roberta": ("sentencepiece.bpe.model", {}),
    "camembert": ("sentencepiece.bpe.model", {}),
    "deberta-v2": (
        "spm.model",
        {
            **{"pad_id": 0, "pad_piece": "[PAD]", "bos_id": 1, "bos_piece": "[CLS]"},
            **{"eos_id": 2, "eos_piece": "[SEP]", "unk_id": 3, "unk_piece": "[UNK]"},
        },
    ),
}
"""What each family calls its model, and the trainer's options that give it that family's first pieces."""
SENTENCE = """
the movie was good bad great boring film not and is in it of to a he she they lives works loving workings paris london
google who where what china beijing love hate really very unbelievable reworked café naïve São 1990, 2,000 3.14 U.S. A
我爱北京 天气很好 不喜欢 电影是的 上海 中国人 了吗 ， 。 ！ （ ） カタカナ ひらがな 東京タワー Über
straße № ½ … " - ' ( ) £5 < > 0 x 4 1
"""
WORDS = SENTENCE.split()


def sentences(count: int = 600) -> list[str]:
    """Lines of those words, the same every time; the first twenty words are a third of all."""
    rng = random.Random(0)
    weights = [20 if place < 20 else 4 for place in range(len(WORDS))]
    return [" ".join(rng.choices(WORDS, weights, k=rng.randint(3, 12))) for _ in range(count)]


def train(path: Path, lines: Iterable[str], **options: Any) -> Path:
    """Write a model of at most 400 pieces, fewer where the lines have no more."""
    import sentencepiece

    model = io.BytesIO()
    settings = {"vocab_size": 400, "hard_vocab_limit": False, "character_coverage": 1.0, "num_threads": 1}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, minloglevel=2, **{**settings, **options}
    )
    path.write_bytes(model.getvalue())
    return path


def fairseq(place: int) -> int:
    """XLM-R's id of a piece: ``<unk>``, ``<s>`` and ``</s>`` have moved, and the others made room for ``<pad>``."""
    return {0: 3, 1: 0, 2: 2}.get(place, place + 1)


def is_same(found: Sequence[int], processor: Any, text: str, id_of: Callable[[int], int] = fairseq) -> bool:
    """Whether these are the ids of the processor's own pieces, or of a cut that scores as well.

    SentencePiece adds scores up in float32: of two cuts whose difference is less than that rounds it may take either.
    """
    wanted = [id_of(place) for place in processor.encode(text)]
    if list(found) == wanted:
        return True
    back = {id_of(place): place for place in range(len(processor)) if not processor.is_control(place)}
    scores = [sum(processor.get_score(back[i]) for i in ids) for ids in (found, wanted)]
    unknown = id_of(processor.unk_id())
    is_bpe = processor.get_score(len(processor) - 1).is_integer()  # there a score is a rank, and no cut has an equal
    return not is_bpe and list(found).count(unknown) == wanted.count(unknown) and abs(scores[0] - scores[1]) < 1e-3


def google_albert(processor: Any, text: str, *, keep_accents: bool = False, lower: bool = True) -> list[int]:
    """google-research/albert's ``preprocess_text`` and ``encode_ids``, with the plain quotes Hugging Face adds."""
    text = " ".join(text.split()).replace("``", '"').replace("''", '"')
    if not keep_accents:
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    found: list[str] = []
    for piece in processor.encode(text.lower() if lower else text, out_type=str):
        if len(piece) > 1 and piece[-1] == "," and piece[-2].isdigit():
            parts = processor.encode(piece[:-1].replace("▁", ""), out_type=str)
            if not piece.startswith("▁") and parts[0].startswith("▁"):
                parts = [*([parts[0][1:]] if len(parts[0]) > 1 else []), *parts[1:]]
            found += [*parts, ","]
        else:
            found.append(piece)
    return [processor.piece_to_id(piece) for piece in found]
