"""Train a challenger on the analysts' corrections too, hold it up to the champion, promote it if it may be.

The same data and the same seed give the same weights, the same figures and the same verdict.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.evaluation import evaluate
from models.gold import AUTHORED, gold_from_records, joined_gold, learnable, read_gold
from models.held_out import honest_predictions
from models.inherited import Inherited
from models.linear.card import facts
from models.linear.training import TrainedLinear, train_linear
from models.promotion import AUDIENCES, OWN, REAL, compare, take_predictions
from models.registry import MODEL_FILE, load_tagger, model_folder
from pipeline.challenger import Challenger, make_challenger, save_challenger
from pipeline.corrections import corrections
from pipeline.errors import ConfigError
from pipeline.job import Job
from pipeline.model_choice import DEFAULT, MODELS, promote
from pipeline.retrain_report import CARD_FILE, Retraining, write_report
from pipeline.training_data import (
    MOST_VERBATIMS,
    TrainingData,
    at_most,
    authored_files,
    gather,
    masked,
    read_labelled,
)

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Material:
    """What a challenger learns from.

    Attributes:
        data: All labelled verbatims, masked, and rated reviews where there are any.
        kinds: What each verbatim is: the workspace's `own`, a `real` one of other sources, or `authored`.
        own_sources: The workspace's sources.
        n_corrections: Of the own ones, those that were reviewed at the desk.
    """

    data: TrainingData
    kinds: NDArray[np.str_]
    own_sources: frozenset[str]
    n_corrections: int


def retrain(
    job: Job,
    *,
    data: Path | None = None,
    own: Sequence[Path] = (),
    shipped: Sequence[Path] | None = None,
    seed: int = 0,
    report: Report = lambda message: None,
    train: Callable[..., TrainedLinear] = train_linear,
) -> Retraining:
    """Train, compare, and promote or refuse.

    The challenger is a `linear` model, blended with the champion's other members where it has some. Its
    figures, and the champion's, are those on verbatims held out: every verbatim belongs to one of three parts
    by a hash of its text, and is read by what learnt without it. The workspace's own verbatims judge apart
    from those that come with Miroir. Where the configuration names a model, the pointer stays: nothing would
    read it.

    Args:
        job: Whose workspace, reviews and champion.
        data: Folder of the data that the shipped model was trained on, where it is at hand.
        own: More labelled verbatims (JSON lines).
        shipped: Other authored verbatims than those shipped.
        seed: Of the training and of the intervals.
        report: Told what is being done.
        train: Trains; a test gives its own.

    Returns:
        The verdict, what was compared, where the challenger and its report lie.

    Raises:
        ConfigError: There is nothing new to learn from, or the workspace is no local folder.
        WorkspaceError: The challenger won, but a run holds the workspace: the pointer did not move.
    """
    if not job.workspace.is_local:
        raise ConfigError.because(
            "a model cannot be trained here",
            expected="a workspace that is a local folder",
            got=job.workspace.root,
            where="workspace",
            do="Train with `miroir train` and name the model's folder in `annotate.model`",
        )
    material = _gather(job, data, own, shipped, report)
    champion_folder = model_folder(job.model)
    champion = load_tagger(str(champion_folder), job.labels)
    # Without sources, training holds verbatims out at random: they are judged where they will be used.
    gold = replace(material.data.gold, sources=np.full(len(material.kinds), AUTHORED, dtype=np.str_))
    trained = train(learnable(gold), material.data.reviews, seed=seed, report=report)
    report("comparing with the model in use")
    challenger = make_challenger(trained, gold, material.kinds, champion_folder)
    before, judging = honest_predictions(champion_folder, champion, gold, material.kinds == OWN)
    rows = np.flatnonzero(judging & challenger.may_judge)
    written_by = {source.audience for source in job.config.sources}
    verdict = compare(
        gold.take(rows),
        take_predictions(before, rows),
        take_predictions(challenger.unseen, rows),
        kinds=material.kinds[rows],
        audiences=[audience for audience in AUDIENCES if audience in written_by],
        seed=seed,
    )
    folder, inherited = _save(challenger, material, champion_folder, job, seed)
    outcome = Retraining(
        champion_id=champion.model_id,
        challenger_id=folder.name,
        folder=folder,
        verdict=verdict,
        sources=tuple(material.data.gold.sources.tolist()),
        audiences=tuple(gold.batch.audiences),
        n_corrections=material.n_corrections,
        seed=seed,
        named_model=None if job.config.annotate.model == DEFAULT else job.config.annotate.model,
        keeps_settings=challenger.keeps_settings,
        not_learnt=tuple(
            theme for theme in job.labels.themes if theme not in challenger.unseen.decided.themes
        ),
        n_inherited=0 if inherited is None else len(inherited.gold),
    )
    (folder / CARD_FILE).write_text(write_report(outcome), encoding="utf-8")
    if outcome.is_promoted:
        with job.workspace.locked():
            promote(job.workspace, outcome.challenger_id)
    return outcome


def _gather(
    job: Job, data: Path | None, own: Sequence[Path], shipped: Sequence[Path] | None, report: Report
) -> Material:
    reviewed = at_most(MOST_VERBATIMS, gold_from_records(corrections(job), job.labels), report)
    named = at_most(MOST_VERBATIMS - len(reviewed), read_gold(own, job.labels), report)
    mine = joined_gold(named, reviewed)
    if not len(mine):
        raise ConfigError.because(
            "there is nothing new to learn from",
            expected="verbatims reviewed at the desk (`miroir review`), or labelled ones in --gold",
            got="neither",
            where=job.config.workspace,
            do="Review some verbatims first: fifty of each audience of the workspace must judge",
        )
    room = MOST_VERBATIMS - len(mine)
    if data is None:
        paths = authored_files(answers=False) if shipped is None else shipped
        given = TrainingData(masked(read_labelled(paths, [], job.labels, room, report)), None)
    else:
        given = gather(data, job.labels, [], report, most=room)
    gold = joined_gold(given.gold, masked(mine))
    others = np.where(given.gold.sources == AUTHORED, AUTHORED, REAL)
    return Material(
        data=TrainingData(gold, given.reviews),
        kinds=np.concatenate([others, np.full(len(mine), OWN)]),
        own_sources=frozenset(mine.sources.tolist()) | {source.name for source in job.config.sources},
        n_corrections=len(reviewed),
    )


def _save(
    challenger: Challenger, material: Material, champion: Path, job: Job, seed: int
) -> tuple[Path, Inherited | None]:
    """Put the challenger into a folder named after it, whole or not at all.

    Returns:
        The folder, and what the challenger took over from the champion for its calibration.
    """
    gold, trained = material.data.gold, challenger.trained
    # The folder tells figures without intervals: the comparison has its own.
    measured = evaluate(gold, trained.unseen.decided, trained.unseen.probabilities, n_resamples=2)
    n_reviews = 0 if material.data.reviews is None else len(material.data.reviews.stars)
    temporary = Path(job.workspace.path(MODELS, ".challenger.part"))
    told = facts(gold, n_reviews, measured, seed)
    inherited = save_challenger(temporary, challenger, gold, champion, told, material.own_sources)
    folder = temporary.with_name(load_tagger(str(temporary), job.labels).model_id)
    if (folder / MODEL_FILE).is_file():
        shutil.rmtree(temporary)
    else:
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    return folder, inherited
