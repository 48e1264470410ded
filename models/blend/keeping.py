"""Keep a blend's weights and thresholds for another model in the place of one of its members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from models.blend.combine import Combination, Pool
from models.blend.questions import QuestionShifts
from models.decisions import DecisionRule
from models.labels import LabelSpace


def kept_settings(
    card: Mapping[str, Any], replaced: Sequence[int], kept: Sequence[int], labels: LabelSpace
) -> tuple[Combination, QuestionShifts, DecisionRule]:
    """Give a blend's combination, shifts and thresholds for its members in another order.

    A theme that the blend did not know is pooled with equal weights, and decided by the threshold that its
    themes share: a threshold of a theme's own was worse on sources held out.

    Args:
        card: What the blend says of itself.
        replaced: Positions of the members whose place the new model takes, as the first member.
        kept: Positions of the members that stay, in their new order.
        labels: The codebook's label space.
    """
    before, rule = Combination.from_json(card["combination"]), DecisionRule.from_json(card["rule"])

    def reordered(pool: Pool) -> Pool:
        taken = pool.weights[list(replaced)].sum()
        return Pool(np.concatenate([[taken], pool.weights[list(kept)]]), pool.shifts)

    n_members = 1 + len(kept)
    new = Pool(np.full(n_members, 1 / n_members), np.zeros((2, 2)))
    threshold = float(np.median(list(rule.themes.values())))
    combination = Combination(
        singles={name: reordered(pool) for name, pool in before.singles.items()},
        presence={
            theme: reordered(before.presence[theme]) if theme in before.presence else new
            for theme in labels.themes
        },
        polarity=reordered(before.polarity),
    )
    themes = {theme: rule.themes.get(theme, threshold) for theme in labels.themes}
    return combination, QuestionShifts.from_card(card, labels), replace(rule, themes=themes)
