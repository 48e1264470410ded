"""Named accounts: passwords (argon2), roles, sessions, and a limit on how often a login may be tried."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from pipeline.errors import ReviewError
from pipeline.review.refusals import refusal
from pipeline.review.store import ReviewStore
from pipeline.review.tables import session, user

ROLES = ("reviewer", "lead", "reader")
MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 200
SESSION_SECONDS = 12 * 3600
LOGIN_LIMITS = (parse("6/minute"), parse("40/hour"))
ADDRESS_LIMITS = (parse("60/minute"), parse("400/hour"))  # a whole team may share one address

_HASHER = PasswordHasher()
_UNKNOWN_HASH = (
    "$argon2id$v=19$m=65536,t=3,p=4$drJrFwXsw1GYaMDiA5mz/A$Iv52yzs3rB7X2XYMjSHPGs41LX44srJcCBXIEuJ/Npo"
)


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Somebody who may open the desk.

    Attributes:
        id: Number in the database.
        login: What is typed to log in.
        name: What others see.
        role: `reviewer` reviews; `lead` also draws, adjudicates and manages accounts; `reader` looks.
        active: A closed account cannot log in, and its history stays.
    """

    id: int
    login: str
    name: str
    role: str
    active: bool

    @property
    def may_review(self) -> bool:
        """Whether labels may be changed."""
        return self.role in ("reviewer", "lead")

    @property
    def leads(self) -> bool:
        """Whether campaigns, adjudication, accounts and the codebook are theirs."""
        return self.role == "lead"


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser that is logged in.

    Attributes:
        reviewer: Who.
        csrf: Token that each change must carry.
    """

    reviewer: Reviewer
    csrf: str


class LoginGuard:
    """Limits login attempts by name and by address, in the memory of the server."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def admit(self, login: str, address: str) -> bool:
        """Count an attempt and tell whether it may go on."""
        by_login = [self._limiter.hit(limit, "login", login.lower()) for limit in LOGIN_LIMITS]
        by_address = [self._limiter.hit(limit, "address", address) for limit in ADDRESS_LIMITS]
        return all(by_login) and all(by_address)

    def forgive(self, login: str) -> None:
        """Forget the attempts under a name that has just logged in."""
        for limit in LOGIN_LIMITS:
            self._limiter.clear(limit, "login", login.lower())


def add_reviewer(
    store: ReviewStore, login: str, name: str, password: str, role: str, *, active: bool = True
) -> Reviewer:
    """Make an account.

    Args:
        store: Where accounts are kept.
        login: What is typed to log in.
        name: What others see; the login where it is empty.
        password: At least ten signs.
        role: `reviewer`, `lead` or `reader`.
        active: Whether somebody may log in with it.

    Raises:
        ReviewError: The login is taken or has odd signs, the password is weak, or the role does not exist.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,39}", login):
        raise _refused(
            "login_form", "login", "2 to 40 small letters, digits, « . », « _ » or « - »", "something else"
        )
    if role not in ROLES:
        raise _refused("role", "role", " | ".join(ROLES), role)
    hashed = hash_password(password, login)
    row: dict[str, Any] = {
        "login": login,
        "name": name.strip()[:120] or login,
        "password_hash": hashed,
        "role": role,
        "active": active,
        "created_at": store.now(),
    }
    try:
        with store.writing() as connection:
            key = connection.execute(insert(user).values(row)).inserted_primary_key
    except IntegrityError as error:
        raise _refused("login_taken", "login", "a login that nobody has", "one that is taken") from error
    return Reviewer(int(key[0]) if key else 0, login, row["name"], role, active)


def hash_password(password: str, login: str) -> str:
    """Hash a password with argon2id.

    Raises:
        ReviewError: It is too short, too long, or the login itself.
    """
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS or login in password.lower():
        raise _refused(
            "password_weak",
            "password",
            f"{MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} signs without the login",
            f"{len(password)} signs" if login not in password.lower() else "the login in it",
        )
    return _HASHER.hash(password)


def change_reviewer(
    store: ReviewStore,
    reviewer_id: int,
    *,
    role: str | None = None,
    active: bool | None = None,
    password: str | None = None,
) -> None:
    """Change an account; its sessions end, and one lead always stays.

    Raises:
        ReviewError: The account is unknown, or no lead would remain.
    """
    with store.writing() as connection:
        row = connection.execute(select(user).where(user.c.id == reviewer_id)).one_or_none()
        if row is None:
            raise _refused("account_unknown", "account", "one that exists", "an unknown number")
        values: dict[str, Any] = {}
        if role is not None:
            if role not in ROLES:
                raise _refused("role", "role", " | ".join(ROLES), role)
            values["role"] = role
        if active is not None:
            values["active"] = active
        if password is not None:
            values["password_hash"] = hash_password(password, row.login)
        if values:
            connection.execute(update(user).where(user.c.id == reviewer_id).values(values))
        connection.execute(delete(session).where(session.c.user_id == reviewer_id))
        n_leads = connection.scalar(
            select(func.count()).select_from(user).where(user.c.role == "lead", user.c.active)
        )
        if not n_leads:
            raise _refused("last_lead", "account", "at least one active lead", "none")


def reviewers(store: ReviewStore) -> list[Reviewer]:
    """List all accounts by name."""
    with store.reading() as connection:
        return [_reviewer(row) for row in connection.execute(select(user).order_by(user.c.name))]


def log_in(store: ReviewStore, login: str, password: str) -> tuple[Reviewer, str] | None:
    """Check a password and open a session.

    Returns:
        The reviewer and the session's token for the browser's cookie; None when login or password is wrong
        or the account is closed, without telling which, and in the same time.
    """
    with store.reading() as connection:
        row = connection.execute(select(user).where(user.c.login == login.strip().lower())).one_or_none()
    try:
        _HASHER.verify(row.password_hash if row else _UNKNOWN_HASH, password[:MAX_PASSWORD_CHARS])
    except (VerificationError, InvalidHashError):
        return None
    if row is None or not row.active:
        return None
    token = secrets.token_urlsafe(32)
    with store.writing() as connection:
        connection.execute(delete(session).where(session.c.expires_at < store.now()))
        connection.execute(
            insert(session).values(
                token_hash=_hash_token(token),
                user_id=row.id,
                csrf=secrets.token_urlsafe(32),
                expires_at=store.now() + SESSION_SECONDS,
            )
        )
    return _reviewer(row), token


def find_session(store: ReviewStore, token: str) -> OpenSession | None:
    """Find the session of a cookie; None when it is unknown, too old, or its account is closed."""
    query = (
        select(user, session.c.csrf)
        .join(session, session.c.user_id == user.c.id)
        .where(session.c.token_hash == _hash_token(token), session.c.expires_at > store.now(), user.c.active)
    )
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    return OpenSession(_reviewer(row), row.csrf) if row else None


def log_out(store: ReviewStore, token: str) -> None:
    """End a session."""
    with store.writing() as connection:
        connection.execute(delete(session).where(session.c.token_hash == _hash_token(token)))


def same_token(given: str, expected: str) -> bool:
    """Compare two tokens in a time that tells nothing."""
    return hmac.compare_digest(given.encode(), expected.encode())


def _hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _reviewer(row: Row[Any]) -> Reviewer:
    return Reviewer(row.id, row.login, row.name, row.role, row.active)


def _refused(code: str, where: str, expected: str, got: str) -> ReviewError:
    return refusal(
        code,
        "the account cannot be made so",
        expected=expected,
        got=got,
        where=where,
        do="Choose another one",
    )
