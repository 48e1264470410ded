# ruff: noqa: E501
"""The words of the pages in French and English; those of measures, methods and reasons have their own owner."""

from __future__ import annotations

from pipeline.codebook import Codebook, Language
from pipeline.estimate.wording import ASYMMETRY_WORDING, WORDING

# key → (French, English)
TEXTS: dict[str, tuple[str, str]] = {
    "overview": ("Vue d'ensemble", "Overview"),
    "mirror": ("Miroir", "Mirror"),
    "enchantment": ("Enchantement", "Enchantment"),
    "themes": ("Thèmes", "Themes"),
    "incivility": ("Incivilités", "Incivility"),
    "units": ("Entités", "Units"),
    "alerts": ("Alertes", "Alerts"),
    "quality": ("Qualité des chiffres", "Quality of figures"),
    "poster": ("Affiche", "Poster"),
    "report": ("Rapport", "Report"),
    "period": ("Période", "Period"),
    "everybody": ("Tous", "All"),
    "show": ("Afficher", "Show"),
    "customers": ("Clients", "Customers"),
    "employees": ("Collaborateurs", "Employees"),
    "both": ("Les deux", "Both"),
    "table": ("Voir le tableau", "Show the table"),
    "download": ("Télécharger (CSV)", "Download (CSV)"),
    "value": ("Valeur", "Value"),
    "interval": ("Intervalle", "Interval"),
    "enchantment_rate": ("Enchantement", "Enchantment"),
    "verbatims": ("Verbatims", "Verbatims"),
    "respondents": ("Répondants", "Respondents"),
    "reviewed": ("Relus", "Reviewed"),
    "method": ("Méthode", "Method"),
    "theme": ("Thème", "Theme"),
    "gap": ("Écart", "Gap"),
    "gap_explained": ("Écart clients − collaborateurs, en points", "Gap customers − employees, in points"),
    "net_explained": (
        "Solde : part des avis positifs moins part des avis négatifs, de −100 à +100",
        "Net: share of positive minus share of negative opinions, from −100 to +100",
    ),
    "interval_explained": (
        "Le trait est l'intervalle de confiance à {level} ; il contient l'erreur du modèle.",
        "The bar is the {level} confidence interval; it includes the model's error.",
    ),
    "not_given": ("non donné", "not given"),
    "no_interval": ("sans intervalle", "no interval"),
    "symmetry_index": ("Indice de symétrie", "Symmetry index"),
    "symmetry_explained": (
        "100 : clients et collaborateurs disent la même chose ; 0 : tout les oppose.",
        "100: customers and employees say the same; 0: everything sets them apart.",
    ),
    "sentiment": ("Sentiment", "Sentiment"),
    "sentiment_net": ("Solde de sentiment", "Net sentiment"),
    "trend": ("Au fil du temps", "Over time"),
    "changed": ("Ce qui a changé", "What changed"),
    "changed_none": (
        "Aucun changement que les intervalles permettent d'affirmer.",
        "No change that the intervals can tell.",
    ),
    "since": ("depuis la période précédente", "since the period before"),
    "no_alert": (
        "Aucune alerte : les chiffres sont dans leur bande habituelle.",
        "No alert: figures stay within their usual band.",
    ),
    "no_band": (
        "Pas encore d'alerte possible : il faut six périodes avant celle-ci pour connaître la bande habituelle.",
        "No alert is possible yet: it takes six periods before this one to know the usual band.",
    ),
    "no_units": (
        "Cette publication n'a pas de dimension : déclarez-en une (`dimensions:`) dans la configuration.",
        "This release has no dimension: declare one (`dimensions:`) in the configuration.",
    ),
    "no_table": (
        "Cette publication n'a pas encore ces chiffres.",
        "This release does not have these figures yet.",
    ),
    "no_cell": (
        "Ce croisement n'est pas publié : choisissez une seule dimension, ou ajoutez-le à `estimate.cells`.",
        "This crossing is not published: choose one dimension only, or add it to `estimate.cells`.",
    ),
    "quadrant_map": ("Carte des entités", "Map of units"),
    "said_by_employees": ("ce que disent les collaborateurs", "what employees say"),
    "said_by_customers": ("ce que disent les clients", "what customers say"),
    "hidden": ("masqué", "hidden"),
    "no_data": ("pas de donnée", "no data"),
    "rate_by_audience": ("Part des verbatims enchantés", "Share of enchanted verbatims"),
    "relational_share": ("Part relationnelle des enchantements", "Relational share of enchantments"),
    "by_dimension": ("par «\u00a0{name}\u00a0»", "by “{name}”"),
    "moments": ("Moments racontés", "Moments told"),
    "moments_none": ("Aucun verbatim ne peut être cité ici.", "No verbatim can be quoted here."),
    "share_of_theme": ("Part des verbatims qui en parlent", "Share of verbatims that speak of it"),
    "net_of_theme": ("Solde quand on en parle", "Net when spoken of"),
    "drivers": ("Effet sur la note", "Effect on the rating"),
    "drivers_explained": (
        "Différence de note, toutes choses égales par ailleurs, quand le thème est abordé. Une piste, pas une cause.",
        "Difference in rating, other things equal, when the theme is spoken of. A lead, not a cause.",
    ),
    "unit": ("Entité", "Unit"),
    "open": ("Ouvrir", "Open"),
    "expected": ("attendu", "expected"),
    "last_release": ("Publication du {moment}", "Release of {moment}"),
    "late": (
        "en retard : une publication était attendue au bout de {hours} h",
        "late: a release was due after {hours} h",
    ),
    "broken": (
        "La dernière publication est endommagée ; ceci est la dernière bonne.",
        "The last release is damaged; this is the last good one.",
    ),
    "no_page": ("Page introuvable", "No such page"),
    "no_page_explained": (
        "Cette adresse n'existe pas ici, ou la publication actuelle n'a pas ce document.",
        "This address does not exist here, or the current release has no such document.",
    ),
    "no_release": ("Rien à montrer pour le moment", "Nothing to show yet"),
    "no_release_explained": (
        "Aucune publication lisible. Prévenez l'équipe qui fait tourner Miroir, puis réessayez dans une minute.",
        "There is no release that can be read. Tell the team that runs Miroir, then try again in a minute.",
    ),
    "no_key": ("Accès réservé", "Access is restricted"),
    "no_key_explained": (
        "Il faut une clé pour lire ces pages. Rechargez la page pour la saisir, ou demandez-la à l'équipe qui fait tourner Miroir.",
        "A key is needed to read these pages. Reload the page to enter it, or ask the team that runs Miroir for one.",
    ),
    "details": ("Détails", "Details"),
    "made_from": ("Faite de", "Made from"),
    "model": ("Modèle", "Model"),
    "batches": ("Lots", "Batches"),
    "codebook": ("Grille de lecture", "Codebook"),
    "methods_used": ("Comment les chiffres sont obtenus", "How figures are obtained"),
    "figures_shown": ("Chiffres montrés", "Figures shown"),
    "of_which_earlier": ("dont {n} d'une publication précédente", "{n} of them of an earlier release"),
    "figures_hidden": ("Chiffres masqués", "Figures hidden"),
    "width": ("Largeur médiane de l'intervalle", "Median width of the interval"),
    "reason": ("Raison", "Reason"),
    "contract": ("Contrat de données", "Data contract"),
    "positive_side": ("Ce qui fait plaisir", "What delights"),
    "improve_side": ("Ce qu'il faut améliorer", "What to improve"),
    "report_title": ("Ce que disent clients et collaborateurs", "What customers and employees say"),
    "poster_title": ("Ils nous l'ont dit", "They told us"),
    "poster_note": (
        "Paroles recueillies dans nos enquêtes ; noms et numéros masqués, celles des collaborateurs relues avant affichage.",
        "Words from our surveys; names and numbers masked, those of employees approved before display.",
    ),
    "levers": ("Pistes d'action", "Leads for action"),
    "levers_note": (
        "Des pistes à discuter avec les équipes, tirées des thèmes les plus négatifs ; elles ne disent pas les causes.",
        "Leads to discuss with teams, from the most negative themes; they do not tell causes.",
    ),
    "levers_none": (
        "Aucun thème n'est assez sûrement négatif pour suggérer une piste.",
        "No theme is surely negative enough to suggest a lead.",
    ),
    "lever_said": (
        "{share} des verbatims en parlent ; solde {net} {interval}.",
        "{share} of verbatims speak of it; net {net} {interval}.",
    ),
    "lever_unsure": ("À confirmer : chiffre sans intervalle.", "To be confirmed: a figure without interval."),
    "balance_of_all": ("Solde de tous les thèmes réunis", "Net of all themes together"),
    "digest_title": ("Ce qui vous concerne", "What concerns you"),
    "digest_none": ("Rien ne peut être montré pour votre périmètre.", "Nothing can be shown for your scope."),
    "digest_scope": ("Périmètre", "Scope"),
    "recommendation": ("Recommandation", "Recommendation"),
    "links": ("Clients et collaborateurs vont-ils ensemble ?", "Do customers and employees go together?"),
    "links_explained": (
        "Corrélation de rang entre entités, de −1 à +1. Un lien n'est pas une cause.",
        "Rank correlation across units, from −1 to +1. A link is not a cause.",
    ),
    "same_period": ("même période", "same period"),
    "lagged": ("clients une période après", "customers a period later"),
    "perception": ("Ce que les équipes croient de leurs clients", "What staff believe of their customers"),
    "rank_by": ("Trier", "Sort"),
    "skip": ("Aller au contenu", "Skip to content"),
    "filters": ("Filtres", "Filters"),
    "language": ("English", "Français"),
    "print": ("Imprimer", "Print"),
    "masked_note": (
        "Noms, numéros et adresses sont masqués. Un groupe trop petit n'est jamais montré.",
        "Names, numbers and addresses are masked. A group that is too small is never shown.",
    ),
}


SHORT_REASONS: dict[str, tuple[str, str]] = {
    "no_data": ("aucune donnée", "no data"),
    "not_trained": ("non entraîné", "not trained"),
    "too_unsure": ("trop incertain", "too unsure"),
    "too_few": ("trop peu d'entités", "too few units"),
    "one_side": ("un seul public", "one side only"),
    "held_back": ("publication précédente", "earlier release"),
}


class Words:
    """The words of one language.

    Args:
        language: `fr` or `en`.
        codebook: Names of themes and audiences.
    """

    def __init__(self, language: Language, codebook: Codebook) -> None:
        self.language = language
        self.codebook = codebook

    def __call__(self, key: str, **values: str) -> str:
        """Give a text of the pages, with its places filled in."""
        return self._one_of(TEXTS[key]).format(**values)

    def theme(self, theme: str | None) -> str:
        """Name a theme; an unknown one keeps its identifier."""
        known = self.codebook.themes.get(theme or "")
        return known.name.get(self.language) if known else theme or ""

    def theme_reading(self, theme: str, audience: str) -> str:
        """Say what a theme means for an audience."""
        known = self.codebook.themes.get(theme)
        if known is None:
            return ""
        return (known.customer if audience == "customer" else known.employee).get(self.language)

    def audience(self, audience: str) -> str:
        """Name an audience."""
        key = {"customer": "customers", "employee": "employees"}.get(audience, "both")
        return self(key)

    def measure(self, measure: str) -> str:
        """Name a measure; an unknown one keeps its identifier."""
        return self._worded(measure)

    def reason(self, reason: str | None) -> str:
        """Say why a figure is missing."""
        return self._worded(reason or "no_data")

    def short_reason(self, reason: str | None) -> str:
        """Say in two words why a figure is missing, or of an earlier release; the tables behind the charts say it in full."""
        return self._one_of(SHORT_REASONS.get(reason or "no_data", TEXTS["not_given"]))

    def method(self, method: str | None) -> str:
        """Name a method."""
        return self._worded(method or "")

    def sentiment(self, value: str) -> str:
        """Name a sentiment."""
        known = self.codebook.labels.sentiment.values.get(value)
        return known.name.get(self.language) if known else value

    def asymmetry(self, theme: str) -> str:
        """Name the asymmetry that the field's barometer reads in a theme's gap; empty for most."""
        known = ASYMMETRY_WORDING.get(theme)
        return known.get(self.language) if known else ""

    def quadrant(self, quadrant: str | None) -> str:
        """Name a corner of the map."""
        return self._worded(quadrant or "")

    def _worded(self, code: str) -> str:
        known = WORDING.get(code)
        return known.get(self.language) if known else code

    def _one_of(self, pair: tuple[str, str]) -> str:
        return pair[0] if self.language == "fr" else pair[1]
