"""A statement or note as PDF: its data in the customer's language, set by ``statement.typ``."""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from rebill.documents.factur_x import marked
from rebill.documents.presented import PresentedStatement
from rebill.documents.typesetting import typeset
from rebill.documents.wording import Wording, wording_of
from rebill.model.colors import told_apart
from rebill.model.party import Address
from rebill.model.statement import CARRY_KINDS, LineKind, ShownLine, StatementStatus

_PAPER = "#ffffff"
_INK = "#000000"
_WITHOUT_BREAK = 24
"""The longest run of characters that a table's column surely has room for."""
_BREAK_AFTER = 8
_LONG_RUN = re.compile(rf"\S{{{_WITHOUT_BREAK + 1},}}")
_TURNING = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
"""Signs that turn the direction of what follows: no name may reorder the numbers beside it."""
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), "\N{REPLACEMENT CHARACTER}") | dict.fromkeys(b"\t\n\r", " ")
"""Characters that no font can have."""


def statement_pdf(
    presented: PresentedStatement, electronic_invoice: str = "", font_folder: Path | None = None
) -> bytes:
    """The statement as PDF/A-3b: see ``set_statement``."""
    return set_statement(presented, electronic_invoice, font_folder)[0]


def set_statement(
    presented: PresentedStatement, electronic_invoice: str = "", font_folder: Path | None = None
) -> tuple[bytes, str]:
    """The statement as PDF/A-3b, the same bytes for the same statement and particulars; and what no font has of it.

    ``electronic_invoice``: the same document as CII, to be embedded as ``factur-x.xml`` (Factur-X).
    """
    data = statement_data(presented)
    made = presented.document.invoice_date or presented.statement.month.first_day
    moment = int(datetime.combine(made, time.min, UTC).timestamp())
    attachments = {"invoice": electronic_invoice} if electronic_invoice else {}
    pdf, lacking = typeset(
        json.dumps(_settable(data), ensure_ascii=False), attachments, presented.logo, moment, font_folder
    )
    return (marked(pdf) if electronic_invoice else pdf), lacking


def statement_data(presented: PresentedStatement) -> dict[str, Any]:
    """Everything that the PDF shows, as texts in the customer's language; nothing of it is computed by the template."""
    wording = wording_of(presented.particulars.language)
    statement = presented.statement
    letterhead = presented.particulars.letterhead
    made = presented.document.invoice_date or statement.month.first_day
    return {
        "language": wording.language,
        "words": {name: wording[name] for name in ("service", "quantity", "amount", "category", "usage", "total")},
        "page": wording["page"],
        "title": wording[presented.type.value],
        "estimate": wording["estimate"] if statement.status is StatementStatus.ESTIMATED else "",
        "made": [made.year, made.month, made.day],
        "file_title": f"{wording[presented.type.value]} {presented.document.invoice_id or presented.statement_id}",
        "issuer": [breakable(line) for line in _issuer_lines(presented, wording)],
        "issuer_name": breakable(presented.particulars.issuer_name),
        "issuer_line": " · ".join(
            _filled(presented.particulars.issuer_name, *_address_lines(letterhead.address, wording))
        ),
        "recipient": [breakable(line) for line in _recipient_lines(presented, wording)],
        "facts": [[label, breakable(value)] for label, value in _facts(presented, wording) if value],
        "services": _by_service(presented, wording),
        "totals": _totals(presented, wording),
        "notes": [breakable(note) for note in _notes(presented, wording)],
        "subscriptions": _by_subscription(presented, wording),
        "net": wording.amount(statement.total_minor_units, statement.minor_digits, statement.currency),
        "footer": breakable(letterhead.footer),
        "color": told_apart(presented.particulars.color, _PAPER) if presented.particulars.color else _INK,
    }


def _settable(value: Any) -> Any:
    """The same without what cannot be set, or may not be."""
    if isinstance(value, str):
        return value.translate(_TURNING | _CONTROLS)
    if isinstance(value, list):
        return [_settable(one) for one in value]
    if isinstance(value, dict):
        return {key: _settable(one) for key, one in value.items()}
    return value


def breakable(text: str) -> str:
    """``text`` with places where a long run without spaces may break, so that no name leaves its column."""
    if len(text) <= _WITHOUT_BREAK:
        return text
    return _LONG_RUN.sub(lambda run: _broken(run[0]), text)


def _broken(run: str) -> str:
    found = [run[0]]
    since = 1
    for character, before in zip(run[1:], run, strict=False):
        joins = unicodedata.category(character)[0] == "M" or "Cf" in map(unicodedata.category, (character, before))
        if since >= _BREAK_AFTER and not joins:
            found.append("\N{ZERO WIDTH SPACE}")
            since = 0
        found.append(character)
        since += 1
    return "".join(found)


def _filled(*texts: str) -> list[str]:
    return [text for text in texts if text]


def _address_lines(address: Address, wording: Wording) -> list[str]:
    city = " ".join(_filled(address.zipcode, address.city))
    city_and_state, country = ", ".join(_filled(city, address.state)), wording.country(address.country)
    return _filled(address.street1, address.street2, city_and_state, country)


def _issuer_lines(presented: PresentedStatement, wording: Wording) -> list[str]:
    head = presented.particulars.letterhead
    return [
        *_address_lines(head.address, wording),
        *_filled(head.contact, head.phone, head.email),
        *(f"{wording['tax_id']}: {tax_id}" for tax_id in _filled(presented.told_tax_id(head.tax_id))),
        *(f"{wording['registration']}: {head.registration_id}" for _ in _filled(head.registration_id)),
    ]


def _recipient_lines(presented: PresentedStatement, wording: Wording) -> list[str]:
    recipient = presented.particulars.recipient
    return [recipient.shown_name, *_address_lines(recipient.address, wording)]


def _facts(presented: PresentedStatement, wording: Wording) -> list[tuple[str, str]]:
    document, statement = presented.document, presented.statement
    details = presented.particulars.recipient.details
    due = wording.day(presented.due_date) or wording["on_receipt"]
    corrects = (
        " ".join(_filled(one.invoice_id or str(one.statement_id), wording.day(one.invoice_date)))
        for one in presented.corrects
    )
    return [
        (wording["number"], document.invoice_id),
        (wording["date"], wording.day(document.invoice_date)),
        (wording["period"], wording.month(statement.month)),
        (wording["due"], due if document.invoice_date and presented.tax.payable_minor_units > 0 else ""),
        (wording["customer"], str(statement.customer_id)),
        (wording["tax_id"], presented.told_tax_id(details.tax_id)),
        (wording["reference"], details.buyer_reference),
        (wording["corrects"], ", ".join(corrects)),
        (wording["reason"], document.reason),
    ]


def _by_service(presented: PresentedStatement, wording: Wording) -> list[list[str]]:
    """The first page's lines: each service of each provider, then what no charges make."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for shown in presented.statement.shown_lines:
        sums[_service_of(shown, wording)] += shown.line.amount_minor_units
    digits = presented.statement.minor_digits
    return [
        [breakable(service), breakable(beside), wording.amount(units, digits)]
        for (service, beside), units in sums.items()
    ]


def _service_of(shown: ShownLine, wording: Wording) -> tuple[str, str]:
    priced = shown.line.priced
    beside = "" if shown.corrects is None else wording["correction_of"].format(month=wording.month(shown.corrects))
    if priced.kind is LineKind.CHARGES:
        return priced.service or wording["other"], beside or priced.provider or ""
    if priced.kind in CARRY_KINDS:
        # What describes them is their kind in English.
        return wording[priced.kind.value], beside
    return priced.description or wording[priced.kind.value], beside or wording[priced.kind.value]


def _totals(presented: PresentedStatement, wording: Wording) -> list[list[str]]:
    tax, digits = presented.tax, presented.statement.minor_digits
    currency = presented.statement.currency
    net = wording.amount(tax.net_minor_units, digits, currency)
    if not tax.parts:
        return [[wording["total"], net]]
    rows = [[wording["net"], net]]
    for part in tax.parts:
        base = wording.amount(part.base_minor_units, digits, currency)
        label = wording["tax_on"].format(percent=wording.number(part.treatment.percent), base=base)
        rows.append([label, wording.amount(part.tax_minor_units, digits, currency)])
    return [*rows, [wording["payable"], wording.amount(tax.payable_minor_units, digits, currency)]]


def _notes(presented: PresentedStatement, wording: Wording) -> list[str]:
    """Why no tax is charged, and where to pay to."""
    head = presented.particulars.letterhead
    reasons = {part.treatment.reason or part.treatment.reason_code for part in presented.tax.parts}
    account = " · ".join(_filled(head.iban, head.bic))
    pays = presented.tax.payable_minor_units > 0 and account
    return [*sorted(_filled(*reasons)), *([f"{wording['pay_to']}: {account}"] if pays else [])]


def _by_subscription(presented: PresentedStatement, wording: Wording) -> list[Mapping[str, Any]]:
    """The lines under their subscriptions, in the order in which they stand on the statement."""
    lines: dict[str, list[ShownLine]] = defaultdict(list)
    for shown in presented.statement.shown_lines:
        lines[shown.line.priced.subscription or ""].append(shown)
    digits, names = presented.statement.minor_digits, presented.particulars.subscription_names
    return [
        {
            "name": breakable(names.get(identifier) or identifier or wording["without_subscription"]),
            "identifier": breakable(identifier) if identifier in names else "",
            "lines": [_usage_line(shown, digits, wording) for shown in found],
            "subtotal": wording.amount(_sum(found), digits),
        }
        for identifier, found in lines.items()
    ]


def _sum(lines: Iterable[ShownLine]) -> int:
    return sum(shown.line.amount_minor_units for shown in lines)


def _usage_line(shown: ShownLine, digits: int, wording: Wording) -> list[str]:
    priced = shown.line.priced
    service, beside = _service_of(shown, wording)
    told = service if shown.corrects is None else f"{service} ({beside})"
    category = (
        wording.charge_category(priced.charge_category or "")
        if priced.kind is LineKind.CHARGES
        else wording[priced.kind.value]
    )
    amount = wording.amount(shown.line.amount_minor_units, digits)
    return [
        breakable(told),
        breakable(category),
        breakable(_quantity(priced.quantity, priced.pricing_unit, wording)),
        amount,
    ]


def _quantity(quantity: Decimal | None, unit: str | None, wording: Wording) -> str:
    return "" if quantity is None else " ".join(_filled(wording.number(quantity), unit or ""))
