"""What a retraining tells people: the challenger's card, the comparison and the verdict, in French."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.evaluation_report import HEADLINES
from models.gold import AUTHORED, FEWEST_OF_A_THEME
from models.promotion import MIN_JUDGED, OWN, REAL, Comparison, Verdict

CARD_FILE = "CARD.md"
AUDIENCES = {"customer": "clients", "employee": "collaborateurs"}
KINDS = {OWN: "les vôtres", REAL: "réels, d'autres sources", AUTHORED: "rédigés"}


@dataclass(frozen=True, slots=True)
class Retraining:
    """The outcome of a retraining.

    Attributes:
        champion_id: The model in use before.
        challenger_id: The model trained now.
        folder: Where the challenger lies, with its card.
        verdict: What the gate says.
        sources: Source of each verbatim learnt from.
        audiences: Audience of each.
        n_corrections: How many of them were reviewed at the desk.
        seed: Of the training.
        named_model: The model that the configuration names, which is used whatever was trained; None where it
            leaves the choice to the workspace.
        keeps_settings: Whether weights and thresholds of the blend are the champion's.
        not_learnt: Themes of the codebook that too few verbatims teach: it stays not trained for them.
        n_inherited: Verbatims of other sources whose predictions come from the champion.
    """

    champion_id: str
    challenger_id: str
    folder: Path
    verdict: Verdict
    sources: tuple[str, ...]
    audiences: tuple[str, ...]
    n_corrections: int
    seed: int
    named_model: str | None = None
    keeps_settings: bool = False
    not_learnt: tuple[str, ...] = ()
    n_inherited: int = 0

    @property
    def is_same(self) -> bool:
        """Whether the challenger is the champion again."""
        return self.challenger_id == self.champion_id

    @property
    def deserves_it(self) -> bool:
        """Whether the challenger is another model, and found no worse."""
        return self.verdict.is_promoted and not self.is_same

    @property
    def is_promoted(self) -> bool:
        """Whether the challenger takes over: never from a model that the configuration names."""
        return self.deserves_it and self.named_model is None


def write_report(outcome: Retraining) -> str:
    """Write the card in Markdown: what was decided and why, the figures, what was learnt from, how."""
    return "\n\n".join(
        [
            f"# {_headline(outcome)}",
            *(f"- {reason}" for reason in reasons(outcome)),
            "## Comparaison",
            _table(outcome.verdict.comparisons),
            _judged(outcome),
            "## Ce dont le nouveau modèle a appris",
            _learnt(outcome),
            *_not_learnt(outcome),
            "## Comment il a été mesuré",
            "Chaque verbatim est lu par ce qui a appris sans lui : trois parts fixes, d'après une empreinte "
            "du texte. Le modèle en place est jugé sur les mêmes verbatims, par ses prédictions hors pli "
            "pour ceux dont il avait appris. L'intervalle (95 %) est celui de l'écart, par rééchantillonnage "
            "des mêmes verbatims pour les deux. Sur tant de comparaisons, quelques intervalles excluent zéro "
            "par hasard : « moins bon » et « meilleur » demandent un écart que le hasard n'explique pas sur "
            "toutes ensemble (95 %, correction de Bonferroni). Vos verbatims jugent à part : les autres, "
            "bien plus nombreux, cacheraient ce qui se perd chez vous. Les étiquettes livrées ont été posées "
            "par un grand modèle de langue d'après la grille ; celles du bureau de relecture, par des "
            "personnes.",
            *_kept(outcome),
            f"Modèle `{outcome.challenger_id}`, graine {outcome.seed}. Pour refaire : `miroir retrain`.",
        ]
    ) + "\n"  # fmt: skip


def reasons(outcome: Retraining) -> list[str]:
    """Say why the challenger was promoted or refused, a sentence each."""
    verdict = outcome.verdict
    if outcome.is_same:
        return ["Rien de nouveau : l'entraînement redonne le modèle en place."]
    found = [
        f"Moins bon ({_whose(each)}) : {_name(each.measure)}, {_number(each.champion)} → "
        f"{_number(each.challenger)} ({_interval(each)})."
        for each in verdict.worse
    ]
    found += [
        f"Trop peu de vos verbatims de {AUDIENCES[audience]} pour juger : {verdict.n_judged[OWN][audience]} "
        f"dont le sentiment est étiqueté, il en faut {MIN_JUDGED}."
        for audience in verdict.unjudged
    ]
    if verdict.untrained:
        found.append(f"Thèmes que le modèle en place connaît et pas lui : {', '.join(verdict.untrained)}.")
    if found:
        return found
    better = [
        f"Meilleur ({_whose(each)}) : {_name(each.measure)}, {_number(each.champion)} → "
        f"{_number(each.challenger)} ({_interval(each)})."
        for each in verdict.comparisons
        if each.is_better
    ]
    new = verdict.new_themes
    return [
        *_to_use_it(outcome),
        f"Moins bon nulle part au-delà du hasard, sur {len(verdict.comparisons)} comparaisons.",
        *better,
        *([f"Thèmes nouveaux, sans rien à quoi les comparer : {', '.join(new)}."] if new else []),
    ]


def _headline(outcome: Retraining) -> str:
    if outcome.is_same:
        return f"Modèle inchangé : {outcome.champion_id}"
    if outcome.is_promoted:
        return f"Nouveau modèle en place : {outcome.challenger_id}"
    if outcome.deserves_it:
        return f"Nouveau modèle prêt, {outcome.champion_id} reste en place"
    return f"Nouveau modèle refusé, {outcome.champion_id} reste en place"


def _table(comparisons: Sequence[Comparison]) -> str:
    if not comparisons:
        return "Rien n'a pu être comparé."
    lines = [
        "| Verbatims | Public | Mesure | En place | Nouveau | Écart (95 %) | |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in comparisons:
        mark = "moins bon" if each.is_worse else "meilleur" if each.is_better else "="
        cells = (
            KINDS[each.kind],
            AUDIENCES[each.audience],
            _name(each.measure),
            _number(each.champion),
            _number(each.challenger),
            _interval(each),
            mark,
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _judged(outcome: Retraining) -> str:
    counts = [
        f"{' et '.join(f'{n} de {AUDIENCES[name]}' for name, n in by_audience.items())} ({KINDS[kind]})"
        for kind, by_audience in outcome.verdict.n_judged.items()
    ]
    return (
        f"Verbatims qui ont jugé : {', '.join(counts)} ; sous {MIN_JUDGED}, rien n'est comparé. "
        f"Modèle en place : `{outcome.champion_id}`."
    )


def _kept(outcome: Retraining) -> list[str]:
    """Say what the new model has from the one in use."""
    found = []
    if outcome.keeps_settings:
        found.append(
            "Poids des modèles mêlés et seuils : ceux du modèle en place. Vos verbatims étiquetés sont trop "
            "peu pour en apprendre d'autres."
        )
    if outcome.n_inherited:
        found.append(
            f"Intervalles des chiffres publiés : ils tiennent compte de l'écart entre {outcome.n_inherited} "
            "verbatims réels d'autres sources, tels que le modèle précédent les lisait ; le nouveau ne les a "
            "pas relus."
        )
    return found


def _to_use_it(outcome: Retraining) -> list[str]:
    """Say how to use a model that won in vain; the pointer would lead to it from `default` alone."""
    if outcome.named_model is None:
        return []
    return [
        f"La configuration nomme le modèle `{outcome.named_model}` : rien ne change. Pour utiliser le "
        f"nouveau, écrivez `annotate: {{model: {outcome.folder}}}`."
    ]


def _learnt(outcome: Retraining) -> str:
    counts = Counter(zip(outcome.sources, outcome.audiences, strict=True))
    rows = [f"| {source} | {AUDIENCES[audience]} | {n} |" for (source, audience), n in sorted(counts.items())]
    header = ["| Source | Public | Étiquetés |", "|---|---|---|"]
    return "\n".join([*header, *rows, "", f"Dont {outcome.n_corrections} relus au bureau."])


def _not_learnt(outcome: Retraining) -> list[str]:
    """Say which themes stay not trained, and what it takes."""
    if not outcome.not_learnt:
        return []
    return [
        f"Non entraînés : {', '.join(outcome.not_learnt)}. Il faut, par thème, {FEWEST_OF_A_THEME} verbatims "
        "étiquetés qui en parlent et autant qui n'en parlent pas."
    ]


def _whose(each: Comparison) -> str:
    return f"{AUDIENCES[each.audience]}, {KINDS[each.kind]}"


def _name(measure: str) -> str:
    return dict(HEADLINES)[measure]


def _number(value: float) -> str:
    return f"{value:.3f}".replace(".", ",")


def _interval(each: Comparison) -> str:
    return f"{each.gap:+.3f} [{each.low:+.3f} ; {each.high:+.3f}]".replace(".", ",").replace("-", "−")
