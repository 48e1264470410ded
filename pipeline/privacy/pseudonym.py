"""Respondent keys: the same person is recognised again, and nobody can say who it is without the secret."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from pipeline.errors import PrivacyError

SECRET_VARIABLE: Final = "MIROIR_SECRET"
KEY_LENGTH: Final = 32
_MIN_SECRET_BYTES: Final = 16
_READABLE_BY_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def respondent_key(secret: bytes, register: str, raw: str) -> str:
    """Turn a respondent's identifier into a key that cannot be turned back without the secret.

    Args:
        secret: What `load_secret` returned.
        register: Where the identifier comes from; the same one in two registers gives two keys.
        raw: The identifier as the source has it; space around it is not part of it.

    Returns:
        32 hexadecimal digits: the first half of an HMAC-SHA256.

    Raises:
        PrivacyError: When the secret is too short to protect anybody.

    >>> respondent_key(b"0" * 16, "enquete", "42") == respondent_key(b"0" * 16, "enquete", " 42 ")
    True
    """
    _check_length(secret, where="respondent_key")
    # The length keeps ("ab", "c") apart from ("a", "bc").
    name = register.encode()
    message = len(name).to_bytes(4, "big") + name + raw.strip().encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()[:KEY_LENGTH]


def load_secret(path: Path | str, *, make: bool = True) -> bytes:
    """Load the secret of respondent keys, and make it on first use.

    The environment variable `MIROIR_SECRET` wins over the file. Losing the secret breaks no figure, but
    respondents seen before are no longer recognised.

    Args:
        path: The key file; its folder is made if it is not there.
        make: Whether to make a key that is not there. A new one recognises nobody.

    Returns:
        The secret, at least 16 bytes.

    Raises:
        PrivacyError: When the file can be read by others, cannot be read at all, or is too short; or is not
            there and must not be made.
    """
    from_environment = os.environ.get(SECRET_VARIABLE, "").strip()
    if from_environment:
        return _check_length(from_environment.encode(), where=f"environment variable {SECRET_VARIABLE}")
    path = Path(path)
    if make and not path.exists():
        _create(path)
    return _read(path)


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link fails where the file already is: of two processes that start together, one key wins.
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY)
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read()
    except OSError as error:
        raise PrivacyError.because(
            "The key of respondent keys cannot be read",
            expected="a plain file that this user can read",
            got=type(error).__name__,
            where=str(path),
            do=f"Check its owner and rights, or set {SECRET_VARIABLE}",
        ) from error
    if os.name == "posix" and stat.S_IMODE(mode) & _READABLE_BY_OTHERS:
        raise PrivacyError.because(
            "The key of respondent keys is not private",
            expected="rights 600",
            got=f"rights {stat.S_IMODE(mode):o}",
            where=str(path),
            do="Run `chmod 600` on it, and change the key if somebody may have read it",
        )
    return _check_length(content.strip(), where=str(path))


def _check_length(secret: bytes, *, where: str) -> bytes:
    if len(secret) < _MIN_SECRET_BYTES:
        raise PrivacyError.because(
            "The secret of respondent keys is too short",
            expected=f"at least {_MIN_SECRET_BYTES} bytes",
            got=f"{len(secret)} bytes",
            where=where,
            do="Set a longer one; `openssl rand -hex 32` makes one",
        )
    return secret
