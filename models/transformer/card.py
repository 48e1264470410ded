"""Write the model card of a fine-tuned hub encoder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.gold import GoldSet

CARD_FILE = "CARD.md"


def write_card(folder: Path, settings: Mapping[str, Any], n_train: int, held_out: GoldSet) -> Path:
    """Say what the model is, what it learnt from and what its figures were chosen on.

    Args:
        folder: The model's folder.
        settings: How it was trained.
        n_train: Verbatims learnt from.
        held_out: Verbatims that stopped, calibrated and thresholded it.

    Returns:
        The card's path.
    """
    sources = ", ".join(sorted(set(held_out.sources.tolist())))
    rows = "\n".join(f"| `{name}` | {value} |" for name, value in settings.items())
    text = f"""# Fine-tuned encoder for French verbatims

A hub encoder under Miroir's label heads: sentiment, enchantment, incivility, and six themes with their
polarity.

- Learnt from {n_train} labelled verbatims of customers and employees.
- Stopped early, calibrated and given its thresholds on {len(held_out)} others ({sources}): `miroir evaluate`
  tells its figures on these, `miroir blend` and published intervals rest on them. Stopping has seen them:
  measure it on a third set (`--gold`) before its figures are quoted.
- Codebook {held_out.labels.codebook_hash}; labels made by a language model that read each text against the
  codebook.
- Texts were masked before training; mask what it reads with `miroir mask`.
- Its licence is that of the encoder that it comes from.

| setting | value |
|---|---|
{rows}
"""
    path = folder / CARD_FILE
    path.write_text(text, encoding="utf-8")
    return path
