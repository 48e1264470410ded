"""Multi-task heads: every label reads the verbatim with its own attention; their losses."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.compact.layout import N_STARS, ScoreLayout


class LabelHeads(nn.Module):
    """Attention pooling for each label and theme, then one small reading shared by all.

    A theme has a score for its presence and one for each polarity; the polarity readings of all themes share
    their weights, so that a rare theme learns « negative » from the common ones. Beside its own pooling,
    every
    label reads the token that sums the text up: the rating to be guessed, or a hub encoder's first token.
    """

    def __init__(
        self, width: int, layout: ScoreLayout, *, heads: int = 4, hidden: int = 192, summary: int = 1
    ) -> None:
        super().__init__()
        labels = layout.labels
        self.layout = layout
        self.heads, self.summary = heads, summary
        self.n_themes, self.n_polarities = len(labels.themes), len(labels.polarities)
        self.n_queries = 4 + self.n_themes
        self.query = nn.Linear(width, self.n_queries * heads, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.first = nn.Linear(2 * width, hidden)
        self.named = nn.Parameter(torch.zeros(self.n_queries, hidden))
        self.sentiment = nn.Linear(hidden, len(labels.sentiment))
        self.enchantment = nn.Linear(hidden, len(labels.enchantment))
        self.incivility = nn.Linear(hidden, len(labels.incivility))
        self.stars = nn.Linear(hidden, N_STARS)
        self.presence = nn.Parameter(torch.zeros(self.n_themes, hidden))
        self.presence_bias = nn.Parameter(torch.full((self.n_themes,), -1.5))
        self.polarity = nn.Linear(hidden, self.n_polarities)
        self.dropout = nn.Dropout(0.1)
        nn.init.normal_(self.query.weight, std=0.02)
        nn.init.normal_(self.presence, std=0.05)
        nn.init.normal_(self.named, std=0.05)

    def forward(self, states: Tensor, real: Tensor) -> Tensor:
        """Score the labels.

        Args:
            states: Token states, shape (batch, length, width), at least `summary + 1` long.
            real: 1 at a token, 0 at padding, shape (batch, length).

        Returns:
            Score vectors, shape (batch, layout.width).
        """
        batch, length, width = states.shape
        weight = self.query(states).view(batch, length, self.n_queries, self.heads)
        weight = weight.masked_fill((real == 0)[:, :, None, None], -1e4).softmax(dim=1)
        value = self.value(states).view(batch, length, self.heads, width // self.heads)
        pooled = torch.einsum("blqh,blhd->bqhd", weight, value).reshape(batch, self.n_queries, width)
        rating = states[:, self.summary : self.summary + 1].expand(-1, self.n_queries, -1)
        read = functional.relu(self.first(torch.cat([pooled, rating], dim=2)) + self.named)
        read = self.dropout(read)
        themes = read[:, 4:]
        return torch.cat(
            [
                self.sentiment(read[:, 0]),
                self.enchantment(read[:, 1]),
                self.incivility(read[:, 2]),
                (themes * self.presence).sum(dim=2) + self.presence_bias,
                self.polarity(themes).flatten(1),
                self.stars(read[:, 3]),
            ],
            dim=1,
        )


@dataclass(frozen=True, slots=True)
class Targets:
    """What the scores should have been, -1 where unknown, for a batch of verbatims.

    Attributes:
        sentiment: Class positions, shape (batch,).
        enchantment: Likewise.
        incivility: Likewise.
        themes: 0 absent, 1 + polarity's position, shape (batch, themes).
        stars: 0 to 4, shape (batch,).
    """

    sentiment: Tensor
    enchantment: Tensor
    incivility: Tensor
    themes: Tensor
    stars: Tensor


@dataclass(frozen=True, slots=True)
class LossWeights:
    """How much each label counts.

    Attributes:
        sentiment: Weight of the sentiment loss.
        enchantment: Weight of the enchantment loss.
        incivility: Weight of the incivility loss.
        presence: Weight of theme presence, summed over themes.
        polarity: Weight of the polarity of present themes, summed over themes.
        stars: Weight of the star rating.
        rare: Extra weight of a class that is not `none` in enchantment and incivility.
        smoothing: Label smoothing of the sentiment.
    """

    sentiment: float = 1.0
    enchantment: float = 0.6
    incivility: float = 0.4
    presence: float = 2.0
    polarity: float = 0.6
    stars: float = 0.3
    rare: float = 2.0
    smoothing: float = 0.03


def multitask_loss(scores: Tensor, targets: Targets, layout: ScoreLayout, weights: LossWeights) -> Tensor:
    """Sum the labels' losses over a batch; unknown labels count for nothing.

    Args:
        scores: Shape (batch, layout.width).
        targets: The right answers.
        layout: Where each label lies.
        weights: How much each label counts.

    Returns:
        The mean loss, a scalar.
    """
    sentiment, enchantment, incivility, presence, polarity, stars = torch.split(
        scores, list(layout.sizes), dim=1
    )
    rare_enchantment, rare_incivility = (
        torch.tensor([1.0] + [weights.rare] * (size - 1), device=scores.device) for size in layout.sizes[1:3]
    )
    loss = weights.sentiment * _choice(sentiment, targets.sentiment, smoothing=weights.smoothing)
    loss = loss + weights.enchantment * _choice(enchantment, targets.enchantment, rare_enchantment)
    loss = loss + weights.incivility * _choice(incivility, targets.incivility, rare_incivility)
    loss = loss + weights.stars * _choice(stars, targets.stars)
    known = (targets.themes >= 0).float()
    present = (targets.themes > 0).float()
    binary = functional.binary_cross_entropy_with_logits(presence, present, reduction="none")
    loss = loss + weights.presence * (binary * known).mean(dim=1)
    n_themes = presence.shape[1]
    shares = polarity.view(-1, n_themes, polarity.shape[1] // n_themes).transpose(1, 2)
    chosen = functional.cross_entropy(shares, (targets.themes - 1).clamp(min=0), reduction="none")
    loss = loss + weights.polarity * (chosen * present).sum(dim=1)
    return loss.mean()


def told_loss(scores: Tensor, told: Tensor, layout: ScoreLayout, weights: LossWeights) -> Tensor:
    """Sum the labels' cross-entropies against another model's probabilities, stars apart.

    Args:
        scores: Shape (batch, layout.width).
        told: The other model's scores, same shape.
        layout: Where each label lies.
        weights: How much each label counts.

    Returns:
        The mean loss, a scalar.
    """
    *singles, presence, polarity, _ = torch.split(scores, list(layout.sizes), dim=1)
    *told_singles, told_presence, told_polarity, _ = torch.split(told, list(layout.sizes), dim=1)
    counts = (weights.sentiment, weights.enchantment * weights.rare, weights.incivility * weights.rare)
    loss = scores.new_zeros(len(scores))
    for count, found, wanted in zip(counts, singles, told_singles, strict=True):
        loss = loss + count * _likeness(found, wanted)
    present = told_presence.sigmoid()
    binary = functional.binary_cross_entropy_with_logits(presence, present, reduction="none")
    shape = (len(scores), presence.shape[1], -1)
    shares = _likeness(polarity.view(shape), told_polarity.view(shape))
    loss = loss + weights.presence * binary.mean(dim=1) + weights.polarity * (shares * present).sum(dim=1)
    return loss.mean()


def _likeness(scores: Tensor, told: Tensor) -> Tensor:
    return -(told.softmax(dim=-1) * scores.log_softmax(dim=-1)).sum(dim=-1)


def _choice(scores: Tensor, target: Tensor, classes: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
    loss = functional.cross_entropy(
        scores, target.clamp(min=0), weight=classes, reduction="none", label_smoothing=smoothing
    )
    return loss * (target >= 0)


class MultiTaskModel(nn.Module):
    """An encoder under the label heads.

    The encoder is called with token ids and the mask of real tokens, and gives token states.
    """

    def __init__(self, encoder: nn.Module, heads: LabelHeads) -> None:
        super().__init__()
        self.encoder = encoder
        self.heads = heads

    def forward(self, ids: Tensor, real: Tensor) -> Tensor:
        """Score the labels of a batch.

        Args:
            ids: Token ids, shape (batch, length).
            real: 1 at a token, 0 at padding, same shape.

        Returns:
            Score vectors, shape (batch, layout.width).
        """
        return self.heads(self.encoder(ids, real), real)  # type: ignore[no-any-return]
