"""The encoder: a small pre-norm transformer with rotary positions, and its masked-language head.

It is the only module of `models` that defines layers in torch for our own encoder.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

HIDDEN_LIKENESS = -1e4


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """Sizes of an encoder.

    Attributes:
        vocabulary: Number of token ids.
        width: Size of a token's state.
        layers: Number of transformer layers.
        heads: Attention heads a layer; divides `width` into even parts.
        hidden: Size of the feed-forward layer.
    """

    vocabulary: int
    width: int = 256
    layers: int = 3
    heads: int = 4
    hidden: int = 768

    def as_dict(self) -> dict[str, Any]:
        """Give the sizes as plain values, for a checkpoint or a card."""
        return asdict(self)


def rotary_tables(positions: int, head_width: int) -> tuple[Tensor, Tensor]:
    """Compute cosines and sines for rotary positions.

    Args:
        positions: Number of positions.
        head_width: Width of one head, even.

    Returns:
        Two tensors of shape (positions, head_width).

    Source:
        Su et al. 2021, RoFormer (arXiv:2104.09864).
    """
    rate = 1.0 / (1000.0 ** (torch.arange(0, head_width, 2).float() / head_width))
    angle = torch.outer(torch.arange(positions).float(), rate)
    angle = torch.cat([angle, angle], dim=1)
    return angle.cos(), angle.sin()


def rotate(states: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn queries or keys by their position.

    Args:
        states: Shape (batch, heads, length, head_width).
        cosine: Shape (..., length, head_width).
        sine: Shape (..., length, head_width).

    Returns:
        The turned states, same shape.
    """
    half = states.shape[-1] // 2
    turned = torch.cat([-states[..., half:], states[..., :half]], dim=-1)
    return states * cosine + turned * sine


class Layer(nn.Module):
    """Self-attention then a squared-ReLU feed-forward, each behind a normalisation."""

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.norm_attention = nn.LayerNorm(shape.width, bias=False)
        self.query_key_value = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.attention_out = nn.Linear(shape.width, shape.width, bias=False)
        self.norm_feed = nn.LayerNorm(shape.width, bias=False)
        self.feed_in = nn.Linear(shape.width, shape.hidden, bias=False)
        self.feed_out = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(
        self, states: Tensor, cosine: Tensor, sine: Tensor, visible: Tensor, dropout: float
    ) -> Tensor:
        """Run the layer.

        Args:
            states: Shape (batch, length, width).
            cosine: Rotary cosines, shape (batch or 1, 1, length, head_width).
            sine: Rotary sines, same shape.
            visible: True where a query (third axis) may read a key (fourth axis); broadcasts to
                (batch, 1, length, length).
            dropout: Probability of dropping a state, 0 outside training.

        Returns:
            New states, shape (batch, length, width).
        """
        batch, length, width = states.shape
        mixed = self.query_key_value(self.norm_attention(states))
        mixed = mixed.view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        query, key = rotate(mixed[0], cosine, sine), rotate(mixed[1], cosine, sine)
        # Written out: on a processor in bfloat16 this is three times as fast as torch's fused attention.
        likeness = query @ key.transpose(-2, -1) / math.sqrt(width // self.heads)
        read = likeness.masked_fill(~visible, HIDDEN_LIKENESS).softmax(dim=-1).to(mixed.dtype) @ mixed[2]
        read = self.attention_out(read.transpose(1, 2).reshape(batch, length, width))
        states = states + functional.dropout(read, dropout, self.training)
        fed = functional.relu(self.feed_in(self.norm_feed(states)))
        fed = self.feed_out(fed * fed)
        return states + functional.dropout(fed, dropout, self.training)


class Encoder(nn.Module):
    """Token ids in, one state a token out."""

    cosine: Tensor
    sine: Tensor

    def __init__(self, shape: EncoderShape, max_tokens: int = 512) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.norm_in = nn.LayerNorm(shape.width, bias=False)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm_out = nn.LayerNorm(shape.width, bias=False)
        cosine, sine = rotary_tables(max_tokens, shape.width // shape.heads)
        self.register_buffer("cosine", cosine, persistent=False)
        self.register_buffer("sine", sine, persistent=False)
        self.dropout = 0.0
        self.initialise()

    def initialise(self) -> None:
        """Draw the starting weights: small normal values, smaller where a layer writes its result."""
        nn.init.normal_(self.embedding.weight, std=0.05)
        for layer in self.layers:
            for name, weight in layer.named_parameters():
                if weight.dim() == 2:
                    deep = 1 / math.sqrt(2 * len(self.layers)) if name.split(".")[0].endswith("out") else 1.0
                    nn.init.normal_(weight, std=deep / math.sqrt(weight.shape[1]))

    def forward(self, ids: Tensor, segments: Tensor, positions: Tensor | None = None) -> Tensor:
        """Encode tokens.

        Args:
            ids: Token ids, shape (batch, length).
            segments: Number of the text that a token belongs to, 0 for padding, same shape: a token
                reads only tokens of its own text, so that several texts can be packed in a row.
            positions: Position of a token in its text, same shape; counted from the row's start when absent.

        Returns:
            States, shape (batch, length, width).
        """
        length = ids.shape[1]
        if positions is None:
            cosine, sine = self.cosine[None, None, :length], self.sine[None, None, :length]
            visible = (segments > 0)[:, None, None, :]
        else:
            cosine, sine = self.cosine[positions][:, None], self.sine[positions][:, None]
            visible = (segments[:, :, None] == segments[:, None, :])[:, None]
        states = self.norm_in(self.embedding(ids))
        states = functional.dropout(states, self.dropout, self.training)
        for layer in self.layers:
            states = layer(states, cosine, sine, visible, self.dropout)
        return self.norm_out(states)  # type: ignore[no-any-return]


class MaskedLanguageModel(nn.Module):
    """The encoder with a head that names masked tokens; its output matrix is the embedding matrix."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        width = encoder.shape.width
        self.encoder = encoder
        self.transform = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(encoder.shape.vocabulary))

    def forward(self, ids: Tensor, segments: Tensor, positions: Tensor, masked: Tensor) -> Tensor:
        """Score the vocabulary at masked places only.

        Args:
            ids: Token ids with masks put in, shape (batch, length).
            segments: See `Encoder.forward`.
            positions: See `Encoder.forward`.
            masked: Flat indices, in the row-major (batch x length) grid, of the places to score.

        Returns:
            Scores, shape (number of masked places, vocabulary).
        """
        states = self.encoder(ids, segments, positions)
        chosen = states.reshape(-1, states.shape[-1])[masked]
        chosen = self.norm(functional.relu(self.transform(chosen)))
        return functional.linear(chosen, self.encoder.embedding.weight, self.bias)
