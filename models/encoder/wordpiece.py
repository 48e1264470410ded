"""Learn a WordPiece vocabulary from masked text, and keep the names of persons out of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Final

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from models.compact.encoding import CONTROL_TOKENS, UNKNOWN_PIECE, tidy

PLACEHOLDERS: Final = (
    "[PERSONNE]", "[TELEPHONE]", "[EMAIL]", "[ADRESSE]", "[IBAN]", "[CARTE]", "[NIR]", "[REFERENCE]",
    "[PLAQUE]", "[DATE_NAISSANCE]",
)  # fmt: skip
SPECIAL_TOKENS: Final = (*CONTROL_TOKENS, *PLACEHOLDERS)
CONTINUED: Final = "##"
_BRACKETED: Final = re.compile(r"\[[A-Z_]+\]")
_SPARE: Final = 700
_LONGEST_WORD: Final = 60


def fold(word: str) -> str:
    """Fold a word as the tokenizer does: lower case, no accents, ligatures opened.

    >>> fold("Cœur-Zoé")
    'coeur-zoe'
    """
    opened = word.lower().replace("œ", "oe").replace("æ", "ae")
    return "".join(c for c in unicodedata.normalize("NFKD", opened) if unicodedata.category(c) != "Mn")


def learn_wordpiece(
    texts: Iterable[str], *, size: int = 8192, names: Collection[str] = (), min_frequency: int = 8
) -> Tokenizer:
    """Learn a vocabulary.

    Case and accents are folded, figures are read digit by digit, and the control tokens and placeholders have
    an entry each. A piece that is a person's name, at the start of a word or inside it, is left out: the name
    is then spelt with shorter pieces.

    Args:
        texts: Texts whose names of persons were masked.
        size: Most entries.
        names: Names of persons, in any case; those that are also ordinary words must not be among them.
        min_frequency: A piece seen more rarely is no entry.

    Returns:
        The tokenizer.
    """
    tokenizer = _empty(models.WordPiece(unk_token=UNKNOWN_PIECE, max_input_chars_per_word=_LONGEST_WORD))
    trainer = trainers.WordPieceTrainer(
        vocab_size=size + _SPARE,
        min_frequency=min_frequency,
        limit_alphabet=260,
        show_progress=False,
        special_tokens=list(SPECIAL_TOKENS),
    )
    tokenizer.train_from_iterator((_BRACKETED.sub(" ", tidy(text)) for text in texts), trainer)
    learnt = tokenizer.get_vocab()
    banned = {fold(name) for name in names}
    kept = [
        piece
        for piece in sorted(learnt, key=learnt.__getitem__)
        if piece in SPECIAL_TOKENS or piece.removeprefix(CONTINUED) not in banned
    ]
    vocabulary = {piece: position for position, piece in enumerate(kept[:size])}
    final = _empty(
        models.WordPiece(vocabulary, unk_token=UNKNOWN_PIECE, max_input_chars_per_word=_LONGEST_WORD)
    )
    final.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in SPECIAL_TOKENS])
    return final


def names_among(pieces: Iterable[str], names: Collection[str]) -> list[str]:
    """List the vocabulary entries that are names of persons."""
    banned = {fold(name) for name in names}
    return sorted(piece for piece in pieces if piece.removeprefix(CONTINUED) in banned)


def _empty(model: models.Model) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace("’", "'"),
            normalizers.Replace("œ", "oe"),
            normalizers.Replace("Œ", "oe"),
            normalizers.NFKD(),
            normalizers.StripAccents(),
            normalizers.Lowercase(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Punctuation(),
            pre_tokenizers.Digits(individual_digits=True),
        ]
    )
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer
