"""How the dashboard and the review desk are opened."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.config.section import Section


class ServeConfig(Section):
    """How the dashboard and the read API are opened.

    Attributes:
        host: Address to listen on; the default answers this machine only. Another one needs a key.
        port: Port to listen on.
        public_hosts: Host names that readers may use besides this machine's own.
        api_keys: Name → `sha256:<hex>` of a key, or `env:NAME` of the variable that holds it. Programs send
            the key as `Authorization: Bearer` or `X-API-Key`; browsers ask for it as a password.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8322, ge=0, le=65535)
    public_hosts: tuple[str, ...] = ()
    api_keys: dict[str, str] = Field(default_factory=dict)


class ReviewConfig(Section):
    """How the review desk is opened.

    Attributes:
        database: SQLAlchemy URL of the reviews; null: `<workspace>/reviews/review.sqlite` when local;
            `env:NAME` takes it from the environment, so that no password is stored.
        host: Address to listen on; the default answers this machine only.
        port: Port to listen on.
        public_hosts: Host names that browsers may use besides this machine's own.
        employee_roles: Roles that may read employees' verbatims.
        lease_minutes: How long a verbatim handed to a reviewer is kept from the others.
        double_share: Share of a campaign that two people review blind.
    """

    database: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8321, ge=0, le=65535)
    public_hosts: tuple[str, ...] = ()
    employee_roles: tuple[Literal["reviewer", "lead", "reader"], ...] = ("reviewer", "lead")
    lease_minutes: int = Field(default=30, ge=1)
    double_share: float = Field(default=0.1, ge=0, le=1)
