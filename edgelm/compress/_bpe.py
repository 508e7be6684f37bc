"""Which tokens of a vocabulary a token needs beside it to be made at all: what its merges make on the way."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

Merge = tuple[str, str]


class Merges:
    """Byte-pair merges by rank (Sennrich et al. 2016), with the marks that a vocabulary puts on parts of a word."""

    def __init__(self, merges: Iterable[Merge], continuing: str = "", ending: str = "") -> None:
        self._merges = list(merges)
        self._ranks = {merge: rank for rank, merge in enumerate(self._merges)}
        self._continuing = continuing
        self._ending = ending

    def among(self, kept: Mapping[str, int]) -> list[Merge]:
        """The merges whose parts and result are all kept, in their order."""
        return [merge for merge in self._merges if all(token in kept for token in (*merge, self._joined(*merge)))]

    def derivation(self, token: str) -> set[str]:
        """Every symbol that stands in the token's place before it does, the token left out.

        A merge inside a token's place never depends on what is beside it, so these are the same in every word.
        """
        symbols = self._symbols(token)
        made = set(symbols)
        while len(symbols) > 1:
            rank, at = min((self._ranks.get(pair, len(self._ranks)), i) for i, pair in enumerate(_pairs(symbols)))
            if rank == len(self._ranks):
                break
            symbols[at : at + 2] = [self._joined(*symbols[at : at + 2])]
            made.add(symbols[at])
        return made - {token}

    def _joined(self, left: str, right: str) -> str:
        return left + right.removeprefix(self._continuing)

    def _symbols(self, token: str) -> list[str]:
        """The characters a token begins as: all but a word's first carry the one mark, a word's last the other."""
        prefix, suffix = self._continuing, self._ending
        inside = bool(prefix) and token.startswith(prefix) and token != prefix
        ends = bool(suffix) and token.endswith(suffix) and token != suffix
        characters = list(token[len(prefix) if inside else 0 : len(token) - len(suffix) if ends else None])
        marked = [(prefix if inside or i else "") + character for i, character in enumerate(characters)]
        return [*marked[:-1], marked[-1] + (suffix if ends else "")] if marked else [token]


def _pairs(symbols: list[str]) -> Iterable[Merge]:
    return itertools.pairwise(symbols)


def blocked_pieces(word: str, vocabulary: Mapping[str, int], continuing: str) -> set[str]:
    """What WordPiece's longest-match takes of a word before nothing fits and it is unknown; nothing of a known word.

    Without these pieces a shorter match might lead to the word's end, and the unknown word become a known one.
    """
    taken: set[str] = set()
    start = 0
    while start < len(word):
        mark = continuing if start else ""
        ends = (end for end in range(len(word), start, -1) if mark + word[start:end] in vocabulary)
        end = next(ends, None)
        if end is None:
            return taken
        taken.add(mark + word[start:end])
        start = end
    return set()
