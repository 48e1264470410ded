"""What codes of the tables say to people, in French and English: the only place for these words."""

from __future__ import annotations

from types import MappingProxyType

from pipeline.codebook import Wording


def _say(fr: str, en: str) -> Wording:
    return Wording(fr=fr, en=en)


MEASURE_WORDING = MappingProxyType(
    {
        "verbatims": _say("Verbatims reçus", "Verbatims received"),
        "sentiment_positive": _say("Part de verbatims positifs", "Share of positive verbatims"),
        "sentiment_negative": _say("Part de verbatims négatifs", "Share of negative verbatims"),
        "sentiment_mixed": _say("Part de verbatims mitigés", "Share of mixed verbatims"),
        "sentiment_neutral": _say("Part de verbatims neutres", "Share of neutral verbatims"),
        "sentiment_net": _say("Solde : positifs moins négatifs", "Net: positive minus negative"),
        "theme_share": _say("Part de verbatims qui parlent du thème", "Share of verbatims on the theme"),
        "theme_net": _say("Solde du thème parmi ceux qui en parlent", "Net of the theme among its mentions"),
        "enchantment_rate": _say("Part de verbatims d’enchantement", "Share of delighted verbatims"),
        "enchantment_intensity": _say(
            "Part d’enchantement parmi les verbatims positifs ou mitigés",
            "Share of delight among positive or mixed verbatims",
        ),
        "enchantment_relational_share": _say(
            "Part des enchantements dus à une personne", "Share of delights owed to a person"
        ),
        "incivility_abusive": _say("Part de verbatims injurieux", "Share of abusive verbatims"),
        "incivility_reported": _say(
            "Part de verbatims qui rapportent une incivilité", "Share of verbatims reporting incivility"
        ),
        "rating_mean_nps": _say("Note moyenne (0 à 10)", "Mean rating (0 to 10)"),
        "rating_mean_enps": _say("Note moyenne (0 à 10)", "Mean rating (0 to 10)"),
        "rating_mean_csat": _say("Note moyenne de satisfaction (1 à 5)", "Mean satisfaction (1 to 5)"),
        "rating_mean_stars": _say("Nombre moyen d’étoiles (1 à 5)", "Mean stars (1 to 5)"),
        "rating_mean_ten": _say("Note moyenne (1 à 10)", "Mean rating (1 to 10)"),
        "nps": _say("NPS : promoteurs moins détracteurs", "NPS: promoters minus detractors"),
        "enps": _say("eNPS : promoteurs moins détracteurs", "eNPS: promoters minus detractors"),
        "gap": _say("Écart : clients moins collaborateurs", "Gap: customers minus employees"),
        "symmetry_index": _say("Indice de symétrie (0 à 100)", "Symmetry index (0 to 100)"),
        "perception_gap": _say(
            "Écart de perception : estimation des collaborateurs moins réalité des clients",
            "Perception gap: employees’ estimate minus customers’ reality",
        ),
        "perception_gap_employee_customers": _say(
            "Écart de perception des collaborateurs qui sont clients",
            "Perception gap of employees who are customers",
        ),
        "perception_gap_other_employees": _say(
            "Écart de perception des collaborateurs qui ne sont pas clients",
            "Perception gap of employees who are not customers",
        ),
        "employee_customers": _say(
            "Part des collaborateurs qui sont clients", "Share of employees who are customers"
        ),
        "rank_correlation": _say(
            "Lien entre unités : corrélation de rang clients et collaborateurs",
            "Link across units: rank correlation of customers and employees",
        ),
        "rating_difference": _say(
            "Différence de note quand le thème est cité", "Difference in rating when the theme is mentioned"
        ),
        "rating_effect": _say(
            "Différence de note, les autres thèmes étant égaux", "Difference in rating, other themes equal"
        ),
        "theme_balance": _say(
            "Solde du thème rapporté à tous les verbatims (sans thème : leur somme)",
            "The theme’s net over all verbatims (without theme: their sum)",
        ),
        "change": _say("Variation depuis la période précédente", "Change since the previous period"),
        "change_mix": _say("Part due aux sujets abordés", "Part due to what is spoken of"),
        "change_tone": _say("Part due au ton sur chaque sujet", "Part due to how it is spoken of"),
        "alert": _say("Sortie de la bande habituelle", "Outside its usual band"),
    }
)

METHOD_WORDING = MappingProxyType(
    {
        "count": _say("Comptage simple", "Plain count"),
        "calibrated": _say(
            "Étiquettes automatiques, corrigées de l’erreur connue du modèle",
            "Automatic labels, corrected for the model’s known error",
        ),
        "partial": _say(
            "Étiquettes automatiques, corrigées en partie par des relectures",
            "Automatic labels, partly corrected by reviews",
        ),
        "ppi": _say(
            "Étiquettes automatiques, corrigées par les relectures du groupe",
            "Automatic labels, corrected by the group’s reviews",
        ),
        "exact": _say("Tous les verbatims ont été relus", "Every verbatim was reviewed"),
    }
)

REASON_WORDING = MappingProxyType(
    {
        "no_data": _say("Aucune donnée", "No data"),
        "protected": _say(
            "Masqué pour protéger les personnes : groupe trop petit, ou qui en révélerait un autre",
            "Hidden to protect people: a group too small, or one that would reveal another",
        ),
        "held_back": _say(
            "Chiffre d’une publication précédente : trop peu de personnes ont changé depuis",
            "Figure of an earlier release: too few people changed since",
        ),
        "too_few_changed": _say(
            "Masqué : le chiffre précédent ne vaut plus, et trop peu de personnes ont changé depuis",
            "Hidden: the previous figure no longer holds, and too few people changed since",
        ),
        "not_trained": _say(
            "Thème non entraîné : le modèle ne l’a pas appris",
            "Theme not trained: the model has not learnt it",
        ),
        "too_unsure": _say(
            "Trop incertain pour être donné : relire davantage de verbatims",
            "Too unsure to be given: review more verbatims",
        ),
        "no_calibration": _say(
            "Sans intervalle : l’erreur du modèle n’a pas été mesurée",
            "Without interval: the model’s error was not measured",
        ),
        "too_few": _say("Trop peu d’unités pour conclure", "Too few units to conclude"),
        "one_side": _say("Un seul public s’est exprimé", "Only one audience spoke"),
    }
)

QUADRANT_WORDING = MappingProxyType(
    {
        "both_well": _say("Bien des deux côtés", "Well on both sides"),
        "customers_better": _say(
            "Clients mieux servis que les collaborateurs", "Customers better served than staff"
        ),
        "employees_better": _say(
            "Collaborateurs mieux traités que les clients", "Staff better treated than customers"
        ),
        "both_badly": _say("Mal des deux côtés", "Badly on both sides"),
        "undecided": _say("L’incertitude ne permet pas de trancher", "Too unsure to say"),
    }
)

ASYMMETRY_WORDING = MappingProxyType(
    {
        "listening": _say("Asymétrie d’écoute", "Asymmetry of listening"),
        "feedback": _say("Asymétrie d’agilité", "Asymmetry of agility"),
    }
)

WORDING = MappingProxyType({**MEASURE_WORDING, **METHOD_WORDING, **REASON_WORDING, **QUADRANT_WORDING})
