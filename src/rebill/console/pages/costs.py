"""Cost data: what is imported, what could not be read, and a new delivery from files of the visitor's machine."""

import tempfile
from decimal import Decimal
from pathlib import Path

from rebill.console.answering import status_of
from rebill.console.field_labels import LABELS
from rebill.console.pages.home import chosen_month
from rebill.console.route import PageRoute
from rebill.console.showing import words
from rebill.console.visit import Download, Fields, Page, PageAnswer, Redirect, Visit
from rebill.documents.rejects_csv import rejects_csv
from rebill.model.audit import Act
from rebill.model.counting import counted
from rebill.model.data_set import CostImport, CostImportOrder, RejectedDelivery
from rebill.model.date_order import DateOrder, sentence_of
from rebill.model.errors import Conflict, Invalid, Refusal
from rebill.model.microsoft_invoice import InvoiceKind, NewMicrosoftInvoice
from rebill.model.money import parse_decimal
from rebill.model.months import BillingMonth
from rebill.services.acting.permission import Permission
from rebill.services.costs.import_costs import import_costs, list_data_sets
from rebill.services.costs.read_rejects import list_refused_rejects, list_rejects
from rebill.services.parties.partner_settings import get_partner_settings
from rebill.services.reconciling.enter_invoice import enter_invoice
from rebill.services.reconciling.reconcile_month import reconcile_month
from rebill.services.syncing.sync import list_syncs
from rebill.sources.layouts import AUTOMATIC, LAYOUT_NAMES

_SHOWN_REJECTS = 200
_SHOWN_SYNCS = 12
_AS_TOLD = "as the file’s header tells"


def show_costs(visit: Visit) -> Page:
    """The data sets in force, the last month first."""
    return _shown(visit)


def _shown(visit: Visit, refusal: Refusal | None = None) -> Page:
    data_sets = list_data_sets(visit.installation, visit.caller)
    values = {
        "data_sets": sorted(data_sets, key=lambda one: (one.billing_month, one.imported_at), reverse=True),
        "syncs": list_syncs(visit.installation, visit.caller, _SHOWN_SYNCS),
        "layouts": [(one, _AS_TOLD if one == AUTOMATIC else one) for one in LAYOUT_NAMES],
        "date_orders": [("", "as the file’s dates tell"), *((one.value, one.replace("-", " ")) for one in DateOrder)],
        "refusal": refusal,
        # Rows that cannot be read have a table of their own.
        "rejected": refusal if isinstance(refusal, RejectedDelivery) else None,
        "faults": {} if refusal is None or isinstance(refusal, RejectedDelivery) else refusal.fields,
    }
    return Page("costs.html", values, 200 if refusal is None else status_of(refusal))


def take_in(visit: Visit) -> PageAnswer:
    """Import a file."""
    file = visit.form.files.get("file")
    try:
        if file is None:
            raise Invalid("no_file", "Choose a cost file.", {"file": "is required"})
        with tempfile.TemporaryDirectory() as folder:
            # Only the last part of its name, whatever the browser says: it lies in a folder of its own.
            place = Path(folder) / (Path(file.name.replace("\\", "/")).name or "cost.csv")
            place.write_bytes(file.content)
            order = CostImportOrder(
                (place,),
                layout=visit.form.text("layout") or AUTOMATIC,
                scope=visit.form.text("scope") or None,
                period=visit.form.month("period"),
                currency=visit.form.text("currency") or None,
                accept_rejects=visit.form.has("accept_rejects"),
                in_place_of=visit.form.text("in_place_of") or None,
                overlap_reason=visit.form.text("overlap_reason") or None,
                keep_rejects=True,
                date_order=_date_order(visit.form.text("date_order")),
                read_anew=visit.form.has("read_anew"),
            )
            done = import_costs(visit.installation, visit.caller, order)
    except (Conflict, Invalid) as refusal:
        return _shown(visit, refusal)
    return Redirect("/costs", _said(done))


def _date_order(text: str) -> DateOrder | None:
    if text not in ("", *DateOrder):
        raise Invalid(
            "invalid_date_order", "Say which comes first.", {"date_order": f"must be one of {', '.join(DateOrder)}"}
        )
    return DateOrder(text) if text else None


def show_reconciliation(visit: Visit) -> Page:
    """A month's imported cost beside what Microsoft invoiced."""
    months, month = chosen_month(visit)
    return _reconciled(visit, months, month)


def _reconciled(visit: Visit, months: list[BillingMonth], month: BillingMonth, refusal: Refusal | None = None) -> Page:
    found, details = reconcile_month(visit.installation, visit.caller, month)
    values = {
        "months": months,
        "month": month,
        "found": found,
        "details": details,
        "kinds": [(one.value, words(one)) for one in InvoiceKind],
        "home_currency": get_partner_settings(visit.installation, visit.caller).currency,
        "refusal": refusal,
        "faults": {} if refusal is None else refusal.fields,
    }
    return Page("reconciliation.html", values, 200 if refusal is None else 422)


def take_invoice(visit: Visit) -> PageAnswer:
    """Enter an invoice of Microsoft's, or what amends one."""
    form, month = visit.form, visit.form.month()
    months, shown = chosen_month(visit)
    try:
        if month is None:
            raise Invalid("invalid_invoice", "Nothing was entered.", {"month": "must be a month, as YYYY-MM"})
        shown = month
        kind = InvoiceKind(form.text("kind")) if form.text("kind") in list(InvoiceKind) else InvoiceKind.INVOICE
        new = NewMicrosoftInvoice(
            form.text("number"), month, form.text("currency").upper(), _total(form), kind, form.text("amends")
        )
        kept = enter_invoice(visit.installation, visit.caller, new)
    except Invalid as refusal:
        return _reconciled(visit, months, shown, refusal)
    return Redirect(f"/costs/reconciliation?month={month}", f"{kept.entered.number} is entered.")


def _total(form: Fields) -> Decimal:
    try:
        return parse_decimal(form.text("total"))
    except ValueError:
        fields = {"total": "must be a number, such as 1234.50"}
        raise Invalid("invalid_invoice", "Nothing was entered.", fields) from None


def show_rejects(visit: Visit) -> Page:
    """Rows of a data set that could not be read."""
    rejects = list_rejects(visit.installation, visit.caller, visit.ids["data_set_id"])
    values = {"rejects": rejects[:_SHOWN_REJECTS], "total": len(rejects), "data_set_id": visit.ids["data_set_id"]}
    return Page("rejects.html", values)


def give_rejects(visit: Visit) -> Download:
    """The same as a file."""
    data_set_id = visit.ids["data_set_id"]
    text = rejects_csv(list_rejects(visit.installation, visit.caller, data_set_id))
    return Download(text.encode(), "text/csv; charset=utf-8", f"rejects {data_set_id}.csv")


def give_refused_rejects(visit: Visit) -> Download:
    """The rows for which a file was refused, as a file to mend it by."""
    text = rejects_csv(list_refused_rejects(visit.installation, visit.caller, visit.ids["number"]))
    return Download(text.encode(), "text/csv; charset=utf-8", "rejects.csv")


def _said(done: CostImport) -> str:
    rows = sum(one.rows for one in done.data_sets)
    months = ", ".join(sorted({str(one.billing_month) for one in done.data_sets}))
    if done.data_sets and all(one.already_imported for one in done.data_sets):
        return f"This very file is in force already, for {months}. To have it read again, tick “{LABELS['read_anew']}”."
    rejects = f"; {counted(done.reject_count, 'row')} could not be read" if done.reject_count else ""
    return f"{counted(rows, 'charge')} of {months} taken in{rejects}.{_order_told(done)}"


def _order_told(done: CostImport) -> str:
    """Where nothing in the files said in which order their dates are: in which they were read, and what to do."""
    assumed = (file.date_order for one in done.data_sets for file in one.files if file.date_order_assumed)
    order = next(assumed, None)
    if order is None:
        return ""
    return f" {sentence_of(order, True)} If that is wrong, take it in again, {order.other.replace('-', ' ')}."


ROUTES = (
    PageRoute("GET", "/costs", show_costs, Permission.READ, "costs"),
    PageRoute(
        "POST", "/costs/import", take_in, Permission.CHANGE, "costs", Act.IMPORT_COSTS, long=True, takes_files=True
    ),
    PageRoute("POST", "/costs/invoices", take_invoice, Permission.CHANGE, "costs", Act.ENTER_INVOICE),
    PageRoute("GET", "/costs/reconciliation", show_reconciliation, Permission.READ, "costs"),
    PageRoute("GET", "/costs/refused/{number}/rejects.csv", give_refused_rejects, Permission.CHANGE, "costs"),
    PageRoute("GET", "/costs/{data_set_id}/rejects", show_rejects, Permission.READ, "costs"),
    PageRoute("GET", "/costs/{data_set_id}/rejects.csv", give_rejects, Permission.READ, "costs"),
)
