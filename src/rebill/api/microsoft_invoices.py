"""Microsoft's invoices: enter, list, show, withdraw."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from rebill.api.answer_shapes import AnswerShape, Instant, OptionalInstant
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.paging import list_answer, page_of
from rebill.api.query import month
from rebill.api.resource import Resource
from rebill.api.route import partner_wide
from rebill.api.shapes import StrictBody, Text
from rebill.api.wire_values import Month, Number, word_of
from rebill.model.audit import Act
from rebill.model.microsoft_invoice import InvoiceKind, MicrosoftInvoice, NewMicrosoftInvoice
from rebill.model.money import shortest_text
from rebill.services.reconciling.enter_invoice import enter_invoice, invoice_faults
from rebill.services.reconciling.read_invoices import get_invoice, list_invoices
from rebill.services.reconciling.withdraw_invoice import withdraw_invoice

_INVOICE_ID = "microsoft_invoice_id"


class MicrosoftInvoiceBody(StrictBody):
    """An invoice or note to be entered."""

    unread_stand_ins: ClassVar[Mapping[str, object]] = {
        "number": "unread",
        "billing_period": "2999-12",
        "currency": "USD",
        "total": 1,
    }
    judged_with: ClassVar[Mapping[str, frozenset[str]]] = {"kind": frozenset({"total", "amends"})}

    number: Annotated[Text, Field(description="Microsoft's.")]
    billing_period: Month
    currency: Annotated[Text, Field(description="ISO 4217.")]
    total: Annotated[Number, Field(description="Before tax, signed as it counts: what takes back is below 0.")]
    kind: Annotated[InvoiceKind, BeforeValidator(word_of(InvoiceKind), json_schema_input_type=str)] = (
        InvoiceKind.INVOICE
    )
    amends: Annotated[Text, Field(description="Of a note: the number of the invoice that it belongs to.")] = ""

    def new_invoice(self) -> NewMicrosoftInvoice:
        """The invoice that is asked for."""
        return NewMicrosoftInvoice(self.number, self.billing_period, self.currency, self.total, self.kind, self.amends)


class MicrosoftInvoiceAnswer(AnswerShape):
    """An invoice or note that was entered."""

    id: int
    number: str
    billing_period: str
    currency: str
    total: str
    kind: str
    amends: str
    origin: Annotated[str, Field(description="`entered`: by hand; `partner_center`: a sync read it there.")]
    created_at: Instant
    withdrawn_at: OptionalInstant


class MicrosoftInvoiceList(AnswerShape):
    """A page of invoices and notes, in order of entry."""

    microsoft_invoices: list[MicrosoftInvoiceAnswer]


def enter(call: Call) -> Answer:
    """Enter an invoice or a note. One of the same number replaces what was entered; the same changes nothing."""
    kept = enter_invoice(call.installation, call.caller, call.body_as(MicrosoftInvoiceBody).new_invoice())
    return Answer.json(201, microsoft_invoice_answer(kept))


def list_all(call: Call) -> Answer:
    """List what was entered, withdrawn ones too."""
    period = call.parameters.month("billing_period")
    listing = list_invoices(call.installation, call.caller, page_of(call.parameters), period)
    answers = [microsoft_invoice_answer(one) for one in listing.items]
    return list_answer(call, MicrosoftInvoiceList(microsoft_invoices=answers), listing)


def get(call: Call) -> Answer:
    """Show one invoice or note."""
    found = get_invoice(call.installation, call.caller, call.ids[_INVOICE_ID])
    return Answer.json(200, microsoft_invoice_answer(found))


def withdraw(call: Call) -> Answer:
    """Withdraw an invoice or note: it is compared with nothing any more."""
    withdraw_invoice(call.installation, call.caller, call.ids[_INVOICE_ID])
    return Answer.deleted(call.accept)


def microsoft_invoice_answer(found: MicrosoftInvoice) -> MicrosoftInvoiceAnswer:
    """An invoice as calls and commands show it; its total exact."""
    entered = found.entered
    return MicrosoftInvoiceAnswer(
        id=found.microsoft_invoice_id,
        number=entered.number,
        billing_period=str(entered.month),
        currency=entered.currency,
        total=shortest_text(entered.total),
        kind=entered.kind.value,
        amends=entered.amends,
        origin=found.origin.value,
        created_at=found.entered_at,
        withdrawn_at=found.withdrawn_at,
    )


def _faults(call: Call) -> Mapping[str, str]:
    return invoice_faults(call.installation, call.caller, call.body_as(MicrosoftInvoiceBody).new_invoice())


PERIOD = month("billing_period", "Only invoices of this billing month.")
INVOICES = Resource(
    "/v1/microsoft_invoices",
    _INVOICE_ID,
    MicrosoftInvoiceAnswer,
    MicrosoftInvoiceList,
    "/microsoft_invoices/0/id",
    found=get_invoice,
)
ROUTES = partner_wide(
    INVOICES.created(enter, "Enter a Microsoft invoice", Act.ENTER_INVOICE, MicrosoftInvoiceBody, value_faults=_faults),
    INVOICES.listed(list_all, "List Microsoft invoices", PERIOD),
    INVOICES.shown(get, "Show a Microsoft invoice"),
    INVOICES.deleted(withdraw, "Withdraw a Microsoft invoice", Act.WITHDRAW_INVOICE),
)
