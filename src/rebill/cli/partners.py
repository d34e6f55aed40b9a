"""``rebill partners``: the partners of this installation, and the settings of each."""

from contextlib import closing
from decimal import Decimal
from typing import Annotated

import typer

from rebill.cli.customers import CapAtListOption, FloorAtCostOption, MarginFloorOption
from rebill.cli.initialise import show_initialised
from rebill.cli.options import (
    JsonOption,
    PartnerOption,
    ReasonOption,
    currency_option,
    month_from_text,
    number_from_text,
)
from rebill.cli.output import Heading
from rebill.cli.session import changing_session, occasion_of_command, reporting, seal_quietly, standing_installation
from rebill.model.audit import Act
from rebill.model.closing import LateCost, Numbering
from rebill.model.months import BillingMonth
from rebill.model.terms import GUARD_NAMES, GuardsChange

commands = typer.Typer(help="The partners of this installation.", no_args_is_help=True)

BillingStartOption = Annotated[
    BillingMonth | None,
    typer.Option(
        "--billing-start",
        parser=month_from_text,
        metavar="YYYY-MM",
        help="Its first month; none before it is issued.",
    ),
]
UnassignedThresholdOption = Annotated[
    Decimal | None,
    typer.Option(
        "--unassigned-threshold",
        parser=number_from_text,
        metavar="AMOUNT",
        help="The greatest unassigned cost of a month, in any currency, that does not hold it back.",
    ),
]
TolerancePercentOption = Annotated[
    Decimal | None,
    typer.Option(
        "--tolerance-percent",
        parser=number_from_text,
        metavar="PERCENT",
        help="Of a Microsoft invoice: imported cost may differ so much from it.",
    ),
]
ToleranceAmountOption = Annotated[
    Decimal | None,
    typer.Option(
        "--tolerance-amount", parser=number_from_text, metavar="AMOUNT", help="So much it may differ in any case."
    ),
]

MovementPercentOption = Annotated[
    Decimal | None,
    typer.Option(
        "--movement-percent",
        parser=number_from_text,
        metavar="PERCENT",
        help="What moves more than this from month to month is odd, and an alarm says so.",
    ),
]


@commands.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Unique name of the partner.")],
    currency: Annotated[str, currency_option("--currency", "Its home currency.")] = "USD",
    reason: ReasonOption = "",
    as_json: JsonOption = False,
) -> None:
    """Create another partner in the same database, with its admin key (shown once)."""
    from rebill.services.keeping.initialise import create_partner

    with reporting(as_json) as output:
        with closing(standing_installation()) as installation:
            initialised = create_partner(installation, name, currency, occasion_of_command(reason))
            seal_quietly(installation, initialised.partner_id)
        show_initialised(output, initialised, f"The partner {name} stands.")
        output.next_step(
            f"give --partner {initialised.partner_id} (or set REBILL_PARTNER) to act for it on this command line."
        )


@commands.command("settings")
def settings(
    name: Annotated[
        str | None, typer.Option("--name", help="Its new name, for --partner too: unique in this installation.")
    ] = None,
    currency: Annotated[str | None, currency_option("--currency", "Its home currency.")] = None,
    bill_input_tax: Annotated[
        bool | None,
        typer.Option("--bill-input-tax/--no-bill-input-tax", help="Whether it cannot reclaim input tax and bills it."),
    ] = None,
    billing_start: BillingStartOption = None,
    no_billing_start: Annotated[bool, typer.Option("--no-billing-start", help="Any month may be issued.")] = False,
    unassigned_threshold: UnassignedThresholdOption = None,
    close_day: Annotated[
        int | None,
        typer.Option("--close-day", metavar="DAY", help="Of the following month: from it on a month may be closed."),
    ] = None,
    approval: Annotated[
        bool | None, typer.Option("--approval/--no-approval", help="Whether a second person approves what is issued.")
    ] = None,
    numbering: Annotated[
        Numbering | None, typer.Option("--numbering", help="Who numbers issued documents: rebill, or your own system.")
    ] = None,
    late_cost: Annotated[
        LateCost | None,
        typer.Option("--late-cost", help="Corrections as notes of their own, or on the next statement."),
    ] = None,
    tolerance_percent: TolerancePercentOption = None,
    tolerance_amount: ToleranceAmountOption = None,
    movement_percent: MovementPercentOption = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a partner's settings, after changing those that are given."""
    from rebill.api.caller_shapes import PartnerSettingsAnswer
    from rebill.model.partner import PartnerSettingsChange
    from rebill.services.parties.partner_settings import change_partner_settings

    if no_billing_start and billing_start is not None:
        raise typer.BadParameter("give one of --billing-start and --no-billing-start", param_hint="--billing-start")
    with changing_session(Act.CHANGE_PARTNER, partner, as_json, reason) as session:
        change = PartnerSettingsChange(
            name,
            currency,
            bill_input_tax,
            billing_start,
            no_billing_start or billing_start is not None,
            unassigned_threshold,
            close_day,
            approval,
            numbering,
            late_cost,
            tolerance_percent,
            tolerance_amount,
            movement_percent,
            names_for_commands=True,
        )
        kept = change_partner_settings(session.installation, session.caller, change)
        # What commands call it is its operator's, and no call of the API tells it.
        called = {"partner_id": session.caller.partner_id, "name_for_commands": kept.name_for_commands}
        document = {**called, **PartnerSettingsAnswer.of(kept).model_dump(by_alias=True)}
        session.output.answer(document)
        for setting, value in document.items():
            session.output.say(f"{setting:<20} {'' if value is None else value}")
        session.output.next_step("rebill partners settings --help shows what can be set.")


@commands.command("guards")
def guards(
    cap_at_list: CapAtListOption = None,
    floor_at_cost: FloorAtCostOption = None,
    margin_floor: MarginFloorOption = None,
    from_month: Annotated[
        BillingMonth | None,
        typer.Option(
            "--from",
            parser=month_from_text,
            metavar="YYYY-MM",
            help="First billing month of the change; the first that is issued to nobody unless given.",
        ),
    ] = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a partner's guards by month, after changing those that are given: of all customers without their own."""
    from rebill.api.partner_guards import partner_guards_answer
    from rebill.services.parties.partner_guards import change_partner_guards

    with changing_session(Act.CHANGE_PARTNER_GUARDS, partner, as_json, reason) as session:
        change = GuardsChange(cap_at_list, floor_at_cost, margin_floor)
        kept = change_partner_guards(session.installation, session.caller, change, from_month)
        document = partner_guards_answer(kept).model_dump()
        session.output.answer(document)
        names = ("from_month", *GUARD_NAMES)
        rows = [[_guard(found[name]) for name in names] for found in document["guards"]]
        session.output.table([Heading(name.replace("_", " ")) for name in names], rows)
        session.output.next_step(
            "rebill customers update CLIENT_API_ID gives a customer guards of its own; "
            "rebill bill what-if tries them on a month first."
        )


def _guard(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "always" if value is None else str(value)
