"""Dry runs of price books: ask for one, and what came of it."""

from dataclasses import replace

from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.dry_run_shapes import DryRunAnswer, DryRunBody, dry_run_answer
from rebill.api.route import Route
from rebill.model.dry_run import DryRunOrder
from rebill.services.acting.permission import Permission
from rebill.services.trials.dry_run_price_book import dry_run_faults, dry_run_price_book, get_dry_run

_ID = "dry_run_id"


def dry_run(call: Call) -> Answer:
    """The customer's month is priced by what is recorded now, and again under the newest specification of the book.

    Nothing of either is stored. What takes longer than a few seconds has `status` `running`, and goes on: its own
    call shows what came of it. `upload_to_s3` is accepted and does nothing.
    """
    begun = dry_run_price_book(call.installation, call.caller, _order(call))
    return Answer.json(200, dry_run_answer(begun))


def get(call: Call) -> Answer:
    """A dry run: `running`, `done` with its result, `failed` with the reason, or `interrupted` with its server."""
    found = get_dry_run(call.installation, call.caller, call.ids[_ID], call.filter_customer_id)
    return Answer.json(200, dry_run_answer(found))


def _order(call: Call) -> DryRunOrder:
    asked = call.body_as(DryRunBody).order()
    return replace(asked, customer_id=call.customer_or_filter(asked.customer_id))


def _faults(call: Call) -> dict[str, str]:
    return dry_run_faults(call.installation, call.caller, _order(call))


def _dry_run_routes() -> tuple[Route, ...]:
    base = "/v1/price_books/dry_run"
    answers = {200: DryRunAnswer}
    return (
        Route(
            "PUT",
            base,
            Permission.CHANGE,
            dry_run,
            "Try a price book on a month",
            answers,
            body=DryRunBody,
            value_faults=_faults,
            shows={_ID: "/dry_run_id"},
        ),
        Route("GET", f"{base}/{{{_ID}}}", Permission.READ, get, "Show a dry run", answers),
    )


ROUTES = _dry_run_routes()
