"""Everything that the pages of a desk need, opened once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from models.labels import LabelSpace
from pipeline.codebook import DEFAULT_CODEBOOK, Codebook, read_codebook
from pipeline.config import ReviewConfig
from pipeline.review.accounts import LoginGuard, Reviewer, reviewers
from pipeline.review.decisions import CodebookStamp, stamp_of
from pipeline.review.drift import TrainingShares
from pipeline.review.evidence import EvidenceFunction, no_evidence
from pipeline.review.index import IndexSummary, model_in_use, refresh_index
from pipeline.review.search import Choices, choices
from pipeline.review.store import ReviewStore, database_url, open_store
from pipeline.schema import AUDIENCES
from pipeline.workspace import Workspace


@dataclass
class Desk:
    """An open desk.

    Attributes:
        store: The review database.
        workspace: Batches, annotations, designs.
        codebook_path: The codebook in use, which a lead's acceptance changes.
        config: How the desk is opened.
        evidence: Highlights texts.
        model_id: The tagger whose labels are shown; None while nothing is tagged.
        training_shares: Audience → source → label → value → share that the model gives it, of the data that
            it learnt from; empty when they are not known.
        choices: What the list's filters may be set to, as of the last refresh.
        setup_token: Proves, while there is no account, that the first one is made by who started the desk.
    """

    store: ReviewStore
    workspace: Workspace
    codebook_path: Path
    config: ReviewConfig
    evidence: EvidenceFunction = no_evidence
    model_id: str | None = None
    setup_token: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    guard: LoginGuard = field(default_factory=LoginGuard)
    training_shares: TrainingShares = field(default_factory=dict)
    choices: Choices = field(default_factory=Choices)
    codebook: Codebook = field(init=False)

    def __post_init__(self) -> None:
        self.codebook = read_codebook(self.codebook_path)

    @property
    def labels(self) -> LabelSpace:
        """The label space in use."""
        return self.codebook.label_space

    @property
    def stamp(self) -> CodebookStamp:
        """The codebook as decisions are stamped with it."""
        return stamp_of(self.codebook.version, self.labels)

    def audiences_for(self, reviewer: Reviewer) -> tuple[str, ...]:
        """Tell whose verbatims somebody may read."""
        if reviewer.role in self.config.employee_roles:
            return AUDIENCES
        return tuple(audience for audience in AUDIENCES if audience != "employee")

    def needs_first_account(self) -> bool:
        """Tell whether nobody has an account yet."""
        return not reviewers(self.store)

    def refresh(self) -> IndexSummary:
        """Bring new verbatims and annotations in."""
        summary = refresh_index(self.store, self.workspace, self.labels, self.model_id)
        self.model_id = summary.model_id
        self.choices = choices(self.store)
        return summary

    def reread_codebook(self) -> None:
        """Take the codebook's wordings as they are on disk now."""
        self.codebook = read_codebook(self.codebook_path)


def open_desk(
    workspace: Workspace,
    config: ReviewConfig,
    *,
    codebook_path: Path = DEFAULT_CODEBOOK,
    evidence: EvidenceFunction = no_evidence,
    model_id: str | None = None,
) -> Desk:
    """Open the desk of a workspace and index what is new.

    Raises:
        ReviewError: The database cannot be opened.
        CodebookError: The codebook is unsound.
    """
    store = open_store(database_url(workspace, config.database))
    desk = Desk(store, workspace, codebook_path, config, evidence, model_id or model_in_use(workspace))
    desk.refresh()
    return desk
