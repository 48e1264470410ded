"""What a release holds, and where it goes."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.config.section import Name, Section, given_twice


class FilesSink(Section):
    """A copy of the release in a folder or at an fsspec URL, pointer moved last.

    Attributes:
        options: What fsspec needs to open it (`endpoint_url`…); `env:NAME`: from the environment.
    """

    kind: Literal["files"]
    name: Name
    url: str
    options: dict[str, str] = Field(default_factory=dict)


class PostgresqlSink(Section):
    """The tables in a PostgreSQL schema, swapped in one transaction.

    Attributes:
        url: `postgresql://…`; `env:NAME` takes it from the environment, so that no password is stored.
        db_schema: Schema that readers use, one of its own: one that holds other tables is refused.
        readers: Roles that may read it.
    """

    kind: Literal["postgresql"]
    name: Name
    url: str
    db_schema: Name = "miroir"
    readers: tuple[Name, ...] = ()


class DuckdbSink(Section):
    """The tables in a DuckDB file, swapped whole."""

    kind: Literal["duckdb"]
    name: Name
    path: str


class DeltaSink(Section):
    """Each table as a Delta table under a URL, for Spark or Databricks readers."""

    kind: Literal["delta"]
    name: Name
    url: str
    options: dict[str, str] = Field(default_factory=dict)


SinkConfig = Annotated[FilesSink | PostgresqlSink | DuckdbSink | DeltaSink, Field(discriminator="kind")]


class DigestConfig(Section):
    """What one department receives, and how.

    Attributes:
        department: Its name.
        themes: Themes that concern it; empty: all.
        cells: Dimension → members that concern it (`journey_step: [Sinistre]`); empty: the whole company.
        folder: Folder or fsspec URL where its page and CSV are put.
        emails: Addresses that receive them.
        webhook: Address that they are posted to; `env:NAME` takes it from the environment, `block:NAME`
            from a Prefect block.
    """

    department: str = Field(min_length=1)
    themes: tuple[str, ...] = ()
    cells: dict[Name, tuple[str, ...]] = Field(default_factory=dict)
    folder: str | None = None
    emails: tuple[str, ...] = ()
    webhook: str | None = None

    @property
    def stem(self) -> str:
        """Name of its files, without extension.

        >>> DigestConfig(department="Réclamations & S.A.V.").stem
        'reclamations-s-a-v'
        """
        plain = unicodedata.normalize("NFKD", self.department).encode("ascii", "ignore").decode().lower()
        return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "service"


class SmtpConfig(Section):
    """The server that sends the digests.

    Attributes:
        password: `env:NAME` of the variable that holds it.
        starttls: Whether to speak TLS; the server's certificate is checked. Where a company signs its own,
            the variable SSL_CERT_FILE names the file of its authority.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=25, ge=1, le=65535)
    sender: str = "miroir@localhost"
    username: str | None = None
    password: str | None = None
    starttls: bool = False


class PublishConfig(Section):
    """What a release holds, and where else it goes.

    Attributes:
        title: Title of the release, shown to people.
        journey: Dimension of the customer's journey, shown on the page of enchantment; null: a usual name.
        units: Dimension of the units, shown on maps; null: a usual name, or the first one.
        expected_every_hours: A release older than this is late; null: never.
        owner: Who answers for the data, named in the contract.
        dimension_names: Dimension → its name on the pages (`unit: Agence`).
        poster_blocklist: Words that keep a verbatim off the affiche.
        sinks: Where else each release goes, once readers of the workspace have it.
        digests: What each department receives.
        smtp: The server that sends them.
    """

    title: str = "Miroir"
    journey: Name | None = None
    units: Name | None = None
    expected_every_hours: float | None = Field(default=None, gt=0)
    owner: str = "CX"
    dimension_names: dict[str, str] = Field(default_factory=dict)
    poster_blocklist: tuple[str, ...] = ()
    sinks: tuple[SinkConfig, ...] = ()
    digests: tuple[DigestConfig, ...] = ()
    smtp: SmtpConfig = SmtpConfig()

    @model_validator(mode="after")
    def _unique_targets(self) -> Self:
        # What was delivered is remembered by these names: of two, the second would never be served.
        if twice := given_twice(sink.name for sink in self.sinks):
            raise ValueError(f"sinks need different names; given twice: {', '.join(twice)}")
        twice = given_twice(digest.stem for digest in self.digests)
        if alike := [digest.department for digest in self.digests if digest.stem in twice]:
            raise ValueError(
                "digests need departments of different file names (as «Réclamations Nord»); alike: "
                + ", ".join(alike)
            )
        return self
