"""Models that another one is made of: how its description names them, and how they travel with it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from models.registry import MODEL_FILE, SHIPPED, member_folder, model_folder, read_card

_NOT_COPIED = "encoder.pt"
"""What a network was trained from: nothing that tags needs it."""
_PAIR = ("fast", "better")
"""Under what a cascade's description names its two models; a blend's lists its own under `members`."""


def member_name(name: str, folder: Path) -> str:
    """Name a member for a blend's description.

    Args:
        name: Name of a shipped model, or a folder as seen from where the command runs.
        folder: The blend's.

    Returns:
        A shipped model's name, or the way from the blend's folder to the member's: the blend is then found
        whole from wherever it is asked for.
    """
    found = model_folder(name).resolve()
    return found.name if found.parent == SHIPPED.resolve() else os.path.relpath(found, folder.resolve())


def local_names(names: Sequence[str], taken: Sequence[str] = ()) -> list[str]:
    """Name members that are to lie inside a blend's folder, each once.

    >>> local_names(["compact", "../autre/compact", "../linear"], taken=["linear"])
    ['compact', 'compact-2', 'linear-2']
    """
    given = list(taken)
    for name in names:
        plain = Path(name).resolve().name
        free, k = plain, 2
        while free in given:
            free, k = f"{plain}-{k}", k + 1
        given.append(free)
    return given[len(taken) :]


def copy_model(folder: Path, target: Path) -> None:
    """Copy a model and the models that it is made of, so that replacing the originals changes nothing.

    Args:
        folder: The model's.
        target: Where to; must not be there.
    """
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns(_NOT_COPIED))
    card = read_card(target)
    given = card.get("members") or [card[role] for role in _PAIR if role in card]
    if not given:
        return
    names = local_names(given)
    for name, local in zip(given, names, strict=True):
        if not (target / local / MODEL_FILE).is_file():
            copy_model(member_folder(folder, name), target / local)
    card |= {"members": names} if "members" in card else dict(zip(_PAIR, names, strict=True))
    (target / MODEL_FILE).write_text(json.dumps(card, ensure_ascii=False, indent=1), encoding="utf-8")
