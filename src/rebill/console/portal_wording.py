"""What the portal says, in the languages that documents have words in: the one place for its wording.

Templates write the English words, ``say("Statements")``; the console is in English. Words of documents themselves stand
in ``documents/wording.py``.
"""

from collections.abc import Mapping
from typing import Final

from rebill.documents.wording import CHARGE_CATEGORIES
from rebill.model.errors import Forbidden, NotFound, Refusal, TooMany, Unavailable

LANGUAGES: Final = ("de", "fr")
"""Besides English, in the order of the words below."""
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    # Around every page
    "Main": ("Hauptmenü", "Menu principal"),
    "Menu": ("Menü", "Menu"),
    "To the content": ("Zum Inhalt", "Aller au contenu"),
    "To the start": ("Zum Anfang", "Retour à l’accueil"),
    "Sign out": ("Abmelden", "Se déconnecter"),
    "Questions?": ("Fragen?", "Des questions ?"),
    "Not found": ("Nicht gefunden", "Introuvable"),
    "Not allowed": ("Nicht erlaubt", "Non autorisé"),
    "Not done": ("Nicht ausgeführt", "Non effectué"),
    "A form of somebody else had been sent from this browser. It was dropped, and nothing of it was done.": (
        "Von diesem Browser war ein Formular von jemand anderem gesendet worden. Es wurde verworfen, und nichts davon "
        "wurde ausgeführt.",
        "Un formulaire de quelqu’un d’autre avait été envoyé depuis ce navigateur. Il a été abandonné, et rien n’en a "
        "été exécuté.",
    ),
    "There is no such page.": ("Diese Seite gibt es nicht.", "Cette page n’existe pas."),
    "You may not do this here.": ("Das ist Ihnen hier nicht erlaubt.", "Vous n’y êtes pas autorisé ici."),
    "This document has no electronic invoice.": (
        "Zu diesem Dokument gibt es keine E-Rechnung.",
        "Ce document n’a pas de facture électronique.",
    ),
    "The data set is too large to be given here: ask for it.": (
        "Der Datensatz ist zu groß, um ihn hier abzurufen: Fragen Sie danach.",
        "Le jeu de données est trop volumineux pour être fourni ici : demandez-le.",
    ),
    "Nothing was done: load the page anew and send it again.": (
        "Es wurde nichts ausgeführt: Laden Sie die Seite neu und senden Sie noch einmal.",
        "Rien n’a été exécuté : rechargez la page et envoyez à nouveau.",
    ),
    "This was done before.": ("Das wurde bereits ausgeführt.", "Cela a déjà été exécuté."),
    "This is not possible now.": ("Das ist jetzt nicht möglich.", "Ce n’est pas possible maintenant."),
    "Too many attempts: wait a little and try again.": (
        "Zu viele Versuche: Warten Sie ein wenig und versuchen Sie es noch einmal.",
        "Trop de tentatives : attendez un peu et réessayez.",
    ),
    "This cannot be shown at the moment: try again in a few seconds.": (
        "Das lässt sich gerade nicht anzeigen: Versuchen Sie es in einigen Sekunden noch einmal.",
        "Impossible d’afficher cette page pour le moment : réessayez dans quelques secondes.",
    ),
    # Signing in
    "Sign in": ("Anmelden", "Se connecter"),
    "Partner billing for cloud customers. Sign in to go on.": (
        "Abrechnungen Ihrer Cloud. Melden Sie sich an, um fortzufahren.",
        "La facturation de votre cloud. Connectez-vous pour continuer.",
    ),
    "Please sign in here.": ("Bitte melden Sie sich hier an.", "Veuillez vous connecter ici."),
    "That is no key or password that opens anything. Nothing else is said, for safety.": (
        "Dieser Schlüssel oder dieses Passwort öffnet nichts. Mehr wird aus Sicherheit nicht gesagt.",
        "Cette clé ou ce mot de passe n’ouvre rien. Par sécurité, rien d’autre n’est précisé.",
    ),
    "Your session has ended. Sign in again: what you typed is kept.": (
        "Ihre Sitzung ist beendet. Melden Sie sich wieder an: Ihre Eingaben bleiben erhalten.",
        "Votre session est terminée. Reconnectez-vous : votre saisie est conservée.",
    ),
    "Sign in there in another tab, then go on here with what you typed.": (
        "Melden Sie sich dort in einem anderen Tab an, und fahren Sie dann hier mit Ihren Eingaben fort.",
        "Connectez-vous là-bas dans un autre onglet, puis continuez ici avec votre saisie.",
    ),
    "opens another tab": ("öffnet einen anderen Tab", "ouvre un autre onglet"),
    "I am signed in: go on with what I typed": (
        "Ich bin angemeldet: mit meinen Eingaben fortfahren",
        "Je suis connecté : continuer avec ma saisie",
    ),
    "You are not signed in here yet: what you typed is kept.": (
        "Sie sind hier noch nicht angemeldet: Ihre Eingaben bleiben erhalten.",
        "Vous n’êtes pas encore connecté ici : votre saisie est conservée.",
    ),
    "You are signed in. What you typed waits in the other tab: go on there.": (
        "Sie sind angemeldet. Ihre Eingaben warten im anderen Tab: Fahren Sie dort fort.",
        "Vous êtes connecté. Votre saisie vous attend dans l’autre onglet : continuez là-bas.",
    ),
    "With": ("Mit", "Avec"),
    "Go to": ("Weiter zu", "Aller à"),
    "With a password": ("Mit Passwort", "Avec un mot de passe"),
    "E-mail address": ("E-Mail-Adresse", "Adresse e-mail"),
    "Password": ("Passwort", "Mot de passe"),
    "Partner number, if you were given one": (
        "Partnernummer, falls Sie eine erhalten haben",
        "Numéro de partenaire, si vous en avez reçu un",
    ),
    "You are a user of several partners. Go on with one of them:": (
        "Sie sind Benutzer mehrerer Partner. Fahren Sie mit einem davon fort:",
        "Vous êtes utilisateur de plusieurs partenaires. Continuez avec l’un d’eux :",
    ),
    "With an API key": ("Mit API-Schlüssel", "Avec une clé d’API"),
    "API key": ("API-Schlüssel", "Clé d’API"),
    "Sign in with the key": ("Mit dem Schlüssel anmelden", "Se connecter avec la clé"),
    # Statements
    "Statements": ("Abrechnungen", "Relevés"),
    "Month": ("Monat", "Mois"),
    "Document": ("Dokument", "Document"),
    "State": ("Stand", "État"),
    "Date": ("Datum", "Date"),
    "Total": ("Summe", "Total"),
    "Total before tax": ("Summe netto", "Total hors taxes"),
    "Amount due": ("Zahlbetrag", "Montant à payer"),
    "on": ("auf", "sur"),
    "Amounts are before tax.": ("Alle Beträge sind netto, ohne Steuer.", "Les montants sont hors taxes."),
    "Files": ("Dateien", "Fichiers"),
    "Final": ("endgültig", "définitif"),
    "Estimated": ("vorläufig", "estimé"),
    "taken back": ("zurückgenommen", "annulé"),
    "taken back by": ("zurückgenommen durch", "annulé par"),
    "corrects": ("korrigiert", "corrige"),
    "takes back": ("nimmt zurück", "annule"),
    "This document is taken back: what it charges for the month is set off in full.": (
        "Dieses Dokument ist zurückgenommen: Was es für den Monat berechnet, ist vollständig verrechnet.",
        "Ce document est annulé : ce qu’il facture pour le mois est entièrement compensé.",
    ),
    "data set": ("Datensatz", "jeu de données"),
    "Data set (CSV)": ("Datensatz (CSV)", "Jeu de données (CSV)"),
    "Data set (Parquet)": ("Datensatz (Parquet)", "Jeu de données (Parquet)"),
    "Every charge in columns of FOCUS, for tools": (
        "Jeder Posten in Spalten von FOCUS, für Werkzeuge",
        "Chaque poste en colonnes FOCUS, pour des outils",
    ),
    "E-invoice (CII)": ("E-Rechnung (CII)", "Facture électronique (CII)"),
    "E-invoice (UBL)": ("E-Rechnung (UBL)", "Facture électronique (UBL)"),
    "No statement yet.": ("Noch keine Abrechnung.", "Pas encore de relevé."),
    "The first one appears here when a month is billed.": (
        "Die erste erscheint hier, sobald ein Monat abgerechnet ist.",
        "Le premier apparaît ici dès qu’un mois est facturé.",
    ),
    "statement": ("Abrechnung", "relevé"),
    "credit statement": ("Gutschrift", "avoir"),
    "credit note": ("Rechnungskorrektur", "note de crédit"),
    "debit note": ("Nachberechnung", "note de débit"),
    # A statement
    "Figures": ("Zahlen", "Chiffres"),
    "Lines": ("Posten", "Lignes"),
    "No.": ("Nr.", "N°"),
    "Service": ("Dienst", "Service"),
    "Subscription": ("Abonnement", "Abonnement"),
    "Kind": ("Art", "Nature"),
    "Quantity": ("Menge", "Quantité"),
    "Unit": ("Einheit", "Unité"),
    "Amount": ("Betrag", "Montant"),
    "Correction of": ("Korrektur für", "Correction pour"),
    **CHARGE_CATEGORIES,
    "support": ("Support", "assistance"),
    "custom": ("vereinbart", "convenu"),
    "manual": ("Einzelposten", "écriture isolée"),
    "carried forward": ("Vortrag auf die nächste Rechnung", "report sur la prochaine facture"),
    "brought forward": ("Vortrag aus früherer Rechnung", "report d’une facture antérieure"),
    # What it comes to
    "Cost": ("Kosten", "Coûts"),
    "By month": ("Nach Monat", "Par mois"),
    "By service": ("Nach Dienst", "Par service"),
    "By subscription": ("Nach Abonnement", "Par abonnement"),
    "By day": ("Nach Tag", "Par jour"),
    "Cost by day": ("Kosten nach Tag", "Coûts par jour"),
    "Statements by month": ("Abrechnungen nach Monat", "Relevés par mois"),
    "Day": ("Tag", "Jour"),
    "Share": ("Anteil", "Part"),
    "Other": ("Sonstiges", "Autres"),
    "in": ("in", "en"),
    "of": ("für", "de"),
    "more": ("weitere", "de plus"),
    "the rest": ("der Rest", "le reste"),
    "as a table": ("als Tabelle", "en tableau"),
    "the table below has the same figures": (
        "die Tabelle darunter hat dieselben Zahlen",
        "le tableau ci-dessous contient les mêmes chiffres",
    ),
    "Show": ("Zeigen", "Afficher"),
    "Show what each day comes to": ("Zeigen, was auf jeden Tag entfällt", "Afficher le montant de chaque jour"),
    "Back to the statement": ("Zurück zur Abrechnung", "Retour au relevé"),
    "Corrections of other months": ("Korrekturen anderer Monate", "Corrections d’autres mois"),
    "Carried to or from another statement": (
        "Vortrag auf eine oder aus einer anderen Rechnung",
        "Report sur une autre facture ou depuis une autre",
    ),
    "Not of a day: fees, entries, rounding": (
        "Keinem Tag zugeordnet: Gebühren, Einzelposten, Rundung",
        "Sans jour : frais, écritures, arrondi",
    ),
    "No day has charges.": ("Kein Tag hat Posten.", "Aucun jour n’a de poste."),
    "What stands on this document are fees, entries or corrections.": (
        "Auf diesem Dokument stehen Gebühren, Einzelposten oder Korrekturen.",
        "Ce document contient des frais, des écritures ou des corrections.",
    ),
    "Nothing.": ("Nichts.", "Rien."),
    "Nothing yet.": ("Noch nichts.", "Rien pour l’instant."),
    "Months appear here when they are billed.": (
        "Monate erscheinen hier, sobald sie abgerechnet sind.",
        "Les mois apparaissent ici dès qu’ils sont facturés.",
    ),
}
"""English → the same in ``LANGUAGES``."""

_NO_ELECTRONIC_INVOICE: Final = "This document has no electronic invoice."
_REFUSED: Final[Mapping[str, str]] = {
    "not_issued": _NO_ELECTRONIC_INVOICE,
    "not_numbered": _NO_ELECTRONIC_INVOICE,
    "electronic_invoice_incomplete": _NO_ELECTRONIC_INVOICE,
    "data_set_too_large": "The data set is too large to be given here: ask for it.",
    "form_not_ours": "Nothing was done: load the page anew and send it again.",
    "done_already": "This was done before.",
}
"""What a customer is told of a refusal, by its code: what the partner has to do about it is not theirs to read."""
_REFUSED_IN_GENERAL: Final = (
    (NotFound, "There is no such page."),
    (Forbidden, "You may not do this here."),
    (TooMany, "Too many attempts: wait a little and try again."),
    (Unavailable, "This cannot be shown at the moment: try again in a few seconds."),
    (Refusal, "This is not possible now."),
)


def refusal_words(refusal: Refusal) -> str:
    """What a customer is told of a refusal, in English."""
    general = next(words for kind, words in _REFUSED_IN_GENERAL if isinstance(refusal, kind))
    return _REFUSED.get(refusal.code, general)


def said_in(language: str, english: str) -> str:
    """Words of the portal in a language; what there are no words for stays as it is."""
    if language not in LANGUAGES or english not in WORDS:
        return english
    return WORDS[english][LANGUAGES.index(language)]
