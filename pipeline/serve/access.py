"""Who may read: keys given as hashes or from the environment, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping

from pipeline.config import ServeConfig
from pipeline.errors import ConfigError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
HASHED = "sha256:"
FROM_ENVIRONMENT = "env:"


def read_keys(config: ServeConfig) -> dict[str, str]:
    """Resolve the configured keys.

    Args:
        config: Name → `sha256:<hex>` of the key, or `env:NAME` of the variable that holds it.

    Returns:
        Name → SHA-256 of the key, in hex.

    Raises:
        ConfigError: A variable is empty, a value has another form, or others could read without a key.
    """
    keys = {name: _hash_of(name, value) for name, value in config.api_keys.items()}
    if not keys and config.host not in LOOPBACK:
        raise ConfigError.because(
            "the dashboard cannot be opened to other machines",
            expected="at least one key under `serve.api_keys`",
            got="none",
            where=f"serve.host: {config.host}",
            do="Add a key, or listen on 127.0.0.1",
        )
    return keys


def _hash_of(name: str, value: str) -> str:
    if value.startswith(HASHED):
        return value.removeprefix(HASHED).lower()
    secret = (
        os.environ.get(value.removeprefix(FROM_ENVIRONMENT), "") if value.startswith(FROM_ENVIRONMENT) else ""
    )
    if not secret:
        raise ConfigError.because(
            "a key cannot be read",
            expected="`sha256:` and its hash, or `env:` and a variable that is set",
            got=f"`{value.split(':')[0]}:…`",
            where=f"serve.api_keys.{name}",
            do="Set the variable, or give the hash",
        )
    return hashlib.sha256(secret.encode()).hexdigest()


def is_allowed(keys: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    """Tell whether a request bears a key: `Authorization: Bearer`, `X-API-Key`, or a browser's password."""
    if not keys:
        return True
    given = _given_key(headers)
    found = hashlib.sha256(given.encode()).hexdigest()
    # Every key is compared, so that the time says nothing of which one was near.
    return bool(given) and any([hmac.compare_digest(found, key) for key in keys.values()])


def _given_key(headers: Mapping[str, str]) -> str:
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return headers.get("x-api-key", "")
