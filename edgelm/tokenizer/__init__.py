"""Text to ids: a folder's tokenizer read from whichever files it has, and written into a bundle."""

from edgelm.tokenizer.text import Text, TextTokenizer, TokenizerFacts, cut, windows
from edgelm.tokenizer.wordpiece import assumed_casing

__all__ = ["Text", "TextTokenizer", "TokenizerFacts", "assumed_casing", "cut", "windows"]
