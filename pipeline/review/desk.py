"""Everything that the pages of a desk need, opened once."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from models.labels import LabelSpace
from pipeline import layout
from pipeline.codebook import DEFAULT_CODEBOOK, Codebook, read_codebook
from pipeline.config import ReviewConfig
from pipeline.review.accounts import LoginGuard, Reviewer, reviewers
from pipeline.review.decisions import CodebookStamp, stamp_of
from pipeline.review.drift import Drift, TrainingShares, drift_by_source
from pipeline.review.evidence import EvidenceFunction, no_evidence
from pipeline.review.index import IndexSummary, model_in_use, refresh_index
from pipeline.review.search import Choices, choices
from pipeline.review.store import ReviewStore, database_url, open_store
from pipeline.schema import AUDIENCES
from pipeline.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ModelOnShow:
    """The tagger whose labels the desk shows, and what it tells of itself.

    Attributes:
        model_id: None while nothing is tagged.
        evidence: Highlights texts.
        training_shares: Audience → source → label → value → share that the model gives it, of the data that
            it learnt from; empty when they are not known.
    """

    model_id: str | None
    evidence: EvidenceFunction = no_evidence
    training_shares: TrainingShares = field(default_factory=dict)


ModelChoice = Callable[[Workspace], ModelOnShow]


def last_tagger(workspace: Workspace) -> ModelOnShow:
    """Show the labels of the tagger that annotated last."""
    return ModelOnShow(model_in_use(workspace))


@dataclass
class Desk:
    """An open desk.

    Attributes:
        store: The review database.
        workspace: Batches, annotations, designs.
        codebook_path: The codebook in use, which a lead's acceptance changes.
        config: How the desk is opened.
        choose_model: Tells at each refresh which tagger is in use by now.
        evidence: Highlights texts, as of the last refresh.
        model_id: The tagger whose labels are shown; None while nothing is tagged.
        training_shares: What that tagger's training sources looked like, as `ModelOnShow` has it.
        choices: What the list's filters may be set to.
        drifts: How far each source is from those, as of the last refresh: it takes a pass over all verbatims.
        run_seen: When the last run had ended before the last refresh.
        setup_token: Proves, while nobody can log in, that the first one is made by who started the desk.
    """

    store: ReviewStore
    workspace: Workspace
    codebook_path: Path
    config: ReviewConfig
    choose_model: ModelChoice = last_tagger
    evidence: EvidenceFunction = no_evidence
    model_id: str | None = None
    setup_token: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    guard: LoginGuard = field(default_factory=LoginGuard)
    training_shares: TrainingShares = field(default_factory=dict)
    choices: Choices = field(default_factory=Choices)
    drifts: list[Drift] = field(default_factory=list)
    run_seen: str | None = None
    refreshing: threading.Lock = field(default_factory=threading.Lock)
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
        """Tell whether nobody can log in yet."""
        return not any(each.active for each in reviewers(self.store))

    def refresh(self) -> IndexSummary:
        """Bring new verbatims and annotations in, those of the model in use by now."""
        with self.refreshing:
            run_seen = _last_run(self.workspace)
            model = self.choose_model(self.workspace)
            summary = refresh_index(self.store, self.workspace, self.labels, model.model_id)
            self.model_id = summary.model_id
            self.evidence, self.training_shares = model.evidence, model.training_shares
            self.choices = choices(self.store)
            self.drifts = drift_by_source(self.store, self.training_shares)
            self.run_seen = run_seen
        return summary

    def keep_up(self) -> None:
        """Refresh when a run has ended since the last time; pages asked for meanwhile do not wait."""
        if _last_run(self.workspace) != self.run_seen and not self.refreshing.locked():
            self.refresh()

    def reread_codebook(self) -> None:
        """Take the codebook's wordings as they are on disk now."""
        self.codebook = read_codebook(self.codebook_path)


def open_desk(
    workspace: Workspace,
    config: ReviewConfig,
    *,
    codebook_path: Path = DEFAULT_CODEBOOK,
    choose_model: ModelChoice = last_tagger,
) -> Desk:
    """Open the desk of a workspace and index what is new.

    Raises:
        ReviewError: The database cannot be opened.
        CodebookError: The codebook is unsound.
    """
    store = open_store(database_url(workspace, config.database))
    desk = Desk(store, workspace, codebook_path, config, choose_model)
    desk.refresh()
    return desk


def _last_run(workspace: Workspace) -> str | None:
    """Tell when the last run ended, or None before the first one."""
    if not workspace.exists(layout.STATUS, layout.LAST_RUN):
        return None
    return str(workspace.read_json(layout.STATUS, layout.LAST_RUN)["ended_at"])
