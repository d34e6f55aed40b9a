"""``rebill assign``, ``unassign`` and ``move``: the same acts as the API calls, in the same words."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import JsonOption, PartnerOption, ReasonOption, day_from_text
from rebill.cli.output import Document, Heading, Output
from rebill.cli.session import Session, changing_session
from rebill.model.assignment import AccountEntry, AccountFault, AssignmentOrder, AssignmentOutcome, Days
from rebill.model.audit import Act
from rebill.model.counting import counted
from rebill.model.identifiers import AccountKind
from rebill.model.money import text_of
from rebill.model.rating import Attention

if TYPE_CHECKING:
    from collections.abc import Callable

    from rebill.model.party import Caller
    from rebill.model.spanning_usage import SpanningLine, SpanningUsage
    from rebill.services.acting.installation import Installation

    CarryOut = Callable[[Installation, Caller, AssignmentOrder], AssignmentOutcome]

CustomerArgument = Annotated[int, typer.Argument(metavar="CLIENT_API_ID", help="The customer's id.")]
AccountsArgument = Annotated[
    list[str],
    typer.Argument(metavar="AZURE_CUSTOMER_ID...", help="Azure customers (or subscriptions with --subscription)."),
]
SubscriptionOption = Annotated[
    bool, typer.Option("--subscription", help="The ids are subscriptions, or other clouds' accounts.")
]
CommitmentOption = Annotated[
    bool,
    typer.Option("--commitment", help="The ids are commitments, of charges that name neither subscription nor tenant."),
]
ChargeKindOption = Annotated[
    bool,
    typer.Option(
        "--charge-kind",
        help="The ids are kinds of such charges: purchase, adjustment, credit, tax, unused_commitment, usage.",
    ),
]
FromOption = Annotated[
    date | None,
    typer.Option("--from", parser=day_from_text, metavar="DAY", help="First charge day, YYYY-MM-DD (UTC)."),
]
ToOption = Annotated[
    date | None,
    typer.Option(
        "--to", parser=day_from_text, metavar="DAY", help="First day no longer covered, YYYY-MM-DD; today by default."
    ),
]
CorrectIssuedOption = Annotated[
    bool,
    typer.Option("--correct-issued", help="Days of issued statements may change hands too; needs --reason."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Answer as if, and store nothing.")]


def assign(
    client_api_id: CustomerArgument,
    identifiers: AccountsArgument,
    subscription: SubscriptionOption = False,
    commitment: CommitmentOption = False,
    charge_kind: ChargeKindOption = False,
    effective_from: FromOption = None,
    correct_issued: CorrectIssuedOption = False,
    dry_run: DryRunOption = False,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Assign accounts to a customer: all of them, or none if one cannot be."""
    from rebill.services.parties.assign_accounts import assign_accounts

    order = _order(
        _kind(subscription, commitment, charge_kind),
        client_api_id,
        identifiers,
        effective_from=effective_from,
        dry_run=dry_run,
        correct_issued=correct_issued,
    )
    _carry_out(assign_accounts, Act.ASSIGN_ACCOUNTS, order, partner, as_json, reason)


def unassign(
    client_api_id: CustomerArgument,
    identifiers: AccountsArgument,
    subscription: SubscriptionOption = False,
    commitment: CommitmentOption = False,
    charge_kind: ChargeKindOption = False,
    effective_to: ToOption = None,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take the assignment back as if it was never made.")
    ] = False,
    correct_issued: CorrectIssuedOption = False,
    dry_run: DryRunOption = False,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """End the assignments in force of these accounts, or take them back."""
    from rebill.services.parties.remove_accounts import remove_accounts

    order = _order(
        _kind(subscription, commitment, charge_kind),
        client_api_id,
        identifiers,
        effective_to=effective_to,
        withdraw=withdraw,
        dry_run=dry_run,
        correct_issued=correct_issued,
    )
    _carry_out(remove_accounts, Act.REMOVE_ACCOUNTS, order, partner, as_json, reason)


def move(
    client_api_id: CustomerArgument,
    identifiers: AccountsArgument,
    subscription: SubscriptionOption = False,
    commitment: CommitmentOption = False,
    charge_kind: ChargeKindOption = False,
    effective_from: FromOption = None,
    correct_issued: CorrectIssuedOption = False,
    dry_run: DryRunOption = False,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """End whatever assignment stands and begin this customer's, in one act; no day between."""
    from rebill.services.parties.assign_accounts import move_accounts

    order = _order(
        _kind(subscription, commitment, charge_kind),
        client_api_id,
        identifiers,
        effective_from=effective_from,
        dry_run=dry_run,
        correct_issued=correct_issued,
    )
    _carry_out(move_accounts, Act.MOVE_ACCOUNTS, order, partner, as_json, reason)


def _kind(subscription: bool, commitment: bool, charge_kind: bool) -> AccountKind:
    """What the ids of a command are; wrong usage where the options contradict each other."""
    given = {
        AccountKind.SUBSCRIPTION: subscription,
        AccountKind.COMMITMENT: commitment,
        AccountKind.CHARGE_KIND: charge_kind,
    }
    chosen = [kind for kind, is_given in given.items() if is_given]
    if len(chosen) > 1:
        raise typer.BadParameter("say one: --subscription, --commitment or --charge-kind", param_hint="options")
    return chosen[0] if chosen else AccountKind.AZURE_CUSTOMER


def _order(
    kind: AccountKind,
    client_api_id: int,
    identifiers: list[str],
    *,
    effective_from: date | None = None,
    effective_to: date | None = None,
    withdraw: bool = False,
    dry_run: bool,
    correct_issued: bool,
) -> AssignmentOrder:
    return AssignmentOrder(
        kind=kind,
        customer_id=client_api_id,
        identifiers=tuple(identifiers),
        effective_from=effective_from,
        effective_to=effective_to,
        withdraw=withdraw,
        dry_run=dry_run,
        correct_issued=correct_issued,
    )


def _carry_out(
    carry_out: CarryOut, act: Act, order: AssignmentOrder, partner: str | None, as_json: bool, reason: str
) -> None:
    if order.correct_issued and not reason:
        raise typer.BadParameter("is required with --correct-issued: say why", param_hint="--reason")
    done = "removed" if act is Act.REMOVE_ACCOUNTS else "assigned"
    with changing_session(act, partner, as_json, reason, order.customer_id, order.dry_run) as session:
        outcome = carry_out(session.installation, session.caller, order)
        output = session.output
        if as_json:
            output.answer(_document(session, order, outcome, done))
        _show(output, outcome, done)
        if outcome.faults:
            output.next_step("mend or leave out the faulty ids and repeat the command; nothing of it was stored.")
            raise typer.Exit(1)
        output.next_step("rebill bill run --period YYYY-MM bills a month under these assignments.")


def _document(session: Session, order: AssignmentOrder, outcome: AssignmentOutcome, done: str) -> Document:
    """The body of the API's answer to the same act; for subscriptions the one with ``detail=true``."""
    from rebill.api import allocations, azure_accounts, subscriptions
    from rebill.api.answer_shapes import SubscriptionDetailAddition, SubscriptionDetailRemoval
    from rebill.services.parties.list_assignments import assigned_identifiers

    removes = done == "removed"
    if order.kind is AccountKind.AZURE_CUSTOMER:
        return azure_accounts.remove_answer(outcome) if removes else azure_accounts.add_answer(outcome)
    if order.kind.is_allocated:
        return allocations.act_answer(outcome, order.identifiers).model_dump(by_alias=True)
    entries = subscriptions.sound_entries(outcome, order.identifiers, "azure_ids")
    assigned = assigned_identifiers(session.installation, session.caller, order.kind, order.customer_id)
    if not removes:
        return SubscriptionDetailAddition(
            azure_subscriptions=assigned,
            msp_client_id=order.customer_id,
            details=[subscriptions.add_detail(entry, order.dry_run) for entry in entries],
            spans_transfer=azure_accounts.spans_transfer(outcome),
        ).model_dump(by_alias=True)
    return SubscriptionDetailRemoval(
        azure_subscriptions=assigned,
        msp_client_id=order.customer_id,
        details=[subscriptions.remove_detail(entry, order.dry_run) for entry in entries],
        removed_azure_subscriptions=[entry.identifier for entry in entries if entry.done],
        spans_transfer=azure_accounts.spans_transfer(outcome),
    ).model_dump(by_alias=True)


def _show(output: Output, outcome: AssignmentOutcome, done: str) -> None:
    rows = [_row(entry, done) for entry in outcome.entries]
    output.table((Heading("id"), Heading("name"), Heading("days"), Heading("outcome")), rows)
    mode = " (a dry run: nothing is stored)" if outcome.dry_run else ""
    output.say(f"{outcome.done_count} of {len(outcome.entries)} {done} for {outcome.customer_name}{mode}.")
    _show_spanning(output, outcome.spans_transfer)


def _show_spanning(output: Output, found: SpanningUsage) -> None:
    if found.fault is not None:
        output.say(
            f"What is told above stands; usage across the change of owner could not be looked for: {found.fault}"
        )
    if not found.count:
        return
    names = ("data set", "month", "file", "row", "account", "from", "until", "changes on", "billed cost", "currency")
    headings = [Heading(name, right=name in ("data set", "row", "billed cost")) for name in names]
    output.say()
    output.table(headings, [_spanning_row(line) for line in found.lines], "Usage across the change of owner")
    lines = counted(found.count, "such line stays", "such lines stay")
    output.say(f"{lines} whole with the owner on the first day ({Attention.SPANS_TRANSFER}).")


def _spanning_row(line: SpanningLine) -> list[str]:
    return [
        str(line.data_set_id),
        str(line.month),
        line.source_file,
        str(line.source_row),
        line.subscription or line.azure_customer or line.commitment or line.charge_kind or "",
        str(line.start.date()),
        str(line.end.date()),
        str(line.changes_on),
        text_of(line.billed_cost),
        line.currency,
    ]


def _row(entry: AccountEntry | AccountFault, done: str) -> tuple[str, str, str, str]:
    if isinstance(entry, AccountFault):
        return entry.identifier, "", "", entry.sentence
    word = done if entry.done else f"would be {done}" if entry.would else f"not {done}"
    return entry.identifier, entry.name, _days(entry.days), word


def _days(days: Days) -> str:
    first = str(days.first) if days.first else "the beginning"
    return f"from {first}" + (f" until {days.until}" if days.until else "")
