"""Who and which: keyed identities, and what a file has already shown, in eight bytes each."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.privacy.pseudonym import respondent_key

_SEPARATOR = "\x1f"
_NOTHING = "\x00"
_DIGITS = 32
Hashes = npt.NDArray[np.uint64]


class SeenKeys:
    """Keys met so far and how often, in 12 bytes a key; 64-bit hashes, kept sorted."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._keys: Hashes = np.empty(0, dtype=np.uint64)
        self._counts: npt.NDArray[np.int32] = np.empty(0, dtype=np.int32)

    def __len__(self) -> int:
        return len(self._keys)

    def count_before(self, keys: Hashes) -> npt.NDArray[np.int64]:
        """Count how often each key came before, and remember it.

        Args:
            keys: Hashes in the order of the source.

        Returns:
            For each, 0 the first time, 1 the second time…
        """
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        starts = (
            np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
            if len(keys)
            else np.empty(0, dtype=np.int64)
        )
        lengths = np.diff(np.r_[starts, len(keys)])
        within = np.arange(len(keys)) - np.repeat(starts, lengths)
        distinct = ordered[starts]
        earlier = self._remember(distinct, lengths)
        result = np.empty(len(keys), dtype=np.int64)
        result[order] = within + np.repeat(earlier, lengths)
        return result

    def _remember(self, distinct: Hashes, lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        at = np.searchsorted(self._keys, distinct)
        known = np.zeros(len(distinct), dtype=bool)
        inside = at < len(self._keys)
        known[inside] = self._keys[at[inside]] == distinct[inside]
        earlier = np.zeros(len(distinct), dtype=np.int64)
        earlier[known] = self._counts[at[known]]
        self._counts[at[known]] += lengths[known].astype(np.int32)
        self._keys = np.insert(self._keys, at[~known], distinct[~known])
        self._counts = np.insert(self._counts, at[~known], lengths[~known].astype(np.int32))
        return earlier


def hash_together(*columns: pl.Series) -> Hashes:
    """Hash rows of columns to 64 bits; for use within one run only.

    Args:
        columns: Columns of texts or dates, of the same length.

    Returns:
        One hash a row.
    """
    frame = pl.DataFrame([column.alias(str(i)) for i, column in enumerate(columns)])
    return frame.hash_rows(seed=0).to_numpy()


def key_respondents(secret: bytes, register: str, raw: pl.Series) -> pl.Series:
    """Turn identifiers of persons into keyed hashes, once a distinct value.

    Args:
        secret: Key of the pseudonyms.
        register: `SourceConfig.register_of_persons`.
        raw: Identifiers, or nulls.

    Returns:
        32 hexadecimal digits, null for a blank identifier.
    """
    if raw.dtype.is_float():
        whole = raw.cast(pl.Int64, strict=False)
        raw = whole.cast(pl.String).zip_with((whole == raw).fill_null(False), raw.cast(pl.String))
    texts = raw.cast(pl.String, strict=False).str.strip_chars()
    distinct = [text for text in texts.unique().to_list() if text]
    return texts.replace_strict(
        pl.Series(distinct, dtype=pl.String),
        pl.Series([respondent_key(secret, register, text) for text in distinct], dtype=pl.String),
        default=None,
        return_dtype=pl.String,
    )


def key_rows(secret: bytes, source: str, rows: pl.Series, nth: pl.Series) -> pl.Series:
    """Give rows that name nobody a keyed hash of their own: each is one person's.

    Args:
        secret: Key of the pseudonyms.
        source: Name of the source.
        rows: Identifiers of records, or what a row says where it has none; nulls.
        nth: How many rows that say the same came before; 0 for a record.

    Returns:
        32 hexadecimal digits, null where `rows` is.
    """
    named = pl.select(pl.when(rows.is_not_null()).then(pl.lit("row ") + join_identity(rows, nth)))
    return key_respondents(secret, source, named.to_series())


def join_identity(*columns: pl.Series) -> pl.Series:
    """Write what identifies an answer as one text a row; it is hashed, never stored.

    Args:
        columns: Columns of texts or dates, of the same length.

    Returns:
        Texts in which two different rows never meet.
    """
    clean = [
        column.cast(pl.String)
        .str.replace_all(_SEPARATOR, " ", literal=True)
        .fill_null(_NOTHING)
        .alias(str(i))
        for i, column in enumerate(columns)
    ]
    return pl.DataFrame(clean).select(pl.concat_str(pl.all(), separator=_SEPARATOR)).to_series()


def verbatim_ids(secret: bytes, source: str, identities: Sequence[str]) -> list[str]:
    """Give answers their identifiers: the same answer in a later export of the source has the same one.

    Args:
        secret: Key of the pseudonyms.
        source: Name of the source.
        identities: What `join_identity` returned.

    Returns:
        32 hexadecimal digits each: the first half of an HMAC-SHA256.
    """
    prefix = f"verbatim{_SEPARATOR}{source}{_SEPARATOR}"
    return [hmac.digest(secret, (prefix + text).encode(), "sha256").hex()[:_DIGITS] for text in identities]
