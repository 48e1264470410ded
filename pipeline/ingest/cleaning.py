"""What machines added to a cell, taken away; what the person wrote stays."""

from __future__ import annotations

import html
from collections.abc import Callable

import polars as pl

# What programs write for «nothing», in lower case; « RAS » and « aucun » are answers, « NA » a region.
_SPREADSHEET_ERRORS = ("#n/a", "#null!", "#value!", "#ref!", "#div/0!")
NOTHING = frozenset({"", "nan", "null", "none", "n/a", "<na>", "\\n", *_SPREADSHEET_ERRORS})
# Tags that rich-text fields store; « <3 », « < 5 min » and « <nom du produit> » are what people write.
_BLOCK_TAG = r"(?i)\s*(?:</?(?:p|br|div|li|ul|ol|tr|table|h[1-6]|blockquote)(?:\s[^<>]*)?/?>\s*)+"
_INLINE_TAG = r"(?i)</?(?:a|b|i|u|em|strong|span|font|small|td|img)(?:\s[^<>]*)?/?>"
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u{feff}]"


def clean_texts(texts: pl.Series) -> pl.Series:
    """Clean texts: line ends, control signs, HTML entities and tags, composed accents.

    Args:
        texts: Texts as read, or nulls.

    Returns:
        The texts without space around them; null where nothing was written.
    """
    texts = texts.cast(pl.String, strict=False)
    texts = _where(texts, r"\r", lambda some: some.str.replace_all(r"\r\n?", "\n"))
    texts = _where(texts, r"_x000D_", lambda some: some.str.replace_all("_x000D_", "", literal=True))
    texts = _where(texts, r"&(?:#\d{2,6}|#x[0-9a-fA-F]{2,5}|[A-Za-z]{2,8});", _unescape)
    texts = _where(texts, r"<[/A-Za-z]", _strip_tags)
    texts = _where(texts, _CONTROL, lambda some: some.str.replace_all(_CONTROL, ""))
    texts = _where(texts, r"\p{M}", lambda some: some.str.normalize("NFC"))
    return blank_nothing(texts.str.strip_chars())


def blank_nothing(cells: pl.Series) -> pl.Series:
    """Take away what programs write where there is nothing.

    Args:
        cells: A column as read.

    Returns:
        The column with nulls for such cells; of typed values, only « not a number » is nothing.

    >>> blank_nothing(pl.Series(["NULL", " n/a ", "Lyon", None])).to_list()
    [None, None, 'Lyon', None]
    """
    if cells.dtype.is_float():
        # What pandas and Spark write for «nothing» in a column of numbers.
        return cells.fill_nan(None)
    if cells.dtype != pl.String:
        return cells
    nothing = cells.str.strip_chars().str.to_lowercase().is_in(NOTHING)
    return cells.set(nothing.fill_null(True), None)


def join_titles(titles: pl.Series, texts: pl.Series) -> pl.Series:
    """Put a review's title before its text.

    Args:
        titles: Cleaned titles, or nulls.
        texts: Cleaned texts, or nulls.

    Returns:
        Title, stop and text; one alone where the other is missing, and the text alone where it begins with
        its title, as sites make it.
    """
    frame = pl.DataFrame({"title": titles, "text": texts}).with_columns(
        bare=pl.col("title").str.strip_chars_end(".… "),
    )
    repeated = pl.col("text").str.starts_with(pl.col("bare"))
    stop = pl.when(pl.col("title").str.contains(r"[.!?…:]$")).then(pl.lit(" ")).otherwise(pl.lit(". "))
    return frame.select(
        text=pl.when(pl.col("title").is_null() | repeated.fill_null(False))
        .then(pl.col("text"))
        .when(pl.col("text").is_null())
        .then(pl.col("title"))
        .otherwise(pl.concat_str("title", stop, "text"))
    ).to_series()


def same_text_key(texts: pl.Series) -> pl.Series:
    """Bring texts to a form in which two spellings of the same answer meet: case, space, final stops.

    Args:
        texts: Cleaned texts.

    Returns:
        Lower-case texts with single spaces, without stops at the end.
    """
    return texts.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars_end(" .!…")


def _where(texts: pl.Series, pattern: str, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Change only the texts that hold a pattern: most hold none, and searching is cheap."""
    hit = texts.str.contains(pattern).fill_null(False)
    if not hit.any():
        return texts
    return texts.scatter(hit.arg_true(), change(texts.filter(hit)))


def _strip_tags(texts: pl.Series) -> pl.Series:
    return texts.str.replace_all(_BLOCK_TAG, "\n").str.replace_all(_INLINE_TAG, "")


def _unescape(texts: pl.Series) -> pl.Series:
    return pl.Series(texts.name, [html.unescape(text) for text in texts.to_list()], dtype=pl.String)
