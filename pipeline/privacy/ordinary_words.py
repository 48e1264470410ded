"""Learn the ordinary words behind the rules on names, as hashes.

    python -m pipeline.privacy.ordinary_words SENTENCES.parquet REVIEWS.parquet --output ordinary.bin

Both files have a column `text`. The output replaces `pipeline/privacy/data/ordinary.bin`: hashes, no text.
"""

from __future__ import annotations

import argparse
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from pipeline.privacy.lexicons import hash_word, lexicons
from pipeline.privacy.views import fold

_WORD: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_OPENS_SENTENCE: Final = frozenset('.!?…:\n«"(')
_MIN_IN_SENTENCES: Final = 5
_ALWAYS_IN_SENTENCES: Final = 50
_MIN_IN_REVIEWS: Final = 4


def ordinary_in_sentences(sentences: Iterable[str]) -> set[int]:
    """Learn from edited sentences: words in lower case at least as often as capitalised, or fifty times.

    Args:
        sentences: Plain French sentences.

    Returns:
        Hashes of words.
    """
    lower, capitalised = _count(sentences)
    return {
        hash_word(word)
        for word, count in lower.items()
        if count >= _MIN_IN_SENTENCES and (count >= capitalised[word] or count >= _ALWAYS_IN_SENTENCES)
    }


def ordinary_in_reviews(reviews: Iterable[str], names: frozenset[str]) -> set[int]:
    """Learn the words of loose writing: as in sentences, but never a listed name, whatever its letter case.

    Args:
        reviews: Verbatims; many are written without a capital.
        names: Folded first names and surnames.

    Returns:
        Hashes of words.
    """
    lower, capitalised = _count(reviews)
    return {
        hash_word(word)
        for word, count in lower.items()
        if count >= _MIN_IN_REVIEWS and count >= capitalised[word] and word not in names
    }


def to_bytes(hashes: Iterable[int]) -> bytes:
    """Write hashes as `ordinary.bin` holds them: sorted, 32 bits each, in the machine's byte order."""
    return array("I", sorted(set(hashes))).tobytes()


def _count(texts: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """How often each folded word stands in lower case, and with a capital that opens no sentence."""
    lower: Counter[str] = Counter()
    capitalised: Counter[str] = Counter()
    for text in texts:
        for match in _WORD.finditer(text):
            word = match.group()
            if word.islower():
                lower[fold(word)] += 1
            elif not _opens_sentence(text, match.start()):
                capitalised[fold(word)] += 1
    return lower, capitalised


def _opens_sentence(text: str, start: int) -> bool:
    position = start - 1
    while position >= 0 and text[position].isspace() and text[position] != "\n":
        position -= 1
    return position < 0 or text[position] in _OPENS_SENTENCE


def _texts(path: Path) -> Iterator[str]:
    for batch in pq.ParquetFile(path).iter_batches(columns=["text"]):
        yield from (text for text in batch.column(0).to_pylist() if text)


def main(arguments: list[str] | None = None) -> None:
    """Learn from two files and write the hashes.

    Args:
        arguments: Those of the command line; the process's own by default.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sentences", type=Path)
    parser.add_argument("reviews", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    lex = lexicons()
    hashes = ordinary_in_sentences(_texts(options.sentences))
    hashes |= ordinary_in_reviews(_texts(options.reviews), lex.first_names | lex.surnames)
    options.output.write_bytes(to_bytes(hashes))


if __name__ == "__main__":
    main()
