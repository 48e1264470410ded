"""Learn again from verbatims that nobody labelled, by what two networks make of them together.

Networks fine-tuned in another order err elsewhere, and the mean of their scores is better than either. A
network that goes on learning from this mean, beside the labels, comes near it alone; pooled with the other
one it goes beyond.

Source:
    Hinton, Vinyals and Dean 2015, Distilling the knowledge in a neural network (arXiv:1503.02531).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.compact.encoding import MASK, VerbatimEncoder, token_id
from models.compact.layout import ScoreLayout
from models.encoder.corpus import n_control_ids
from models.encoder.finetuning import (
    FineTuneSettings,
    LabelledTokens,
    Progress,
    fine_tune,
    predict_scores,
)
from models.encoder.heads import LossWeights, MultiTaskModel, told_loss
from models.encoder.recipe import Pretrained, labelled_tokens
from models.gold import GoldSet
from models.tagger import VerbatimBatch


@dataclass(frozen=True, slots=True)
class ToldTokens:
    """Encoded verbatims with labels, then others with the scores that they should have.

    Attributes:
        labelled: Those with labels.
        told_ids: Token ids of the others.
        told: Their scores, shape (others, layout.width).
    """

    labelled: LabelledTokens
    told_ids: Sequence[Sequence[int]]
    told: Tensor

    @property
    def ids(self) -> Sequence[Sequence[int]]:
        """Token ids of all verbatims, those with labels first."""
        return [*self.labelled.ids, *self.told_ids]

    def loss(
        self, scores: Tensor, rows: NDArray[np.intp], layout: ScoreLayout, weights: LossWeights
    ) -> Tensor:
        """Give the mean loss: against the labels where there are some, else against the scores told."""
        n_labelled = len(self.labelled.ids)
        labelled, told = np.flatnonzero(rows < n_labelled), np.flatnonzero(rows >= n_labelled)
        total = scores.new_zeros(())
        if len(labelled):
            found = self.labelled.loss(scores[labelled], rows[labelled], layout, weights)
            total = total + len(labelled) * found
        if len(told):
            wanted = self.told[rows[told] - n_labelled]
            total = total + len(told) * told_loss(scores[told], wanted, layout, weights)
        return total / len(rows)


def settings_again(settings: FineTuneSettings) -> FineTuneSettings:
    """Give the settings of the second learning, shorter and slower than the first."""
    return replace(
        settings,
        epochs=settings.epochs * 0.47,
        encoder_rate=settings.encoder_rate * 2 / 3,
        head_rate=settings.head_rate / 2,
        averaging=(1 + settings.averaging) / 2,
    )


def learn_again(
    pretrained: Pretrained,
    networks: tuple[MultiTaskModel, MultiTaskModel],
    gold: GoldSet,
    positions: NDArray[np.intp],
    others: VerbatimBatch,
    settings: FineTuneSettings,
    *,
    progress: Progress | None = None,
) -> MultiTaskModel:
    """Let the first network go on learning, in place, from labels and from what both say of other verbatims.

    Args:
        pretrained: The encoder that both come from, whose tokenizer they read with.
        networks: The one to learn, and another.
        gold: Labelled verbatims.
        positions: Those to learn from, the same that both have learnt from.
        others: Verbatims without labels.
        settings: How both were fine-tuned.
        progress: Called with the share done and the loss.

    Returns:
        The first network.
    """
    ids = VerbatimEncoder(pretrained.tokenizer, pretrained.max_tokens).encode(others)
    told = np.mean([predict_scores(network, ids) for network in networks], axis=0)
    fine_tune(
        networks[0],
        ToldTokens(labelled_tokens(pretrained, gold.take(positions), settings), ids, torch.from_numpy(told)),
        settings_again(settings),
        mask_id=token_id(pretrained.tokenizer, MASK),
        n_control=n_control_ids(),
        weights=LossWeights(),
        progress=progress,
    )
    return networks[0]
