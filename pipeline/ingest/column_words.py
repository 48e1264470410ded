"""The words by which columns of French and English exports are known.

Matched against `plain_key` names whose underscores are spaces.
"""

from __future__ import annotations

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


def _whole(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"^(?:{'|'.join(patterns)})$")


# Who served or leads: even a code there gives figures of one person.
_STAFF = r"(?:conseill(?:er|[èe]re)s?|vendeu(?:r|se)s?|manageu?rs?|responsables?|agents?|sup[ée]rieurs?)"
# Whom a number or code stands for.
_PERSON = r"(?:client|customer|adh(?:[ée]rent)?|soci[ée]taire|abonn[ée]|assur[ée]|member|employee)"
EMPLOYEE = _any(
    *(
        "matricule",
        "collaborat",
        "salari",
        "employ",
        "manager",
        "coll[eè]gue",
        "enps",
        "anciennet",
        "m[ée]tier",
    ),
    *(
        "avantages",
        "inconv[ée]nients",
        r"\bposte\b",
        "votre travail",
        "travaillez",
        "employeur",
        "bien-être",
        r"\brh\b",
        "pulse",
    ),
)
RECORD = _whole(
    *(
        "id",
        "n°",
        "num[ée]ro",
        "r[ée]ponse",
        "response ?id",
        "identifiant(?: de la)? r[ée]ponse",
        "r[ée]pondant",
    ),
    *(
        "id (?:r[ée]p(?:onse)?|avis|review|verbatim|ligne)",
        "(?:respondent|review|record|survey|answer) ?id",
        "uuid",
    ),
)
RESPONDENT = _any(
    *("matricule", "n° client", "code client", "identifiant"),
    rf"\b{_PERSON}$",
    rf"\b{_PERSON} ?(?:id|no|num(?:[ée]ro|ber)?|code|ref|key)$",
    *("participant", "panel", "e-?mail", "courriel", "adresse [ée]lectronique", "external(?:data)?reference"),
    *("user(?:name|id)?$", "auteur", "pseudo"),
)
# « Type de client » groups persons, it tells none apart.
KIND = re.compile(r"^(?:type|cat[ée]gorie|segment|profil|statut|nature)\b")
DATE = _any(
    *("date", "horodat", "timestamp", "time", "jour", "créé", "publi", "recorded", "submitted", "created"),
    *(r"\bdt\b", r" (?:at|on|le)\b", "mois", "p[ée]riode"),
)
BEST_DATE = _any(
    *(
        "recordeddate",
        "horodat",
        "date de r[ée]ponse",
        "submitted",
        "end ?date",
        "date de fin",
        "date modified",
    ),
)
RATING = _any(
    *(
        "nps",
        "recommand",
        "note",
        "satisf",
        "csat",
        "[ée]toile",
        "star",
        "rating",
        "[ée]valu",
        "overall",
        "score",
    ),
)
OVERALL_RATING = _any("nps", "recommand", "globale", "overall")
ESTIMATE = _any("[àa] votre avis", "selon vous", "donneraient", "estim")
QUESTION = _whole("question", "libell[ée] (?:de la )?question", "intitul[ée]")
TITLE = _whole("titre", "title", "headline", "objet", "review title", "titre de l.avis")
TEXT = _any(
    *("verbatim", "comment", "avis", "texte?$", "pourquoi", "r[ée]ponse libre", "suggestion", "remarque"),
    *(
        "am[ée]lior",
        "avantages",
        "inconv[ée]nients",
        "review",
        "contenu",
        "message",
        "dites-nous",
        "pr[ée]cis",
    ),
)
PERSONAL = _whole(
    *("nom", "pr[ée]nom", "name", "first ?name", "last ?name", "recipient.*name", "nom complet", "phone"),
    *(
        "t[ée]l[ée]phone",
        r"t[ée]l\.?",
        "mobile",
        "adresse",
        "ip ?address",
        "adresse ip",
        "(?:date de )?naissance",
        "nom (?:de famille|d.usage|de naissance|et pr[ée]noms?)",
        "pr[ée]noms? et noms?",
        rf"(?:(?:pr[ée]nom|nom|code)(?: et (?:pr[ée]nom|nom))? )?(?:du |de la |de l.|de |de votre )?{_STAFF}",
    ),
)
TECHNICAL = _whole(
    *(
        "start ?date",
        "end ?date",
        "recorded ?date",
        "status",
        "progress",
        "finished",
        "duration.*",
        "location ?(?:lat|long).*",
    ),
    *(
        "distributionchannel",
        "userlanguage",
        "latitude",
        "longitude",
        "collector ?id",
        "custom(?!er).*",
        "url",
        "lien",
    ),
    *("link", "langue", "language", "source", "date created", "date modified"),
)
DIMENSIONS = (
    (
        "unit",
        _any("agence", "unit", "magasin", "boutique", "[ée]tablissement", "point de vente", r"\bsite\b"),
    ),
    ("unit", _any("restaurant", "h[ôo]tel", "store", "branch", "^location$")),
    ("region", _any("r[ée]gion", "territoire", "zone")),
    ("channel", _any("canal", "channel", "m[ée]dia")),
    ("journey_step", _any("parcours", "[ée]tape", "journey", "motif", "moment", "sujet")),
    ("team", _any("[ée]quipe", "team", "service", "direction", "d[ée]partement")),
    ("job", _any("m[ée]tier", "job", "fonction", "poste", "emploi")),
    ("seniority", _any("anciennet", "seniority", "statut")),
    ("country", _any("pays", "country")),
)
