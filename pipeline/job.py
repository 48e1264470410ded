"""What every step of a run shares, opened from its configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.labels import LabelSpace
from models.recall import Recall
from models.registry import load_tagger, model_folder
from models.tagger import Tagger
from pipeline import layout
from pipeline.codebook import DEFAULT_CODEBOOK, Codebook, read_codebook
from pipeline.config import RunConfig
from pipeline.config_file import read_config
from pipeline.errors import ConfigError
from pipeline.model_choice import chosen_model
from pipeline.privacy.pseudonym import SECRET_VARIABLE, load_secret
from pipeline.workspace import Workspace


@dataclass(frozen=True, slots=True)
class UnreadInput:
    """An input that could not be read at all.

    Attributes:
        source: Name of the source.
        name: File or query.
        error: What was expected, what was found, what to do.
        is_absent: Whether it is a source that was listed and holds nothing.
    """

    source: str
    name: str
    error: str
    is_absent: bool = False


@dataclass(slots=True)
class Job:
    """A configuration with its workspace, codebook and model.

    Attributes:
        config: The run's configuration.
        base: Folder that relative paths of sources are taken from.
    """

    config: RunConfig
    base: Path
    workspace: Workspace = field(init=False)
    codebook: Codebook = field(init=False)

    def __post_init__(self) -> None:
        self.workspace = Workspace(self.config.workspace)
        self.codebook = read_codebook(self.config.codebook or DEFAULT_CODEBOOK)

    @property
    def labels(self) -> LabelSpace:
        """The codebook's label space."""
        return self.codebook.label_space

    def load_secret(self, *, make: bool = True) -> bytes:
        """Load the key of the pseudonyms, making its file on first use.

        Args:
            make: Whether to make a key that is not there. A new one recognises nobody.

        Raises:
            ConfigError: The workspace is remote, and nothing says where the key is.
        """
        if self.config.secret_file is not None:
            return load_secret(self.config.secret_file, make=make)
        if self.workspace.is_local:
            return load_secret(self.workspace.path("secret.key"), make=make)
        if SECRET_VARIABLE in os.environ:
            return load_secret("")
        raise ConfigError.because(
            "the key of the pseudonyms cannot be found",
            expected=f"`secret_file`, or {SECRET_VARIABLE} in the environment, beside a remote workspace",
            got="neither",
            where=self.config.workspace,
            do="Give one: pseudonyms made under two keys never match",
        )

    @property
    def model(self) -> str:
        """The model in use: the one that the configuration names; for `default`, the one promoted here."""
        return chosen_model(self.workspace, self.config.annotate.model)

    def load_tagger(self) -> Tagger:
        """Load the model in use."""
        return load_tagger(self.model, self.labels)

    def load_recall(self) -> Recall:
        """Load what the model in use learnt from."""
        return Recall(model_folder(self.model), self.labels)

    def write_current_batches(self, batch_ids: Sequence[str], unread: Sequence[UnreadInput]) -> None:
        """Tell the next steps which batches the declared inputs gave, in the order of the inputs."""
        content = {
            "batches": list(batch_ids),
            "unread": [{"source": each.source, "name": each.name, "error": each.error} for each in unread],
        }
        self.workspace.write_json(content, layout.BATCHES, layout.CURRENT)

    def read_current_batches(self) -> tuple[list[str], list[UnreadInput]]:
        """Read what the last ingest found.

        Raises:
            WorkspaceError: Nothing was ingested yet.
        """
        content = self.workspace.read_json(layout.BATCHES, layout.CURRENT)
        unread: Sequence[Mapping[str, Any]] = content["unread"]
        return list(content["batches"]), [UnreadInput(**each) for each in unread]


def open_job(config_path: str | Path) -> Job:
    """Open the job that a configuration file describes.

    Args:
        config_path: A YAML file; relative paths of its sources are taken from its folder.

    Returns:
        The job; its workspace, when relative, lies under the current folder.
    """
    return Job(read_config(config_path), Path(config_path).resolve().parent)
