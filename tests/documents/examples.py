"""A statement with particulars, as a partner in Germany issues it; parts of it are another in each test."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from rebill.documents.presented import CorrectedDocument, PresentedStatement
from rebill.model.document import Document, DocumentKind
from rebill.model.months import BillingMonth
from rebill.model.particulars import BillingDetails, Letterhead, Particulars, Recipient
from rebill.model.party import Address
from rebill.model.statement import LineKind, PricedLine, Statement, StatementStatus, drawn_up
from rebill.model.tax import TaxCategory, TaxedLines, TaxRule, TaxTreatment

SEPTEMBER = BillingMonth(2024, 9)
SUBSCRIPTION = "ed570627-0265-4620-bb42-bae06bcfa914"
STANDARD = TaxRule(None, TaxedLines.ALL, "0000-00", TaxTreatment(TaxCategory.STANDARD, Decimal(19)))
LETTERHEAD = Letterhead(
    legal_name="Contoso Cloud Partner GmbH",
    address=Address("Hauptstraße 1", "", "Berlin", "", "10115", "Germany"),
    tax_id="DE136695976",
    registration_id="HRB 12345",
    contact="Buchhaltung",
    email="billing@contoso.example",
    phone="+49 30 123456",
    iban="DE89370400440532013000",
    bic="COBADEFF060",
    payment_days=30,
    footer="Geschäftsführerin: Ada Example",
    language="de",
)
RECIPIENT = Recipient(
    976801931,
    "Indigo Montoya SARL",
    Address("1 rue de la Paix", "", "Paris", "", "75002", "France"),
    BillingDetails(tax_id="FR40303265045", buyer_reference="PO-4711"),
)


def charges(service: str, amount: str, subscription: str | None = SUBSCRIPTION) -> PricedLine:
    """A line of charges for two hours."""
    return PricedLine("Microsoft", subscription, service, "Usage", Decimal(2), "1 Hour", Decimal(amount), 1)


def entry(kind: LineKind, amount: str, description: str) -> PricedLine:
    """A line that no charges make."""
    return PricedLine(None, None, None, None, None, None, Decimal(amount), 0, kind, 7, description)


def statement(lines: Sequence[PricedLine], currency: str = "EUR") -> Statement:
    """An issued statement of September with these lines."""
    drawn = drawn_up(RECIPIENT.customer_id, SEPTEMBER, currency, list(lines), Decimal(0))
    return replace(drawn, status=StatementStatus.FINAL)


def presented(
    *lines: PricedLine,
    rules: Sequence[TaxRule] = (STANDARD,),
    letterhead: Letterhead = LETTERHEAD,
    recipient: Recipient = RECIPIENT,
    currency: str = "EUR",
    names: Mapping[str, str] = MappingProxyType({}),
) -> PresentedStatement:
    """A statement as it was issued on 2024-10-08."""
    issued = Document(invoice_id="S2024-000017", invoice_date=date(2024, 10, 8))
    particulars = Particulars("Contoso", letterhead, recipient, tuple(rules), names)
    return PresentedStatement(
        987654321, statement(lines or [charges("Virtual Machines", "10")], currency), issued, particulars
    )


def note(one: PresentedStatement) -> PresentedStatement:
    """The same lines as a note that corrects the statement."""
    document = Document(DocumentKind.NOTE, 1, 987654321, "Restated", "N2024-000002", date(2024, 11, 4))
    corrects = (CorrectedDocument(987654321, "S2024-000017", date(2024, 10, 8)),)
    return replace(one, statement_id=123123123, document=document, corrects=corrects)
