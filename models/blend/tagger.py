"""Tag verbatims with several models at once, weighed label by label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.blend.combine import Combination, with_all_themes
from models.blend.questions import QuestionShifts
from models.decisions import DecisionRule, decide
from models.digests import short_digest
from models.labels import LabelSpace
from models.registry import load_member, read_card, trained_labels
from models.tagger import Decisions, Tagger, TagProbabilities, VerbatimBatch


@dataclass(frozen=True, slots=True)
class BlendTagger:
    """Models that read the same verbatim, their probabilities pooled.

    Attributes:
        model_id: Name, version, hash of the members and of the weights, and codebook hash.
        labels: The label space in use.
        trained: The label space that was learnt.
        members: The models.
        combination: How their probabilities are weighed and calibrated.
        shifts: What the questions say of the answers.
        rule: The thresholds.
    """

    model_id: str
    labels: LabelSpace
    trained: LabelSpace
    members: Sequence[Tagger]
    combination: Combination
    shifts: QuestionShifts
    rule: DecisionRule

    def predict(self, batch: VerbatimBatch) -> TagProbabilities:
        """Give calibrated probabilities for each verbatim, in the order given."""
        read = [member.predict(batch) for member in self.members]
        pooled = self.combination.apply(with_all_themes(read), batch.audiences)
        return self.shifts.apply(pooled, batch.questions)

    def decide(self, probabilities: TagProbabilities) -> Decisions:
        """Decide labels with the blend's own thresholds."""
        return decide(probabilities, self.trained, self.rule)


def load_blend(folder: Path, labels: LabelSpace) -> BlendTagger:
    """Load a blend and its members.

    Args:
        folder: Holds `model.json`, whose `members` are names of shipped models, or folders relative to it.
        labels: The label space in use.
    """
    card = read_card(folder)
    trained = trained_labels(card)
    members = [load_member(folder, name, labels) for name in card["members"]]
    shifts = QuestionShifts.from_card(card, trained)
    parts = card["combination"], card["rule"], shifts.as_json()
    digest = short_digest([member.model_id for member in members], *parts)
    return BlendTagger(
        model_id=f"blend-{card['version']}-{digest}-{trained.codebook_hash[:8]}",
        labels=labels,
        trained=trained,
        members=members,
        combination=Combination.from_json(card["combination"]),
        shifts=shifts,
        rule=DecisionRule.from_json(card["rule"]),
    )
