"""Words that announce a person's name, and words that rule one out. All folded."""

from __future__ import annotations

import re
from typing import Final


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


TITLES: Final = _set(
    "mr mme mm mmes mrs mlle melle mlles monsieur madame mademoiselle dr docteur pr professeur maitre veuve"
)
# « Monsieur le Directeur », « Madame Je vous écris »: capitals that are no names.
NOT_AFTER_TITLE: Final = _set(
    "le la les l un une et ou de du des directeur directrice responsable president presidente maire"
    " ministre bonjour bonsoir merci"
    " monsieur madame mademoiselle messieurs mesdames suite je j il elle nous vous on c ce cette cet ceci"
    " cela ca mon ma mes votre vos"
    " notre nos pour par avec dans en au aux a sur sans tout tous tres bien apres avant depuis lors quand"
    " si mais car donc or ni que qui"
    " objet ref cordialement veuillez client cliente conseiller conseillere bricolage meuble propre store"
    " est sont etait ai avez avons"
    " ayant voici voila parce comme bon bonne super top cest jai jai x xx xxx xxxx"
)
NAMED: Final = _set(
    "nomme nommee denomme denommee prenomme prenommee prenom appele appelee baptise surnomme alias"
)
REFLEXIVE: Final = _set("m s t")
CALLED: Final = _set("appelle appelles appelait appellait apelle")
CERTAIN: Final = _set("certain certaine")
CLOSINGS: Final = _set(
    "cordialement cordialemment cdt cdlt cordial cordiales salutations respectueusement sincerement"
    " amicalement amities bises bisous signe signee"
    " signature crdt bav bientot attentivement courtoisement"
)
SOFT_CLOSINGS: Final = _set("merci vous journee soiree continuation avance")
# Human roles: an unlisted capitalised word after them is a name.
ROLES: Final = _set(
    "conseiller conseillere conseilleres conseillers conseillier conseilliere interlocuteur interlocutrice"
    " banquier banquiere"
    " gestionnaire collegue collegues manager manageuse superieur superieure assistante assistant"
    " secretaire standardiste"
    " teleconseiller teleconseillere teleoperateur teleoperatrice operateur operatrice receptionniste"
    " hotesse serveur serveuse caissiere"
    " caissier vendeuse infirmiere infirmier aide-soignante chargee charge formateur formatrice coach chef"
    " cheffe chefs patron patronne"
    " gerant gerante proprietaire directeur directrice responsable mari femme epoux epouse fils fille frere"
    " soeur pere mere compagnon"
    " compagne conjoint conjointe voisin voisine ami amie neveu niece cousin cousine tuteur tutrice agente"
    " courtier courtiere expert"
    " experte animateur animatrice educatrice educateur professeure coiffeuse coiffeur estheticienne"
    " maitresse rh drh stagiaire"
    " alternante alternant apprenti apprentie bebe enfant maman papa tonton tata mamie papi salarie salariee"
)
# Roles that a company often fills (« le vendeur Dealpark »): only a known first name counts after them.
LOOSE_ROLES: Final = _set(
    "vendeur livreur transporteur technicien technicienne agent chauffeur facteur depanneur reparateur"
    " commercial commerciale medecin"
    " dentiste avocat avocate notaire plombier garagiste mecanicien installateur monteur equipe personne"
    " dame jeune demoiselle fille"
    " garcon homme monsieur collaborateur collaboratrice client cliente dirigeant personnel"
)
# Roles after « madame la », « Monsieur Le » that are in neither list above.
OFFICES: Final = _set(
    "juge procureur procureure prefet prefete mediateur mediatrice conciliateur depute deputee senateur"
    " senatrice proviseur principal principale recteur rectrice commissaire inspecteur inspectrice doyen"
    " doyenne huissier greffier general generale commandant capitaine colonel ambassadeur cure tresorier"
    " tresoriere conducteur conductrice controleur controleuse psychologue surveillant surveillante gardien"
    " gardienne concierge adjoint adjointe delegue deleguee representant representante reception securite"
)
ROLE_FILLERS: Final = _set(
    "clientele client clients commercial commerciale technique telephonique telephone bancaire attitree"
    " attitre habituelle habituel d de la"
    " du nomme nommee prenomme prenommee appele appelee actuel actuelle ancien ancienne s m appelle nom rh"
    " agence adoree prefere preferee"
)
THANKS: Final = _set(
    "merci mercii mercie remercie remercier remerciement remerciements remercions bravo felicitation"
    " felicitations felicite chapeau"
    " coucou bonjour bonsoir salut hello bisous pensee mention"
)
BY_WHOM: Final = _set("par avec via grace envers selon chere cher notamment surtout dont")
LINKS: Final = _set(
    "a au aux et encore beaucoup specialement speciale special particulierement surtout notamment tout toute"
    " infiniment vivement enormement grandement sincerement chaleureusement tellement bcp mille fois immense"
)
CONJUNCTIONS: Final = _set("et ou ainsi que")
# « accueilli par pierre »: who did it is a person.
DONE_BY_SOMEBODY: Final = _set(
    "accueilli accueillie accueillis recu recue recus servi servie servis conseille conseillee conseilles"
    " renseigne renseignee aide aidee accompagne accompagnee rappele rappelee depanne depannee guide guidee"
    " forme formee coiffe coiffee harcele harcelee insulte insultee agresse agressee anime animee manage"
    " managee encadre encadree rassure rassuree"
)
# First names that are ordinary words, yet frequent as names in lower case where the context is a person's.
LOWER_NAMES: Final = _set(
    "aurore charlotte claire colombe florentine garance gloria hermine jean louis manuel marc maria marie"
    " marine maxime melisse oceane pierre regis romain romane rose sibylle thais tom victoria"
)
PARTICLES: Final = _set(
    "de du des d la le el al ben bin ibn van von der den da dos di del della st mac mc y ould ait"
)
# After « Sandrine de … » or « Julie du … »: her place of work, not her family.
NOT_FAMILY: Final = _set(
    "service services agence magasin accueil rayon sav direction equipe boutique banque assurance support"
    " centre departement pole"
    " hotline plateau standard restaurant hotel caisse region secteur site groupe"
)
PLACE_HEADS: Final = _set(
    "rue avenue boulevard bd place quai cours chemin impasse allee allees square passage pont gare station"
    " metro aeroport stade hopital"
    " clinique lycee college ecole universite fac theatre musee parc jardin esplanade tour centre residence"
    " eglise cathedrale cite"
    " faubourg port col mont fort caserne porte hotel brasserie restaurant bistrot bouchon cafe boulangerie"
    " patisserie maison domaine"
    " chateau cave caves garage carrosserie cabinet laboratoire librairie pharmacie salon camping villa"
    " fondation prix institut loi lot transports transport champagne ets societe sarl entreprise chocolat"
    " soupe potage marque"
    " halles bois lac ile iles cap baie plage saint sainte st ste notre-dame salade sauce tarte pizza poire"
    " peche quiche bataille"
)
# After these a name in any case is a saint's or a dish's.
SAINTS: Final = _set("saint sainte saints st ste salade sauce soupe tarte potage")
ARTICLES: Final = _set("le la les l un une des du au aux ce cette")
HEAD_FILLERS: Final = _set(
    "de du des d la le les l general marechal docteur president saint sainte st ste commandant abbe pere"
    " professeur"
)

_GOOD: Final = (
    "tres|vraiment|toujours|super|extremement|particulierement|trop|si|aussi|plus|hyper|top|geniale?"
    "|adorable|gentille?|formidable|parfaite?"
    "|exceptionnelle?|incroyable|souriante?|aimable|competente?|professionnelle?|efficace|disponible"
    "|patiente?|reactive?|reactif|au top|a l'ecoute"
    "|d'une|d'un|charmante?|agreable|accueillante?|attentive?|attentif|serviable|sympathique|sympa|une"
    " perle|un ange|desagreable|odieuse?"
    "|nulle?|incompetente?|impolie?|agressive?|agressif|remarquable|admirable|excellente?|chaleureuse?"
    "|chaleureux|courtoise?|bienveillante?"
)
FOLLOWED_BY_PERSON: Final = re.compile(
    rf"(?:\s?[,(:]?\s*(?:elle|il|qui)\s+(?:m'|nous |a |est |etait |avait |n'|ne |s'|sait |fait |prend |gere"
    rf" |connait )"
    rf"|\s+(?:m'a|m'avait|nous a|nous avait|m'ont|s'est|s'occupe|s'en est|vous a|t'a|ma (?:aide|conseill"
    rf"|recu|accueilli|repondu|rappel))"
    rf"|\s+(?:a|avait) (?:su|pris|repondu|resolu|regle|trouve|fait preuve|passe|repris|accepte|refuse|gere"
    rf"|debloque|retrouve)\b"
    rf"|\s+(?:a ete|est|etait|fut|sera|reste) (?:{_GOOD})\b"
    r"|\s+(?:de l'agence|du service|du magasin|du standard|du sav|du rayon|de l'accueil|de la boutique|du"
    r" support|de la hotline|du guichet)"
    r"|\s*,?\s?\(?(?:a l'accueil|au tel(?:ephone)?\b|en caisse|a la caisse|au rayon|au standard|(?:ma|mon"
    r"|notre|la|le|une?) (?:conseill|vendeu|charge"
    r"|interlocut|gestionnaire|responsable|direct|serveu|receptionniste|manager|chef|livreu|technicien|facteu"
    r"|coiffeu|caissi|infirmi|stagiaire|commerciale?\b|cariste|tuteu|tutrice|collegue))"
    r"|\s+(?:a ete|est|etait) (?:(?:vire|mute|embauche|arrive|parti|venu|intervenu|passe)e?\b|promu"
    r"|en (?:formation|vacances|conges?|stage|arret)\b"
    r"|(?:le|la) meilleure? (?!produit|site|offre|prix|choix))"
    r"|\s+et (?:sa|son|ses) (?:collegue|equipe|collaborat|assistant)"
    r"|\s+qui fait (?:son|un) stage"
    r"|\s+(?:sourit|souriait|m'accueille|nous accueille|repond|gere)\b)"
)
# What a person does, after a first name that is also a word: « Claire a », « Iris du rayon ».
PERSON_DOES: Final = re.compile(
    r"(?: \([^()]{2,20}\))?,? (?:a|est|etait|avait|m'|nous|vous|ne|n'|s'est|s'occup|sait|connait|fait"
    r"|prend|repond|merite|explique|refuse|comprend|parle|travaille|gere|sourit|pourrait|devrait"
    r"|au (?:drive|guichet|standard|telephone)|du (?:rayon|sav|service|magasin|drive|guichet)"
    r"|de la (?:compta(?:bilite)?|caisse|paie|direction|drh|boutique|reception|hotline|logistique)"
    r"|de l'accueil|et (?:sa|son|ses))\b"
)
# First names that mean something else even with a capital within a sentence.
MEANS_MORE: Final = _set(
    "noel toussaint islam junior france victoire grace jun max mel prince princesse sauveur"
)
# What follows a first name in lower case that is also a word.
FOLLOWED_BY_ROLE: Final = re.compile(
    r",? (?:le|la|mon|ma|notre) (?:livreu|conseill|vendeu|technicien|serveu|facteu|coiffeu|caissi|guide\b"
    r"|infirmi|stagiaire|responsable|manager|collegue)"
    r"| (?:m'a|nous a|m'avait) "
)
STRONGLY_FOLLOWED: Final = re.compile(
    r"(?:\s?,\s*(?:elle|il)\s+(?:m'|nous |a |est |etait |avait |s')"
    r"|\s+m'a (?:bien |tres bien |parfaitement |super bien )?(?:aide|accueilli|conseille|renseigne|guide"
    r"|ecoute|rassure|recu)e?\b"
    r"|\s+(?:de l'agence|de l'accueil|du guichet)\b"
    r"|\s+m'a (?:depanne|rappele|recontacte|sauve|servi)e?\b"
    r"|\s*,\s?(?:(?:ma|mon|notre) (?:conseill|charge|interlocut|gestionnaire|manager|chef|collegue"
    r"|responsable)))"
)
