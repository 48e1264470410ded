"""Which bytes are which letters: decided on the whole stream, not on its first lines.

One pass hashes the content, checks it as UTF-8 and keeps the neighbourhood of what is not ASCII, wherever in
the file it is. Older encodings are then told apart by the letters they give: the texts are French.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

from charset_normalizer import from_bytes

from pipeline.errors import SourceError

UNDECODABLE = "\ufdd0"  # a Unicode non-character: no text may hold it, so it marks a broken byte
_ERRORS = "miroir_mark"
_BLOCK_BYTES = 1 << 20
_MAX_SAMPLE_BYTES = 1 << 18
_NEIGHBOURHOOD = re.compile(rb"[^\n\r]{0,24}[\x80-\xff]+[^\n\r]{0,24}")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLD_ENCODINGS = ("cp1252", "mac_roman", "iso8859_15", "cp850")
_FRENCH_SIGNS = frozenset("éèêëàâäçùûüôöîïÿœæÉÈÊËÀÂÄÇÙÛÜÔÖÎÏŒÆ’‘«»“”…–—€°·•²½№\u00a0™®©")
_MIN_PLAUSIBLE = 0.85
_MAX_BROKEN = 0.05  # broken bytes for each sound UTF-8 sequence: above, it is another encoding


@dataclass(slots=True)
class Scan:
    """What one pass over a file's bytes tells.

    Attributes:
        digest: SHA-256 of the content, hexadecimal.
        encoding: Python's name of the encoding.
        n_bytes: Size.
        n_broken: Bytes that the encoding cannot read; their cells are rejected as undecodable.
    """

    digest: str
    encoding: str
    n_bytes: int
    n_broken: int


@dataclass(slots=True)
class _Utf8Check:
    """Counts what is sound and what is broken when bytes are read as UTF-8."""

    n_sound: int = 0
    n_broken: int = 0
    carried: bytes = b""
    sample: bytearray = field(default_factory=bytearray)

    def feed(self, block: bytes, *, final: bool) -> None:
        data, self.carried = self.carried + block, b""
        if data.isascii():
            return
        if not final:
            data, self.carried = _split_at_sequence(data)
        if len(self.sample) < _MAX_SAMPLE_BYTES:
            for found in _NEIGHBOURHOOD.finditer(data):
                self.sample += found.group() + b"\n"
                if len(self.sample) >= _MAX_SAMPLE_BYTES:
                    break
        try:
            data.decode("utf-8")
            self.n_sound += _n_beyond(data)
        except UnicodeDecodeError:
            broken = data.decode("utf-8", "replace").count("\ufffd") - data.count(b"\xef\xbf\xbd")
            self.n_broken += broken
            self.n_sound += _n_beyond(data) - broken


def _n_beyond(data: bytes) -> int:
    # Lead bytes of multi-byte sequences: C2–F4.
    return len(data.translate(None, bytes(range(0xC0)) + bytes(range(0xF5, 0x100))))


def _split_at_sequence(data: bytes) -> tuple[bytes, bytes]:
    """Cut before a multi-byte sequence that the block's end may have cut."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            return data[:-back], data[-back:]
    return data, b""


def scan(stream: IO[bytes], where: str, declared: str | None = None) -> Scan:
    """Hash a stream and settle its encoding.

    Args:
        stream: The bytes, from their start; read block by block to their end.
        where: File name, for errors.
        declared: Encoding that the source declares; null finds it out.

    Returns:
        Digest, encoding, size and the number of broken bytes.

    Raises:
        SourceError: The encoding is unknown to Python, or none makes the bytes French.
    """
    digest, check, n_bytes, start, nuls = hashlib.sha256(), _Utf8Check(), 0, b"", [0, 0]
    while block := stream.read(_BLOCK_BYTES):
        digest.update(block)
        if not start:
            start = block[:4096]
        if n_bytes < 1 << 22 and b"\0" in block:
            offset = n_bytes % 2
            nuls[offset] += block[0::2].count(0)
            nuls[1 - offset] += block[1::2].count(0)
        n_bytes += len(block)
        check.feed(block, final=False)
    check.feed(b"", final=True)
    if declared is not None:
        return Scan(digest.hexdigest(), _known(declared, where), n_bytes, 0)
    for bom, encoding in _BOMS:
        if start.startswith(bom):
            return Scan(digest.hexdigest(), encoding, n_bytes, check.n_broken if "8" in encoding else 0)
    half = min(n_bytes, 1 << 22) / 2
    if half and max(nuls) > 0.4 * half and min(nuls) < 0.1 * half:
        return Scan(digest.hexdigest(), "utf-16-be" if nuls[0] > nuls[1] else "utf-16-le", n_bytes, 0)
    if check.n_broken <= _MAX_BROKEN * check.n_sound:
        return Scan(digest.hexdigest(), "utf-8", n_bytes, check.n_broken)
    return Scan(digest.hexdigest(), _guess_old(bytes(check.sample), where), n_bytes, 0)


def _guess_old(sample: bytes, where: str) -> str:
    plausible = {encoding: _share_of_french(sample, encoding) for encoding in _OLD_ENCODINGS}
    best = max(_OLD_ENCODINGS, key=plausible.__getitem__)  # the first wins a tie
    if plausible[best] >= _MIN_PLAUSIBLE:
        return best
    match = from_bytes(sample).best()
    if match is not None and match.encoding not in ("ascii", "utf_8"):
        return match.encoding
    raise SourceError.because(
        "the encoding of a file cannot be found out",
        expected="UTF-8, UTF-16, Windows-1252, Mac Roman, ISO 8859-15 or DOS 850 with French letters",
        got=f"bytes of which at best {plausible[best]:.0%} are French letters ({best})",
        where=where,
        do="Save the file as UTF-8, or name its encoding with `encoding` in the source",
    )


def _share_of_french(sample: bytes, encoding: str) -> float:
    beyond = [sign for sign in sample.decode(encoding, "replace") if ord(sign) > 0x7F]
    return sum(sign in _FRENCH_SIGNS for sign in beyond) / len(beyond) if beyond else 0.0


def _known(encoding: str, where: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise SourceError.because(
            "the declared encoding is unknown",
            expected="a name that Python knows (`utf-8`, `cp1252`, `mac_roman`, `utf-16`)",
            got=f"«{encoding}»",
            where=where,
            do="Mend or leave out `encoding` in the source",
        ) from None


@contextmanager
def decoding(stream: IO[bytes], encoding: str, newline: str | None = None) -> Iterator[io.TextIOWrapper]:
    """Decode a stream, broken bytes marked; the stream stays its owner's to close.

    Args:
        stream: Bytes from their start.
        encoding: What `scan` found.
        newline: As for `open`.

    Yields:
        The text.
    """
    text = io.TextIOWrapper(stream, encoding=encoding, errors=error_handler(), newline=newline)
    try:
        yield text
    finally:
        text.detach()


def error_handler() -> str:
    """Name the decoding error handler that marks each broken byte with `UNDECODABLE`."""
    codecs.register_error(_ERRORS, _mark)
    return _ERRORS


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNDECODABLE, error.end
