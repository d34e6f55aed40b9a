"""``rebill price-books``: the partner's price books, from files in XML or YAML."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.every_page import every_item
from rebill.cli.options import JsonOption, MonthOption, PartnerOption, ReasonOption, account_from_text, month_from_text
from rebill.cli.output import Document, Heading
from rebill.cli.session import Session, changing_session, partner_session
from rebill.cli.statements import write_document
from rebill.model.audit import Act
from rebill.model.dry_run import DryRun, DryRunOrder, DryRunStatus
from rebill.model.errors import Invalid, ProgramError
from rebill.model.months import BillingMonth, Months
from rebill.model.price_book_record import (
    AccountsOrder,
    BookAssignment,
    BookAssignmentOrder,
    PriceBookOrder,
    PriceBookRecord,
)

if TYPE_CHECKING:
    from rebill.model.price_book_record import AccountAssignment

commands = typer.Typer(help="What customers pay for what was charged.", no_args_is_help=True)

BookArgument = Annotated[int, typer.Argument(metavar="BOOK_ID", help="As rebill price-books list shows it.")]
AssignmentArgument = Annotated[
    int, typer.Argument(metavar="ASSIGNMENT_ID", help="As rebill price-books show tells it.")
]
_ALL = "ALL"


@commands.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Unique among the partner's books.")],
    file: Annotated[typer.FileBinaryRead, typer.Argument(metavar="FILE", help="The specification, in XML or YAML.")],
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a price book from its specification."""
    from rebill.services.pricing.create_price_book import create_price_book

    with changing_session(Act.CREATE_PRICE_BOOK, partner, as_json, reason) as session:
        order = PriceBookOrder(name, specification_text(file.read()))
        book = create_price_book(session.installation, session.caller, order)
        notices = _notices(session, book)
        session.output.answer({**_document(book), "notices": notices})
        session.output.say(f"Price book {book.book_name} stands; its id is {book.price_book_id}.")
        for notice in notices:
            session.output.say(notice)
        session.output.next_step(
            f"rebill price-books assign {book.price_book_id} CLIENT_API_ID lets it price a customer."
        )


@commands.command("list")
def list_all(partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """List the price books in the order of their creation."""
    from rebill.services.pricing.read_price_books import list_price_books

    with partner_session(partner, as_json) as session:
        books = list(every_item(lambda page: list_price_books(session.installation, session.caller, page)))
        session.output.answer({"price_books": [_document(book) for book in books]})
        headings = (Heading("id", right=True), Heading("name"), Heading("file hash"))
        session.output.table(headings, [(str(book.price_book_id), book.book_name, book.file_hash) for book in books])
        session.output.next_step(
            "rebill price-books create NAME FILE makes one; rebill price-books show BOOK_ID shows one, and whom it is "
            "assigned to."
        )


@commands.command("show")
def show(
    book_id: BookArgument,
    path: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="PATH", help="Write the specification there.")
    ] = None,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a price book, what it says, and whom it is assigned to."""
    from rebill.services.pricing.read_price_books import get_price_book, get_specification

    with partner_session(partner, as_json) as session:
        book = get_price_book(session.installation, session.caller, book_id)
        text = get_specification(session.installation, session.caller, book_id).text
        assignments = _assignments(session, book_id)
        if path is not None:
            write_document(path, text.encode())
        session.output.answer({**_document(book), "specification": text, "assignments": assignments})
        session.output.say(f"{book.book_name}, file hash {book.file_hash}")
        session.output.say(f"Its specification is written to {path}." if path is not None else f"\n{text}\n")
        headings = [Heading(name.replace("_", " ")) for name in _ASSIGNMENT_KEYS]
        rows = [[_cell(assignment[name]) for name in _ASSIGNMENT_KEYS] for assignment in assignments]
        session.output.table(headings, rows, title="Assigned to")
        session.output.next_step(f"rebill price-books update {book_id} --specification FILE changes what it says.")


@commands.command("update")
def update(
    book_id: BookArgument,
    name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    file: Annotated[
        typer.FileBinaryRead | None, typer.Option("--specification", metavar="FILE", help="What it says from now on.")
    ] = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change the name of a price book, or what it says; issued months keep what priced them."""
    from rebill.services.pricing.change_price_book import change_price_book

    if name is None and file is None:
        raise typer.BadParameter("say what is to change: --name or --specification", param_hint="options")
    with changing_session(Act.CHANGE_PRICE_BOOK, partner, as_json, reason, book_id) as session:
        order = PriceBookOrder(name, None if file is None else specification_text(file.read()))
        book = change_price_book(session.installation, session.caller, book_id, order)
        notices = [] if file is None else _notices(session, book)
        session.output.answer({**_document(book), "notices": notices})
        session.output.say(f"Price book {book.book_name} ({book_id}) is as asked.")
        for notice in notices:
            session.output.say(notice)
        session.output.next_step("rebill bill run --period YYYY-MM rebuilds the Estimated statements of a month.")


@commands.command("delete")
def delete(
    book_id: BookArgument, reason: ReasonOption = "", partner: PartnerOption = None, as_json: JsonOption = False
) -> None:
    """Delete a price book that is assigned to nobody."""
    from rebill.services.pricing.delete_price_book import delete_price_book

    with changing_session(Act.DELETE_PRICE_BOOK, partner, as_json, reason, book_id) as session:
        delete_price_book(session.installation, session.caller, book_id)
        session.output.answer({"id": book_id, "deleted": True})
        session.output.say(f"Price book {book_id} is deleted.")
        session.output.next_step("rebill price-books list shows what is left.")


@commands.command("assign")
def assign(
    book_id: BookArgument,
    customer: Annotated[int, typer.Argument(metavar="CLIENT_API_ID", help="The customer, as customers list shows it.")],
    accounts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ACCOUNT...]",
            parser=account_from_text,
            help="Billing accounts, tenants or subscriptions; every account that no other book names unless given.",
        ),
    ] = None,
    start_month: Annotated[
        BillingMonth | None,
        typer.Option(
            "--from",
            parser=month_from_text,
            metavar="YYYY-MM",
            help="First billing month; the first without an issued statement unless given.",
        ),
    ] = None,
    end_month: Annotated[
        BillingMonth | None,
        typer.Option("--to", parser=month_from_text, metavar="YYYY-MM", help="Last billing month; none unless given."),
    ] = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a price book price a customer: all its accounts, or those named."""
    from rebill.services.pricing.assign_book_with_accounts import assign_book_with_accounts

    order = BookAssignmentOrder(book_id, customer, start_month, end_month)
    with changing_session(Act.ASSIGN_PRICE_BOOK, partner, as_json, reason) as session:
        owners = accounts or [_ALL]
        made, priced = assign_book_with_accounts(session.installation, session.caller, order, owners)
        session.output.answer(_assignment_document(made, priced))
        session.output.say(
            f"Price book {book_id} prices {', '.join(owners)} of customer {customer}{_told(made.months)}."
        )
        session.output.next_step(f"rebill price-books unassign {made.assignment_id} ends that.")


@commands.command("add-accounts")
def add_accounts(
    assignment_id: AssignmentArgument,
    accounts: Annotated[
        list[str],
        typer.Argument(
            metavar="ACCOUNT...",
            parser=account_from_text,
            help=f"Billing accounts, tenants or subscriptions; {_ALL}: every account that no other book names.",
        ),
    ],
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a price book that is assigned already price more accounts of its customer."""
    from rebill.api.price_book_shapes import account_assignment_answer
    from rebill.services.pricing.assign_book_accounts import assign_book_accounts

    order = AccountsOrder(assignment_id, tuple(accounts), tuple(accounts))
    with changing_session(Act.ASSIGN_BOOK_ACCOUNTS, partner, as_json, reason, assignment_id) as session:
        made = assign_book_accounts(session.installation, session.caller, order)
        answers = [account_assignment_answer(one).model_dump(by_alias=True) for one in made]
        session.output.answer({"price_book_account_assignments": answers})
        named = ", ".join(one.billing_account_owner_id for one in made)
        session.output.say(f"Assignment {assignment_id} prices {named} too{_told(made[0].months)}.")
        session.output.next_step("rebill price-books show BOOK_ID shows all that a book prices.")


@commands.command("unassign")
def unassign(
    assignment_id: AssignmentArgument,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """End an assignment of a price book; issued months keep what priced them."""
    from rebill.services.pricing.change_book_assignment import end_price_book_assignment

    with changing_session(Act.END_BOOK_ASSIGNMENT, partner, as_json, reason, assignment_id) as session:
        end_price_book_assignment(session.installation, session.caller, assignment_id)
        session.output.answer({"id": assignment_id, "ended": True})
        session.output.say(f"Assignment {assignment_id} has ended.")
        session.output.next_step("rebill price-books list shows the books.")


@commands.command("dry-run")
def dry_run(
    book_id: BookArgument,
    customer: Annotated[int, typer.Argument(metavar="CLIENT_API_ID", help="The customer, as customers list shows it.")],
    period: MonthOption,
    accounts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ACCOUNT...]", parser=account_from_text, help="Only on these accounts; all by default."
        ),
    ] = None,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try a price book on a customer's month: the price now, under the book, the difference; nothing is stored."""
    from rebill.services.trials.dry_run_price_book import dry_run_price_book

    named = () if accounts is None or _ALL in accounts else tuple(accounts)
    with partner_session(partner, as_json) as session:
        with session.output.working(f"Pricing {period} twice"):
            order = DryRunOrder(book_id, customer, period, named)
            done = dry_run_price_book(session.installation, session.caller, order, patience_seconds=None)
        if done.status is not DryRunStatus.DONE:
            raise ProgramError("dry_run_failed", f"The dry run failed: {done.fault}")
        document = _dry_run_document(done)
        session.output.answer(document)
        session.output.say(document["message"])
        for currency in document["result"]["currencies"]:
            rows = [*currency["services"], {**currency, "service": "together"}]
            headings = [Heading(text, right=text != "service") for text in ("service", *_PRICES)]
            cells = [[row["service"] or "", *(row[name.replace(" ", "_")] for name in _PRICES)] for row in rows]
            session.output.table(headings, cells, title=f"{period} in {currency['currency']}")
        session.output.next_step(f"rebill price-books assign {book_id} {customer} lets it price the customer.")


_PRICES = ("price today", "price under book", "difference")


def _dry_run_document(done: DryRun) -> Document:
    from rebill.api.dry_run_shapes import dry_run_answer

    return dry_run_answer(done).model_dump(by_alias=True)


_ASSIGNMENT_KEYS = ("id", "target_client_api_id", "accounts", "start_month", "end_month")


def _assignments(session: Session, book_id: int) -> list[Document]:
    from rebill.services.pricing.read_book_assignments import list_account_assignments, list_book_assignments

    made = every_item(lambda page: list_book_assignments(session.installation, session.caller, page))
    priced = list(every_item(lambda page: list_account_assignments(session.installation, session.caller, page)))
    return [
        _assignment_document(one, [account for account in priced if account.assignment_id == one.assignment_id])
        for one in made
        if one.price_book_id == book_id
    ]


def _assignment_document(made: BookAssignment, priced: list[AccountAssignment]) -> Document:
    from rebill.api.price_book_shapes import book_assignment_answer

    answer = book_assignment_answer(made).model_dump(by_alias=True)
    return {**answer, "accounts": [account.billing_account_owner_id for account in priced]}


def _document(book: PriceBookRecord) -> Document:
    from rebill.api.price_book_shapes import price_book_answer

    return price_book_answer(book).model_dump(by_alias=True)


def _notices(session: Session, book: PriceBookRecord) -> list[str]:
    """What of a book's text matches no line of the last imported month, though it nearly does."""
    from rebill.services.trials.near_misses import near_misses_of_book

    return list(near_misses_of_book(session.installation, session.caller, book.price_book_id).sentences)


def specification_text(content: bytes) -> str:
    """A specification as it was read from a file. Raises ``Invalid`` where it is not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        fault = f"is not UTF-8 (at byte {error.start}): save it as UTF-8"
        raise Invalid("invalid_price_book", f"The specification {fault}.", {"specification": fault}) from None


def _told(months: Months) -> str:
    begin = "" if months.first is None else f" from {months.first}"
    return begin + ("" if months.last is None else f" to {months.last}")


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else str(value)
