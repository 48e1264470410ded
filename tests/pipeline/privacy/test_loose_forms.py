"""What people write in a hurry: surnames that are words, addresses in lower case, odd groups."""

import polars as pl
import pytest

from pipeline.privacy.masking import mask_column, mask_text

SURNAMES = [
    ("Mme Le Bras est top", "Mme [PERSONNE] est top"),
    ("MME LE BRAS", "MME [PERSONNE]"),
    ("Merci à M. Le Bon du guichet", "Merci à M. [PERSONNE] du guichet"),
    ("Mr DE LA TOUR est incompétent", "Mr [PERSONNE] est incompétent"),
    ("M. de La Tour du Pin est venu", "M. [PERSONNE] est venu"),
    ("Rappelé par M. De La Rue", "Rappelé par M. [PERSONNE]"),
    ("Rappelé par M. du Bois", "Rappelé par M. [PERSONNE]"),
    ("Rappelé par Mme La Porte", "Rappelé par Mme [PERSONNE]"),
    ("Mme de Saint-Exupéry est venue", "Mme [PERSONNE] est venue"),
    ("Mme Saint-Martin m'a aidée", "Mme [PERSONNE] m'a aidée"),
    ("Mme Saint Martin m'a aidée", "Mme [PERSONNE] m'a aidée"),
    ("M. Saint-Jean a été odieux", "M. [PERSONNE] a été odieux"),
    ("Reçue par Mme Saint-Denis", "Reçue par Mme [PERSONNE]"),
    ("je suis Mme Saint-Martin", "je suis Mme [PERSONNE]"),
    (
        "M. Boulanger de l'agence de Lyon m'a raccroché au nez",
        "M. [PERSONNE] de l'agence de Lyon m'a raccroché au nez",
    ),
    ("Rien à dire. Cordialement, Mme Boulanger", "Rien à dire. Cordialement, Mme [PERSONNE]"),
    ("madame boulanger du sav est nulle", "madame [PERSONNE] du sav est nulle"),
    ("Mme Lyon du service client", "Mme [PERSONNE] du service client"),
    ("Appelé Mme Peugeot trois fois", "Appelé Mme [PERSONNE] trois fois"),
    ("Mme Bon au guichet est adorable", "Mme [PERSONNE] au guichet est adorable"),
    ("J'ai eu affaire à Chidinma Okonkwor, très pro", "J'ai eu affaire à [PERSONNE], très pro"),
    ("Reçue par Tsvetelina Dragnevska à midi", "Reçue par [PERSONNE] à midi"),
    ("Rose de la caisse me connaît", "[PERSONNE] de la caisse me connaît"),
    ("Vu avec Marchand Hélène ce matin", "Vu avec [PERSONNE] ce matin"),
    ("mon conseiller lefebvre ne rappelle pas", "mon conseiller [PERSONNE] ne rappelle pas"),
    ("reçue par lefebvre hier", "reçue par [PERSONNE] hier"),
]
ADDRESSES = [
    ("J'habite au 14 cours lafayette", "J'habite au [ADRESSE]"),
    ("j'habite 3 allée des tilleuls à Nantes", "j'habite [ADRESSE] à Nantes"),
    ("mon adresse : 12 place de la mairie", "mon adresse : [ADRESSE]"),
    ("au 3 bis allée des tilleuls", "au [ADRESSE]"),
    ("livré au 12 allée des roses", "livré au [ADRESSE]"),
    ("livraison 3 place carnot", "livraison [ADRESSE]"),
    ("27 rte de vannes nantes", "[ADRESSE] nantes"),
    ("j'habite rue victor hugo", "j'habite [ADRESSE]"),
    ("j'habite rue pasteur à Lyon", "j'habite [ADRESSE] à Lyon"),
    ("je demeure avenue foch", "je demeure [ADRESSE]"),
    ("nous habitons résidence les acacias à Brest", "nous habitons [ADRESSE] à Brest"),
    ("j'habite le 8 de la rue Pasteur", "j'habite le [ADRESSE]"),
]
NUMBERS_AND_HANDLES = [
    ("Mon numéro 6 12 34 56 78", "Mon numéro [TELEPHONE]"),
    ("Tel 06 12 34 56 7 8", "Tel [TELEPHONE]"),
    ("Tel 06 12 34 567 8", "Tel [TELEPHONE]"),
    ("Tel 06123 45678", "Tel [TELEPHONE]"),
    ("Tel 0.612.345.678", "Tel [TELEPHONE]"),
    ("Tel 06 : 12 34 56 78", "Tel [TELEPHONE]"),
    ("mon numéro fiscal est le 30 12 345 678 901", "mon numéro fiscal est le [REFERENCE]"),
    ("numéro fiscal 12 34 567 890 123", "numéro fiscal [REFERENCE]"),
    ("n° CAF 0123456", "n° CAF [REFERENCE]"),
    ("numéro CAF : 1234567", "numéro CAF : [REFERENCE]"),
    ("mon n° ss: 269 054 958 815 780", "mon n° ss: [NIR]"),
    ("Mon AVS 756.9217.0769.85", "Mon AVS [NIR]"),
    ("registre national 85 07 30 033 28", "registre national [NIR]"),
    ("je suis le 85.07.30-033.28", "je suis le [NIR]"),
    ("garé sur place, 1-ABC-234", "garé sur place, [PLAQUE]"),
    ("la voiture VD 345 678 bloque l'entrée", "la voiture [PLAQUE] bloque l'entrée"),
    ("appelez le 02 513 45 67", "appelez le [TELEPHONE]"),
    ("fixe 081/23.45.67", "fixe [TELEPHONE]"),
    ("Mon matricule est le 004513", "Mon matricule est le [REFERENCE]"),
    ("https://a.fr/reset/3c9e1f7b5d2a8e", "https://a.fr/[REFERENCE]"),
    ("instagram marie_drt", "instagram [PERSONNE]"),
    ("mon snap marie_drt.", "mon snap [PERSONNE]."),
    ("retrouvez-moi sur insta marie_drt", "retrouvez-moi sur insta [PERSONNE]"),
    ("mon pseudo PSN: DarkSasuke75", "mon pseudo PSN: [PERSONNE]"),
    ("écrire à jean dupont@gmail.com", "écrire à [EMAIL]"),
    ("discord Leo#1234", "discord [PERSONNE]"),
    ("insta leo.drt92", "insta [PERSONNE]"),
]
MUST_STAY = [
    "Le 85.07.30-033.29 et le 756.9217.0769.86 n'ont pas leur clé, VD 345 678 est un lot",
    "La Directrice et le chef boulanger ont reçu la responsable caisse",
    "J'ai eu affaire à Samsung, affaire à suivre, reçu par La Poste",
    "Mon contrat est 100 % en ligne, mon colis est 2 jours en retard, ma facture est 150 euros",
    "Lu sur https://www.lemonde.fr/economie/article/les-10-meilleures-banques-en-ligne",
    "Passé de 0.25 à 0.50 %, puis 02 et 03, le 02/10/2024 et le 012",
    "La rose de la boutique est fanée",
    "Merci à madame la Maire et à Mme la directrice",
    "MADAME LE MAIRE, MME LA DIRECTRICE",
    "Monsieur Le Directeur, Madame La Responsable, Monsieur le Médiateur",
    "Le monsieur du Rayon bricolage, la madame de la Réception",
    "BONJOUR MME LE COLIS EST CASSÉ",
    "bonjour madame le colis est cassé",
    "bonjour madame boulanger est fermé",
    "Merci madame. Bon accueil, Lyon est une belle ville",
    "Taille M. Large, je suis ravie",
    "Boulanger, Peugeot et la gare Saint-Jean de Lyon",
    "2 places de concert, 3 cours de yoga, 1 route barrée, 4 quais fermés",
    "mon adresse mail rapidité pour le changement merci, et notre adresse Mail me résilie",
    "mon adresse porte un autre numéro, mon adresse place le colis ailleurs",
    "J'habite Lyon et je prends 2 cours par semaine",
    "J'habite la rue principale, dans la résidence calme",
    "Dans les 2 allées du magasin, personne",
    "livré 1 porte cassée au lieu de 2",
    "Le 06.07.26 12:30, le 06-07-2026 10:15, le 06 07 2026 10h15",
    "Le numéro de la CAF, 3230, ne répond pas, la CAF 59000 Lille non plus",
    "Contact 1 20 30 40 50 euros, numéro 6 sur 10",
    "Vu sur insta super.10/10, facebook h24, snap ps5, instagram en 2023",
    "Écran 55 pouces, réf. iPhone 15, 1080p, 12 000 000 € en 2024",
]


@pytest.mark.parametrize(("text", "masked"), [*SURNAMES, *ADDRESSES, *NUMBERS_AND_HANDLES])
def test_mask_text_finds_what_is_written_in_a_hurry(text, masked):
    assert mask_text(text)[0] == masked
    assert mask_text(masked) == (masked, {})


@pytest.mark.parametrize("text", MUST_STAY)
def test_mask_text_leaves_what_looks_alike(text):
    assert mask_text(text) == (text, {})


def test_mask_column_screens_no_loose_form_out():
    loose = [*SURNAMES, *ADDRESSES, *NUMBERS_AND_HANDLES]
    column, _ = mask_column(pl.Series([text for text, _ in loose]))
    assert column.to_list() == [masked for _, masked in loose]
