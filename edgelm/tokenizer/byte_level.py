"""Byte-level BPE from ``vocab.json`` and ``merges.txt``, as RoBERTa and the first DeBERTa keep it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgelm.errors import UsageError
from edgelm.tokenizer import classes
from edgelm.tokenizer.settings import add_tokens, frame, frame_with_offsets, settings, special_tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def byte_level_bpe(folder: Path) -> tuple[Tokenizer, dict[str, str]]:
    """Byte-level BPE (Radford et al. 2019) in RoBERTa's frame, or with ``[CLS]`` in DeBERTa's, which is BERT's.

    ``add_prefix_space`` and ``trim_offsets`` are tokenizer_config.json's. The mask token takes the space before it.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    classes.refuse_unknown(folder, classes.BYTE_LEVEL, "the vocab.json")
    try:
        model = models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt"))
    except Exception as error:  # noqa: BLE001  tokenizers raises bare Exception for whatever it cannot parse
        raise UsageError(f"{folder}: vocab.json and merges.txt are no byte-level BPE: {error}.") from None
    tokenizer = Tokenizer(model)
    prefix = bool(settings(folder, "tokenizer_config.json").get("add_prefix_space", False))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    special = special_tokens(folder, tokenizer.get_vocab())
    add_tokens(tokenizer, folder, special, mask_takes_space=True)
    (frame_with_offsets if special["cls"] == "<s>" else frame)(tokenizer, folder, special)
    return tokenizer, special
