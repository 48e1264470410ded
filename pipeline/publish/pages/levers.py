# ruff: noqa: E501
"""Leads for action: which of the field's six actions the weakest themes point to, each with its figures."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.publish.pages.figures import Figure
from pipeline.publish.pages.view import AUDIENCES, View

# Action → (French, English) name, and the question that a team may start from.
ACTIONS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "onboarding": (
        ("Intégration", "Onboarding"),
        ("Qu'est-ce qu'un nouvel arrivant doit savoir faire dès la première semaine ?",
         "What must a newcomer be able to do from the first week?"),
    ),
    "training": (
        ("Formation", "Training"),
        ("Sur quels sujets les réponses se contredisent-elles ?", "On which subjects do answers contradict each other?"),
    ),
    "culture": (
        ("Culture", "Culture"),
        ("Comment chacun sait-il qu'il a été entendu, et remercié ?", "How does everyone know they were heard, and thanked?"),
    ),
    "autonomy": (
        ("Autonomie", "Autonomy"),
        ("Que peut décider un conseiller sans demander la permission ?", "What may an adviser decide without asking?"),
    ),
    "quality_of_life": (
        ("Qualité de vie au travail", "Quality of working life"),
        ("Vers qui se tourner dans un moment difficile ?", "Whom can one turn to in a hard moment?"),
    ),
    "tools": (
        ("Outils et moyens", "Tools and means"),
        ("Quelle panne ou attente revient le plus souvent ?", "Which failure or wait comes back most often?"),
    ),
}  # fmt: skip

# Theme of the shipped codebook → actions that work on it.
ACTIONS_OF: dict[str, tuple[str, ...]] = {
    "means": ("tools",),
    "listening": ("culture",),
    "feedback": ("autonomy",),
    "recognition": ("culture",),
    "training": ("training", "onboarding"),
    "support": ("quality_of_life",),
}
MAX_LEVERS = 4


@dataclass(frozen=True, slots=True)
class Lever:
    """A lead: the theme, on one side, whose opinions are the most negative, and actions that touch it.

    Attributes:
        is_sure: Whether the whole interval lies below zero.
    """

    theme: str
    audience: str
    net: Figure
    share: Figure
    actions: tuple[str, ...]
    questions: tuple[str, ...]
    is_sure: bool


def levers(view: View) -> list[Lever]:
    """List leads for the cell and period of a view.

    Themes whose net is negative on one side, most negative opinions first (share times net). One whose
    interval reaches above zero is left out; one without interval is kept and said to be unsure.

    Returns:
        At most four.
    """
    found = []
    for audience in AUDIENCES:
        for theme in view.themes:
            net, share = (view.figure(name, audience, theme) for name in ("theme_net", "theme_share"))
            if net.value is None or net.value >= 0 or (net.high is not None and net.high >= 0):
                continue
            names = ACTIONS_OF.get(theme, ())
            position = 0 if view.language == "fr" else 1
            actions = tuple(ACTIONS[name][0][position] for name in names)
            questions = tuple(ACTIONS[name][1][position] for name in names)
            found.append(Lever(theme, audience, net, share, actions, questions, net.high is not None))
    found.sort(key=lambda lever: (lever.net.value or 0) * (lever.share.value or 0.0))
    return found[:MAX_LEVERS]
