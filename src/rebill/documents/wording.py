"""What documents say in the customer's language, and how its numbers and days are written.

Words are there in English, German and French. Any other language has English words, its own numbers,
and days that are read everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from rebill.model.money import text_of_minor_units, without_spare_zeros
from rebill.model.months import BillingMonth

if TYPE_CHECKING:
    from babel import Locale

_ENGLISH = {
    "statement": "Invoice",
    "credit_statement": "Credit statement",
    "debit_note": "Debit note",
    "credit_note": "Credit note",
    "estimate": "Estimate – not an invoice",
    "number": "Number",
    "date": "Date",
    "due": "Due",
    "on_receipt": "on receipt",
    "to_be_credited": "The amount is credited to you.",
    "period": "Billing period",
    "customer": "Customer",
    "reference": "Your reference",
    "tax_id": "Tax id",
    "registration": "Registration",
    "corrects": "Corrects",
    "reason": "Reason",
    "service": "Service",
    "provider": "Provider",
    "category": "Category",
    "quantity": "Quantity",
    "amount": "Amount",
    "net": "Net total",
    "total": "Total",
    "payable": "Amount due",
    "tax_on": "Tax {percent} % on {base}",
    "usage": "Usage by subscription",
    "subscription": "Subscription",
    "without_subscription": "Without subscription",
    "subtotal": "Subtotal",
    "correction_of": "Correction of {month}",
    "page": "Page {page} of {pages}",
    "pay_to": "Please pay to",
    "support": "Support",
    "custom": "Charges by agreement",
    "manual": "Single entries",
    "carried_forward": "Carried forward",
    "brought_forward": "Brought forward",
    "other": "Other",
}
_GERMAN = {
    "statement": "Rechnung",
    "credit_statement": "Gutschrift",
    "debit_note": "Nachberechnung",
    "credit_note": "Rechnungskorrektur",
    "estimate": "Vorschau – keine Rechnung",
    "number": "Nummer",
    "date": "Datum",
    "due": "Fällig",
    "on_receipt": "bei Erhalt",
    "to_be_credited": "Der Betrag wird Ihnen gutgeschrieben.",
    "period": "Abrechnungszeitraum",
    "customer": "Kunde",
    "reference": "Ihr Zeichen",
    "tax_id": "USt-IdNr.",
    "registration": "Registernummer",
    "corrects": "Korrigiert",
    "reason": "Grund",
    "service": "Dienst",
    "provider": "Anbieter",
    "category": "Art",
    "quantity": "Menge",
    "amount": "Betrag",
    "net": "Summe netto",
    "total": "Summe",
    "payable": "Zahlbetrag",
    "tax_on": "Steuer {percent} % auf {base}",
    "usage": "Verbrauch nach Abonnement",
    "subscription": "Abonnement",
    "without_subscription": "Ohne Abonnement",
    "subtotal": "Zwischensumme",
    "correction_of": "Korrektur für {month}",
    "page": "Seite {page} von {pages}",
    "pay_to": "Bitte zahlen Sie an",
    "support": "Support",
    "custom": "Vereinbarte Posten",
    "manual": "Einzelposten",
    "carried_forward": "Vortrag auf die nächste Rechnung",
    "brought_forward": "Vortrag aus früherer Rechnung",
    "other": "Sonstiges",
}
_FRENCH = {
    "statement": "Facture",
    "credit_statement": "Avoir",
    "debit_note": "Note de débit",
    "credit_note": "Note de crédit",
    "estimate": "Estimation – pas une facture",
    "number": "Numéro",
    "date": "Date",
    "due": "Échéance",
    "on_receipt": "à réception",
    "to_be_credited": "Le montant vous est crédité.",
    "period": "Période de facturation",
    "customer": "Client",
    "reference": "Votre référence",
    "tax_id": "N° TVA",
    "registration": "N° d’immatriculation",
    "corrects": "Corrige",
    "reason": "Motif",
    "service": "Service",
    "provider": "Fournisseur",
    "category": "Nature",
    "quantity": "Quantité",
    "amount": "Montant",
    "net": "Total hors taxes",
    "total": "Total",
    "payable": "Montant à payer",
    "tax_on": "Taxe {percent} % sur {base}",
    "usage": "Consommation par abonnement",
    "subscription": "Abonnement",
    "without_subscription": "Sans abonnement",
    "subtotal": "Sous-total",
    "correction_of": "Correction pour {month}",
    "page": "Page {page} sur {pages}",
    "pay_to": "À régler à",
    "support": "Assistance",
    "custom": "Prestations convenues",
    "manual": "Écritures isolées",
    "carried_forward": "Report sur la prochaine facture",
    "brought_forward": "Report d’une facture antérieure",
    "other": "Autres",
}
_WORDS: Mapping[str, Mapping[str, str]] = {"en": _ENGLISH, "de": _GERMAN, "fr": _FRENCH}

CHARGE_CATEGORIES: Mapping[str, tuple[str, str]] = {
    "Usage": ("Verbrauch", "Consommation"),
    "Purchase": ("Kauf", "Achat"),
    "Credit": ("Gutschrift", "Crédit"),
    "Adjustment": ("Anpassung", "Ajustement"),
    "Tax": ("Steuer", "Taxe"),
}
"""Categories of charges, as cost lines name them, in German and French."""


def is_language(tag: str) -> bool:
    """Whether a tag such as ``de`` or ``fr-CH`` names a language whose numbers and days are known."""
    return _locale(tag) is not None


@cache
def _locale(tag: str) -> "Locale | None":
    # Late: a third of the time a command takes to start, and few need it.
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(tag.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError):
        return None


@dataclass(frozen=True)
class Wording:
    """Words, numbers and days of one language; amounts are rounded before they come here."""

    tag: str
    language: str
    """Of the words: two letters."""
    locale: "Locale"

    def __getitem__(self, name: str) -> str:
        return _WORDS[self.language][name]

    @property
    def has_words(self) -> bool:
        """Whether the words are in this language, and not in English instead."""
        return self.locale.language == self.language

    def charge_category(self, name: str) -> str:
        """A category of charges; one that is not known stays as it is written."""
        german, french = CHARGE_CATEGORIES.get(name, (name, name))
        return {"de": german, "fr": french}.get(self.language, name)

    def country(self, text: str) -> str:
        """The country of an address: a code of two letters as the country's name, anything else as it is written."""
        from babel import Locale

        is_code = len(text) == 2 and text.isalpha()
        return str(Locale.parse(self.language).territories.get(text.upper(), text)) if is_code else text

    def amount(self, minor_units: int, digits: int, currency: str = "") -> str:
        """Minor units with the currency's digits; ``currency``: its code stands behind."""
        text = self.decimal(Decimal(text_of_minor_units(minor_units, digits)), digits)
        return f"{text}\N{NO-BREAK SPACE}{currency}" if currency else text

    def decimal(self, value: Decimal, digits: int) -> str:
        """A number that is rounded to so many decimals, with all of them."""
        from babel.numbers import format_decimal

        pattern = "#,##0." + "0" * digits if digits else "#,##0"
        return str(format_decimal(value, format=pattern, locale=self.locale))

    def number(self, value: Decimal) -> str:
        """A number with the decimals it has, without zeros at its end."""
        from babel.numbers import format_decimal

        return format_decimal(without_spare_zeros(value), locale=self.locale, decimal_quantization=False)

    def day(self, day: date | None) -> str:
        """A day as the words' language writes it, else as ``2024-10-08``; ``""`` where there is none."""
        from babel.dates import format_date

        if day is None:
            return ""
        return format_date(day, "long", locale=self.locale) if self.has_words else day.isoformat()

    def month(self, month: BillingMonth) -> str:
        """A billing month as the words' language writes it, such as ``September 2024``, else as ``2024-09``."""
        return self._month(month, "yMMMM")

    def short_month(self, month: BillingMonth) -> str:
        """The same with its name cut short, such as ``Sep 2024``."""
        return self._month(month, "yMMM")

    def _month(self, month: BillingMonth, skeleton: str) -> str:
        from babel.dates import format_skeleton

        return format_skeleton(skeleton, month.first_day, locale=self.locale) if self.has_words else str(month)


@cache
def wording_of(tag: str) -> Wording:
    """The wording of a language's tag; of one that is not known, English."""
    locale = _locale(tag) or _locale("en")
    if locale is None:
        raise AssertionError("English is known")
    return Wording(tag, locale.language if locale.language in _WORDS else "en", locale)
