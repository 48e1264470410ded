"""Open a file of a source, know its content before it is read, and hand it to the reader of its kind."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import fsspec

from pipeline.config import SourceConfig
from pipeline.errors import SourceError
from pipeline.ingest.chunks import Chunk
from pipeline.ingest.delimited import read_delimited
from pipeline.ingest.encoding import scan
from pipeline.ingest.inputs import SUPPORTED, Input
from pipeline.ingest.spreadsheet import read_spreadsheet
from pipeline.ingest.structured import read_jsonl, read_parquet

_BLOCK_BYTES = 1 << 20
_OPENERS: dict[str, Callable[..., object]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of a file before its rows are read.

    Attributes:
        digest: SHA-256 of its (uncompressed) bytes, hexadecimal.
        encoding: Encoding of a text file, else empty.
        state: Size and time of last change when it was hashed.
    """

    digest: str
    encoding: str
    state: tuple[Any, ...]

    def check_unchanged(self, item: Input) -> None:
        """Check that the file is still the one that was hashed.

        Raises:
            SourceError: Somebody wrote to it meanwhile.
        """
        if _state(item) != self.state:
            raise SourceError.because(
                "a file changed while it was read",
                expected="the same size and time of change before and after",
                got="others",
                where=item.name,
                do="Run again when the export is complete",
            )


def open_input(item: Input) -> IO[bytes]:
    """Open a file, local or remote, decompressed; no copy is made on this machine's disk.

    Raises:
        SourceError: It cannot be opened.
    """
    try:
        if "://" in item.url:
            stream: IO[bytes] = fsspec.open(item.url, "rb", compression="infer").open()
            return stream
        # Not through fsspec, which logs the names of local files.
        opener = _OPENERS.get(Path(item.url).suffix.lower(), open)
        return cast(IO[bytes], opener(item.url, "rb"))
    except (OSError, ValueError, ImportError) as error:
        raise SourceError.because(
            "a file cannot be opened",
            expected="a file that this user can read",
            got=type(error).__name__,
            where=item.name,
            do="Check that it is still there, and its rights",
        ) from None


def read_content(item: Input, source: SourceConfig) -> Content:
    """Hash a file, and settle the encoding of a text file.

    Args:
        item: A file.
        source: The declared source.

    Returns:
        Digest, encoding and state.

    Raises:
        SourceError: The file is of no supported kind, cannot be opened, or its encoding cannot be found out.
    """
    if item.kind == "unsupported":
        raise SourceError.because(
            "a file of a source is of no supported kind",
            expected=SUPPORTED,
            got=f"«{item.name.rsplit('.', 1)[-1]}»" if "." in item.name else "a name without extension",
            where=item.name,
            do="Convert it, move it out of the folder, or narrow `path` with a glob (`*.csv`)",
        )
    state = _state(item)
    try:
        with open_input(item) as stream:
            if item.kind in ("delimited", "jsonl"):
                found = scan(stream, item.name, source.encoding)
                return Content(found.digest, found.encoding, state)
            digest = hashlib.sha256()
            while block := stream.read(_BLOCK_BYTES):
                digest.update(block)
            return Content(digest.hexdigest(), "", state)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise _unreadable(item, error) from None


def read_file_chunks(
    item: Input, source: SourceConfig, content: Content, declared: Collection[str]
) -> Iterator[Chunk]:
    """Read a file in chunks.

    Args:
        item: A file.
        source: The declared source.
        content: What `read_content` returned.
        declared: Columns to read.

    Yields:
        Chunks in the order of the file.

    Raises:
        SourceError: The file is not what its name says.
    """
    with open_input(item) as stream:
        match item.kind:
            case "delimited":
                yield from read_delimited(
                    stream,
                    encoding=content.encoding,
                    delimiter=source.delimiter,
                    layout=source.layout,
                    declared=declared,
                    where=item.name,
                )
            case "spreadsheet":
                yield from read_spreadsheet(
                    stream,
                    sheet=source.sheet,
                    layout=source.layout,
                    declared=declared,
                    answers=[name for name in declared if name == source.text or name in source.questions],
                    where=item.name,
                )
            case "jsonl":
                yield from read_jsonl(stream, encoding=content.encoding, declared=declared)
            case _:
                yield from read_parquet(stream, declared=declared, where=item.name)


def _state(item: Input) -> tuple[Any, ...]:
    try:
        filesystem, path = fsspec.core.url_to_fs(item.url)
        details = filesystem.info(path)
    except (OSError, ValueError, ImportError) as error:
        raise _unreadable(item, error) from None
    return details.get("size"), str(
        details.get("mtime") or details.get("ETag") or details.get("LastModified")
    )


def _unreadable(item: Input, error: Exception) -> SourceError:
    return SourceError.because(
        "a file cannot be read",
        expected="a file that this user can read to its end",
        got=type(error).__name__,
        where=item.name,
        do="Check that it is whole and still there, and its rights",
    )
