"""Configuration: a YAML file becomes frozen, checked values; each step takes its own section only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from pydantic import Field, model_validator

from pipeline.config.desks import ReviewConfig, ServeConfig
from pipeline.config.figures import (
    AnnotateConfig,
    AudienceThresholds,
    EstimateConfig,
    PerceptionConfig,
    ProtectConfig,
)
from pipeline.config.publish import (
    DeltaSink,
    DigestConfig,
    DuckdbSink,
    FilesSink,
    PostgresqlSink,
    PublishConfig,
    SinkConfig,
    SmtpConfig,
)
from pipeline.config.section import RATING_SCALES, RatingScale, Section, given_twice
from pipeline.config.sources import SourceConfig, SqlQuery

__all__ = [
    "RATING_SCALES",
    "AnnotateConfig",
    "AudienceThresholds",
    "DeltaSink",
    "DigestConfig",
    "DuckdbSink",
    "EstimateConfig",
    "FilesSink",
    "PerceptionConfig",
    "PostgresqlSink",
    "ProtectConfig",
    "PublishConfig",
    "RatingScale",
    "ReviewConfig",
    "RunConfig",
    "ServeConfig",
    "SinkConfig",
    "SmtpConfig",
    "SourceConfig",
    "SqlQuery",
]


class RunConfig(Section):
    """Everything a run needs.

    Attributes:
        workspace: Local folder or fsspec URL; a relative path is taken from the current folder.
        secret_file: Key of the respondents' pseudonyms, made on first use; null: `<workspace>/secret.key`
            when local. The environment's `MIROIR_SECRET` wins.
        codebook: Another codebook than the shipped one; a relative path is taken from the folder of the
            configuration, else from the current one.
    """

    workspace: str = "workspace"
    secret_file: str | None = None
    codebook: str | None = None
    sources: tuple[SourceConfig, ...] = Field(min_length=1)
    annotate: AnnotateConfig = AnnotateConfig()
    estimate: EstimateConfig = EstimateConfig()
    protect: ProtectConfig = ProtectConfig()
    publish: PublishConfig = PublishConfig()
    review: ReviewConfig = ReviewConfig()
    serve: ServeConfig = ServeConfig()

    @model_validator(mode="after")
    def _unique_sources(self) -> Self:
        if twice := given_twice(source.name for source in self.sources):
            raise ValueError(f"sources need different names; given twice: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _known_dimensions(self) -> Self:
        # A misspelt name would leave figures out, or a nesting unprotected, without a word.
        perception = self.estimate.perception
        named: dict[str, Iterable[str | None]] = {
            "estimate.cells": [name for cell in self.estimate.cells or () for name in cell],
            "estimate.perception": [perception.customer_dimension if perception else None],
            "protect.hierarchies": [name for names in self.protect.hierarchies for name in names],
            "publish.journey": [self.publish.journey],
            "publish.units": [self.publish.units],
            "publish.digests": [name for digest in self.publish.digests for name in digest.cells],
        }
        for key, names in named.items():
            if unknown := sorted({name for name in names if name} - set(self.dimensions)):
                given = ", ".join(self.dimensions) or "none"
                raise ValueError(
                    f"in `{key}`, dimensions that a source gives ({given}), not {', '.join(unknown)}"
                )
        return self

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of all declared dimensions, sorted."""
        names = {name for source in self.sources for name in (*source.dimensions, *source.constants)}
        return tuple(sorted(names))
