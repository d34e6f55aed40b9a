"""A statement or note as an electronic invoice by EN 16931: the values that both of its syntaxes write down.

A document below 0 is a credit note, whose amounts are written without their sign. A line has the quantity 1, or −1
where it takes something back: what was really used stands in its description.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rebill.documents.countries import country_code
from rebill.documents.presented import PresentedStatement
from rebill.documents.wording import wording_of
from rebill.model.document import DocumentType
from rebill.model.errors import Conflict
from rebill.model.exemption_codes import is_exemption_code
from rebill.model.money import text_of, text_of_minor_units, without_spare_zeros
from rebill.model.particulars import Particulars, Recipient
from rebill.model.party import Address
from rebill.model.statement import LineKind, ShownLine, StatementStatus
from rebill.model.tax import TaxCategory, TaxPart, TaxTreatment

INVOICE, CREDIT_NOTE, DEBIT_NOTE = "380", "381", "383"
"""Codes of UNTDID 1001."""
SPECIFICATION = "urn:cen.eu:en16931:2017"
ONE_PIECE = "C62"
"""The unit of a quantity that has none, by UN/ECE Recommendation 20."""
TRANSFER, SEPA_TRANSFER = "30", "58"
"""Means of payment, by UNTDID 4461."""
INCOMPLETE = "electronic_invoice_incomplete"
"""The code of the refusal where something is not told."""
_GREATEST_DIGITS = 2
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class InvoiceParty:
    """Who sells or buys; ``""`` = not told. ``country``: two letters."""

    name: str
    address: Address
    country: str
    tax_id: str
    registration_id: str
    email: str
    contact: str = ""
    phone: str = ""


@dataclass(frozen=True)
class InvoiceLine:
    """A line; amounts are text. ``percent`` ``None``: not subject to tax."""

    number: int
    name: str
    description: str
    quantity: str
    price: str
    amount: str
    category: str
    percent: str | None


@dataclass(frozen=True)
class InvoiceTax:
    """The lines of one category and percent."""

    category: str
    percent: str | None
    base: str
    tax: str
    reason: str
    reason_code: str


@dataclass(frozen=True)
class ElectronicInvoice:
    """An invoice; amounts are text in the currency's minor digits. ``preceding``: what it corrects, number and day."""

    type_code: str
    number: str
    issue_date: date
    due_date: date | None
    payment_terms: str
    note: str
    currency: str
    buyer_reference: str
    first_day: date
    last_day: date
    preceding: tuple[tuple[str, date | None], ...]
    seller: InvoiceParty
    buyer: InvoiceParty
    iban: str
    bic: str
    lines: tuple[InvoiceLine, ...]
    taxes: tuple[InvoiceTax, ...]
    net: str
    tax: str
    payable: str

    @property
    def is_credit_note(self) -> bool:
        return self.type_code == CREDIT_NOTE

    @property
    def means_of_payment(self) -> str:
        return SEPA_TRANSFER if self.currency == "EUR" else TRANSFER

    @property
    def delivers_abroad(self) -> bool:
        """Whether the country that is delivered to must be told."""
        return any(tax.category == TaxCategory.INTRA_COMMUNITY for tax in self.taxes)


def electronic_invoice(presented: PresentedStatement) -> ElectronicInvoice:
    """The electronic invoice of an issued document.

    Raises ``Conflict`` for one that is not issued or numbered, and where something that EN 16931 asks for is not told:
    all of it at once.
    """
    _require_issued(presented)
    _require_told(presented)
    statement, tax, document = presented.statement, presented.tax, presented.document
    sign = -1 if statement.total_minor_units < 0 else 1
    money = _Money(sign, statement.minor_digits)
    wording = wording_of(presented.particulars.language)
    if document.invoice_date is None:
        raise AssertionError("an issued document has a date")
    due = presented.due_date if sign > 0 else None
    head = presented.particulars.letterhead
    return ElectronicInvoice(
        type_code=_type_code(presented.type),
        number=document.invoice_id,
        issue_date=document.invoice_date,
        due_date=due,
        payment_terms="" if due else wording["on_receipt" if sign > 0 else "to_be_credited"],
        note=_clean(document.reason),
        currency=statement.currency,
        buyer_reference=_clean(presented.particulars.recipient.details.buyer_reference),
        first_day=statement.month.first_day,
        last_day=statement.month.last_day,
        preceding=tuple((one.invoice_id, one.invoice_date) for one in presented.corrects if one.invoice_id),
        seller=_seller(presented),
        buyer=_buyer(presented),
        iban=head.iban.replace(" ", "") if sign > 0 else "",
        bic=head.bic.replace(" ", ""),
        lines=tuple(_lines(presented, money)),
        taxes=tuple(_taxes(tax.parts, money)),
        net=money.text(tax.net_minor_units),
        tax=money.text(tax.tax_minor_units),
        payable=money.text(tax.payable_minor_units),
    )


def has_electronic_invoice(presented: PresentedStatement) -> bool:
    """Whether ``electronic_invoice`` has one to give."""
    try:
        _require_issued(presented)
        _require_told(presented)
    except Conflict:
        return False
    return True


def _require_issued(presented: PresentedStatement) -> None:
    if presented.statement.status is not StatementStatus.FINAL:
        raise Conflict("not_issued", "An Estimated statement is no invoice: finalize its month first.")
    if not presented.document.invoice_id:
        raise Conflict("not_numbered", "The document has no number yet: rebill statements number gives it one.")


def _require_told(presented: PresentedStatement) -> None:
    faults = lacking_fields(presented.particulars, presented.tax.treatments, presented.statement.minor_digits)
    if faults:
        raise Conflict(
            INCOMPLETE,
            "EN 16931 asks for more than is told: complete the fields named here, as docs/documents.md says. What is "
            "issued keeps what it was issued with.",
            faults,
        )


def lacking_fields(
    particulars: Particulars, treatments: Collection[TaxTreatment | None], minor_digits: int
) -> dict[str, str]:
    """What EN 16931 asks for and is not told, by the names of settings; ``treatments``: those of the lines."""
    head, details = particulars.letterhead, particulars.recipient.details
    categories = {treatment.category for treatment in treatments if treatment is not None}
    outside = TaxCategory.NOT_SUBJECT in categories
    needed = {
        "letterhead.address.country": country_code(head.address.country),
        "customer.address.country": _buyer_country(particulars.recipient),
        "tax_rules": None not in treatments,
        "letterhead.tax_id": head.tax_id or outside,
        "letterhead.registration_id": head.registration_id or not outside,
    }
    if TaxCategory.REVERSE_CHARGE in categories:
        needed["billing_details.tax_id"] = details.tax_id or details.registration_id
    if TaxCategory.INTRA_COMMUNITY in categories:
        needed["billing_details.tax_id"] = details.tax_id
    faults = {name: "is needed" for name, told in needed.items() if not told}
    if outside and len(categories) > 1:
        faults["tax_rules"] = "has category O for some lines: then all lines must have it"
    if minor_digits > _GREATEST_DIGITS:
        faults["currency"] = f"has amounts with more than {_GREATEST_DIGITS} decimals, which EN 16931 does not know"
    return faults


def _type_code(document_type: DocumentType) -> str:
    return {
        DocumentType.STATEMENT: INVOICE,
        DocumentType.CREDIT_STATEMENT: CREDIT_NOTE,
        DocumentType.CREDIT_NOTE: CREDIT_NOTE,
        DocumentType.DEBIT_NOTE: DEBIT_NOTE,
    }[document_type]


def _seller(presented: PresentedStatement) -> InvoiceParty:
    head = presented.particulars.letterhead
    return InvoiceParty(
        _clean(presented.particulars.issuer_name),
        head.address,
        country_code(head.address.country),
        _compact(presented.told_tax_id(head.tax_id)),
        _clean(head.registration_id),
        head.email,
        _clean(head.contact),
        _clean(head.phone),
    )


def _buyer(presented: PresentedStatement) -> InvoiceParty:
    recipient = presented.particulars.recipient
    details = recipient.details
    return InvoiceParty(
        _clean(recipient.shown_name),
        recipient.address,
        _buyer_country(recipient),
        _compact(presented.told_tax_id(details.tax_id)),
        _clean(details.registration_id),
        details.email.partition(",")[0].strip(),
    )


def _buyer_country(recipient: Recipient) -> str:
    return country_code(recipient.details.country or recipient.address.country)


@dataclass(frozen=True)
class _Money:
    """Minor units as text, of a credit note without their sign."""

    sign: int
    digits: int

    def text(self, minor_units: int) -> str:
        return text_of_minor_units(self.sign * minor_units, self.digits)


def _lines(presented: PresentedStatement, money: _Money) -> Iterable[InvoiceLine]:
    wording = wording_of(presented.particulars.language)
    for shown, treatment in zip(presented.statement.shown_lines, presented.tax.treatments, strict=True):
        if treatment is None:
            raise AssertionError("every line has a treatment")
        priced, units = shown.line.priced, shown.line.amount_minor_units
        named = priced.service if priced.kind is LineKind.CHARGES else priced.description or wording[priced.kind.value]
        yield InvoiceLine(
            shown.number,
            _clean(named or "").strip() or wording["other"],
            _clean(_description(shown)),
            "-1" if money.sign * units < 0 else "1",
            text_of_minor_units(abs(units), money.digits),
            money.text(units),
            treatment.category.value,
            _percent(treatment),
        )


def _description(shown: ShownLine) -> str:
    """What the line is about: provider, subscription, category, what was used, and the month that it corrects."""
    priced = shown.line.priced
    used = "" if priced.quantity is None else text_of(without_spare_zeros(priced.quantity))
    parts = (
        priced.provider if priced.kind is LineKind.CHARGES else "",
        priced.subscription,
        priced.charge_category if priced.kind is LineKind.CHARGES else "",
        f"{used} {priced.pricing_unit or ''}".strip(),
        "" if shown.corrects is None else str(shown.corrects),
    )
    return " · ".join(part for part in parts if part)


def _taxes(parts: Iterable[TaxPart], money: _Money) -> Iterable[InvoiceTax]:
    """One entry for each category and percent, as EN 16931 wants, however many reasons there are."""
    grouped: dict[tuple[TaxCategory, Decimal], list[TaxPart]] = defaultdict(list)
    for part in parts:
        grouped[part.treatment.category, part.treatment.percent].append(part)
    for found in grouped.values():
        treatment = found[0].treatment
        codes = {one.treatment.reason_code for one in found}
        # There is room for one code of the list. Where there are more, or one that the list has not (of a rule that was
        # kept before codes were checked), those without words stand among the words.
        code = codes.pop().upper() if len(codes) == 1 else ""
        code = code if is_exemption_code(code) else ""
        told = [one.treatment.reason or ("" if code else one.treatment.reason_code) for one in found]
        reasons: Mapping[str, None] = dict.fromkeys(filter(None, told))
        yield InvoiceTax(
            treatment.category.value,
            _percent(treatment),
            money.text(sum(one.base_minor_units for one in found)),
            money.text(sum(one.tax_minor_units for one in found)),
            _clean("; ".join(reasons)),
            code,
        )


def _percent(treatment: TaxTreatment) -> str | None:
    return None if treatment.category is TaxCategory.NOT_SUBJECT else treatment.percent_text


def _compact(identifier: str) -> str:
    """An identifier without signs that only part it."""
    return re.sub(r"[ .\-/]", "", identifier).upper()


def _clean(text: str) -> str:
    """``text`` without characters that no XML document may hold."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
