"""What ``rebill costs import`` says of the deliveries that it took in, knew, left aside or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from rebill.cli.cost_documents import data_set_document, reject_document, show_data_sets, show_rejects
from rebill.cli.output import Document, Heading, Output
from rebill.model.counting import counted
from rebill.model.data_set import REJECTS_SHOWN
from rebill.model.date_order import DateOrder, sentence_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rebill.model.data_set import CostImport, DataSet, Reject
    from rebill.services.costs.import_deliveries import DeliveryDone


def show_imported(output: Output, deliveries: Sequence[DeliveryDone]) -> None:
    """Answer with all of them together. A refused one among several ends the command with exit code 1."""
    read = [delivery.done for delivery in deliveries if delivery.done is not None]
    data_sets = [data_set for done in read for data_set in done.data_sets]
    rejects = [reject for done in read for reject in done.rejects][:REJECTS_SHOWN]
    reject_count = sum(done.reject_count for done in read)
    issued = sorted({str(month) for done in read for month in done.closed.issued})
    early = sorted({str(month) for done in read for month in done.closed.before_billing_start})
    output.answer(
        {
            "datasets": [data_set_document(data_set) for data_set in data_sets],
            "reject_count": reject_count,
            "rejects": [reject_document(reject) for reject in rejects],
            "issued_months": issued,
            "months_before_billing_start": early,
            "deliveries": [_delivery_document(delivery) for delivery in deliveries],
        }
    )
    _show_deliveries(output, deliveries)
    if data_sets:
        _show_data_sets(output, data_sets)
    if reject_count:
        _show_rejects(output, rejects, reject_count)
    for month in issued:
        output.say(f"{month} is issued already: a run shows what changes, and rebill bill correct issues it.")
    for month in early:
        output.say(f"{month} lies before the partner's billing_start: its cost is kept, and never billed.")
    output.next_step(_next_step(read))
    if any(delivery.refusal is not None for delivery in deliveries):
        raise typer.Exit(1)


def _next_step(read: Sequence[CostImport]) -> str:
    month = next((data_set.billing_month for done in read for data_set in done.data_sets), "YYYY-MM")
    return f"rebill bill run --period {month} bills the month."


def _delivery_document(delivery: DeliveryDone) -> Document:
    refusal = delivery.refusal
    told = {} if refusal is None else {"error": refusal.message, "code": refusal.code, "fields": refusal.fields}
    return {"name": delivery.name, "outcome": delivery.outcome.value, **told}


def _show_deliveries(output: Output, deliveries: Sequence[DeliveryDone]) -> None:
    if len(deliveries) > 1 or not any(one.done or one.refusal for one in deliveries):
        headings = (Heading("delivery"), Heading("outcome"))
        output.table(headings, [(one.name, one.outcome.value.replace("_", " ")) for one in deliveries])
    for refused in deliveries:
        if refused.refusal is not None and not output.as_json:
            output.warn(f"{refused.name} is refused: {refused.refusal.message}")


def _show_data_sets(output: Output, data_sets: Sequence[DataSet]) -> None:
    show_data_sets(output, [data_set_document(data_set) for data_set in data_sets])
    for data_set in data_sets:
        if data_set.superseded:
            output.say(
                f"{data_set.billing_month}: a newer delivery of {data_set.scope} is in force; this is kept, not used."
            )
        elif data_set.already_imported:
            output.say(f"{data_set.billing_month}: these very bytes are in force already; nothing has changed.")
    # A file of several months is a file of each of their data sets.
    rounded = sum(
        file.rounded_values for file in {file.sha256: file for one in data_sets for file in one.files}.values()
    )
    dated = next((file for one in data_sets for file in one.files if file.date_order is not None), None)
    if dated is not None and dated.date_order is not None:
        _tell_date_order(output, dated.date_order, dated.date_order_assumed)
    if rounded:
        output.say(
            f"{counted(rounded, 'number')} had more decimals than are kept, and were rounded (docs/cost-lines.md)."
        )


def _tell_date_order(output: Output, order: DateOrder, is_assumed: bool) -> None:
    remedy = f" If that is wrong, import them again with --date-order {order.other}." if is_assumed else ""
    output.say(f"{sentence_of(order, is_assumed)}{remedy}")


def _show_rejects(output: Output, rejects: Sequence[Reject], reject_count: int) -> None:
    kept = counted(reject_count, "row could not be read and is", "rows could not be read and are")
    output.say(f"{kept} kept aside; the first {len(rejects)}:")
    show_rejects(output, rejects)
