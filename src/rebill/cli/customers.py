"""``rebill customers``: the partner's customers."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import typer

from rebill.cli.every_page import every_item
from rebill.cli.options import (
    CityOption,
    CountryOption,
    JsonOption,
    PartnerOption,
    ReasonOption,
    StateOption,
    StreetMoreOption,
    StreetOption,
    ZipcodeOption,
    currency_option,
    fallback_markup_from_text,
    given_texts,
    margin_floor_from_text,
    markup_from_text,
    month_from_text,
)
from rebill.cli.output import Document, Heading
from rebill.cli.session import changing_session, partner_session
from rebill.model.audit import Act
from rebill.model.customer import Customer, CustomerChange, NewCustomer, TermsChange
from rebill.model.months import BillingMonth
from rebill.model.party import Address, Classification
from rebill.model.terms import Basis, CommitmentsPolicy, LateCostTerm

commands = typer.Typer(help="The partner's customers.", no_args_is_help=True)


class _AsPartner(StrEnum):
    """Terms that can be as the partner has them, by the names of their options."""

    CAP_AT_LIST = "cap-at-list"
    FLOOR_AT_COST = "floor-at-cost"
    MARGIN_FLOOR = "margin-floor"
    HOME_CURRENCY = "home-currency"

    @property
    def term(self) -> str:
        """Its name among a customer's terms."""
        return "margin_floor_percent" if self is _AsPartner.MARGIN_FLOOR else self.value.replace("-", "_")


FallbackMarkupOption = Annotated[
    Decimal | None,
    typer.Option(
        "--fallback-markup",
        parser=fallback_markup_from_text,
        metavar="PERCENT",
        help="Added to a cost where a discount off retail finds no retail price; a new customer's is 0.",
    ),
]
CapAtListOption = Annotated[
    bool | None, typer.Option("--cap-at-list/--no-cap-at-list", help="Whether no charge is priced above list.")
]
FloorAtCostOption = Annotated[
    bool | None,
    typer.Option("--floor-at-cost/--no-floor-at-cost", help="Whether no charge is priced below what it costs."),
]
MarginFloorOption = Annotated[
    Decimal | None,
    typer.Option(
        "--margin-floor",
        parser=margin_floor_from_text,
        metavar="PERCENT",
        help="Of its price, each charge leaves at least so much; 0 for none.",
    ),
]
AsPartnerOption = Annotated[
    list[_AsPartner] | None,
    typer.Option("--as-partner", metavar="TERM", help="A guard, or the home currency: as the partner has it again."),
]
HomeCurrencyOption = Annotated[
    str | None,
    currency_option("--home-currency", "Of fees and manual lines that name none."),
]
LateCostOption = Annotated[
    LateCostTerm | None,
    typer.Option("--late-cost", help="Corrections as notes, on the next statement, or as the partner's settings say."),
]
FromMonthOption = Annotated[
    BillingMonth | None,
    typer.Option(
        "--from",
        parser=month_from_text,
        metavar="YYYY-MM",
        help="First billing month of a change of terms: billing, basis, commitments, fallback markup, carry "
        "forward, late cost, guards, home currency; the first without an issued statement unless given.",
    ),
]
ClassificationOption = Annotated[
    Classification | None, typer.Option("--classification", help="Whether the customer's own keys open anything.")
]
FolderOption = Annotated[str | None, typer.Option("--folder", help="A relative path for its bills; empty for none.")]
BillingOption = Annotated[
    bool | None, typer.Option("--billing/--no-billing", help="Whether the customer gets statements.")
]
CarryForwardOption = Annotated[
    bool | None,
    typer.Option(
        "--carry-forward/--no-carry-forward", help="Whether a statement below 0 becomes a credit for the next ones."
    ),
]
CommitmentsOption = Annotated[
    CommitmentsPolicy | None,
    typer.Option("--commitments", help="How reservations and savings plans reach the customer."),
]
CustomerArgument = Annotated[int, typer.Argument(metavar="CLIENT_API_ID", help="The customer's id.")]


@commands.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Unique among the partner's customers.")],
    basis: Annotated[
        Basis,
        typer.Option("--basis", help="What usage and purchases are priced from: retail, or what the partner pays."),
    ] = Basis.LIST,
    commitments: Annotated[
        CommitmentsPolicy, typer.Option("--commitments", help="How reservations and savings plans reach the customer.")
    ] = CommitmentsPolicy.AS_BOUGHT,
    markup: Annotated[
        Decimal | None,
        typer.Option(
            "--markup",
            parser=markup_from_text,
            metavar="PERCENT",
            help="A price book of one rule over everything; negative, to -100, is a discount.",
        ),
    ] = None,
    fallback_markup: FallbackMarkupOption = None,
    carry_forward: Annotated[
        bool, typer.Option("--carry-forward", help="A statement below 0 becomes a credit for the next ones.")
    ] = False,
    late_cost: LateCostOption = None,
    home_currency: HomeCurrencyOption = None,
    no_billing: Annotated[bool, typer.Option("--no-billing", help="The customer gets no statements.")] = False,
    street1: StreetOption = None,
    street2: StreetMoreOption = None,
    city: CityOption = None,
    state: StateOption = None,
    zipcode: ZipcodeOption = None,
    country: CountryOption = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a customer, billing enabled unless told otherwise."""
    from rebill.services.parties.create_customer import create_customer

    address = given_texts(street1=street1, street2=street2, city=city, state=state, zipcode=zipcode, country=country)
    new = NewCustomer(
        name=name,
        address=Address(**address) if address else None,
        billing_enabled=not no_billing,
        basis=basis,
        commitments=commitments,
        markup_percent=markup,
        fallback_markup_percent=fallback_markup or Decimal(0),
        carry_forward=carry_forward,
        late_cost=late_cost or LateCostTerm.PARTNER,
        home_currency=home_currency,
    )
    with changing_session(Act.CREATE_CUSTOMER, partner, as_json, reason) as session:
        customer = create_customer(session.installation, session.caller, new)
        output = session.output
        output.answer(_document(customer))
        output.say(f"Customer {customer.name} stands; its client_api_id is {customer.customer_id}.")
        output.next_step(f"rebill assign {customer.customer_id} AZURE_CUSTOMER_ID… assigns its Azure accounts.")


@commands.command("update")
def update(
    customer: CustomerArgument,
    name: Annotated[str | None, typer.Option("--name", help="Unique among the partner's customers.")] = None,
    classification: ClassificationOption = None,
    contact: Annotated[str | None, typer.Option("--contact", help="Whom bills concern; empty for nobody.")] = None,
    street1: StreetOption = None,
    street2: StreetMoreOption = None,
    city: CityOption = None,
    state: StateOption = None,
    zipcode: ZipcodeOption = None,
    country: CountryOption = None,
    folder: FolderOption = None,
    billing: BillingOption = None,
    basis: Annotated[Basis | None, typer.Option("--basis", help="What usage and purchases are priced from.")] = None,
    commitments: CommitmentsOption = None,
    fallback_markup: FallbackMarkupOption = None,
    carry_forward: CarryForwardOption = None,
    late_cost: LateCostOption = None,
    cap_at_list: CapAtListOption = None,
    floor_at_cost: FloorAtCostOption = None,
    margin_floor: MarginFloorOption = None,
    home_currency: HomeCurrencyOption = None,
    as_partner: AsPartnerOption = None,
    from_month: FromMonthOption = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is given of a customer, and leave the rest."""
    from rebill.services.parties.change_customer import change_customer

    terms = TermsChange(
        billing,
        basis,
        commitments,
        fallback_markup,
        carry_forward,
        late_cost,
        cap_at_list,
        floor_at_cost,
        margin_floor,
        home_currency,
        from_month,
        tuple(term.term for term in as_partner or ()),
    )
    if any(getattr(terms, name) is not None for name in terms.as_partner):
        raise typer.BadParameter("a term is the customer's own or the partner's", param_hint="--as-partner")
    change = CustomerChange(
        name=name,
        address=given_texts(street1=street1, street2=street2, city=city, state=state, zipcode=zipcode, country=country),
        classification=classification,
        billing_contact=contact,
        billing_folder=folder,
        terms=terms,
    )
    if change == CustomerChange():
        raise typer.BadParameter("say what is to change: see `rebill customers update --help`", param_hint="options")
    with changing_session(Act.CHANGE_CUSTOMER, partner, as_json, reason, customer) as session:
        changed = change_customer(session.installation, session.caller, customer, change)
        output = session.output
        output.answer(_document(changed))
        output.say(f"Customer {changed.name} ({customer}) is as asked.")
        output.next_step("rebill bill run --period YYYY-MM rebuilds the Estimated statements of a month.")


@commands.command("terms")
def terms_by_month(customer: CustomerArgument, partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """Show a customer's terms, each with the billing month that it is in force from."""
    from rebill.api.customer_terms import terms_answer
    from rebill.services.parties.read_terms import get_terms

    with partner_session(partner, as_json) as session:
        document = terms_answer(get_terms(session.installation, session.caller, customer)).model_dump()
        session.output.answer(document)
        names = list(document["terms"][0])
        rows = [[_term(name, term[name]) for name in names] for term in document["terms"]]
        session.output.table([Heading(name.replace("_", " ")) for name in names], rows)
        session.output.next_step(f"rebill customers update {customer} --from YYYY-MM changes them from a month on.")


def _term(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "always" if name == "from_month" else "as the partner"
    return str(value)


@commands.command("delete")
def delete(
    customer: CustomerArgument, reason: ReasonOption = "", partner: PartnerOption = None, as_json: JsonOption = False
) -> None:
    """Delete a customer without issued statements: its assignments and keys end today, its history stays."""
    from rebill.services.parties.delete_customer import delete_customer

    with changing_session(Act.DELETE_CUSTOMER, partner, as_json, reason, customer) as session:
        delete_customer(session.installation, session.caller, customer)
        session.output.answer({"id": customer, "deleted": True})
        session.output.say(f"Customer {customer} is deleted; its days before today are still billed.")
        session.output.next_step("rebill customers list --deleted shows the deleted ones.")


@commands.command("list")
def list_all(
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted customers instead.")] = False,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the customers in the order of their creation."""
    from rebill.services.parties.read_customers import list_customers

    with partner_session(partner, as_json) as session:
        customers = list(
            every_item(lambda page: list_customers(session.installation, session.caller, page, deleted=deleted))
        )
        session.output.answer({"customers": [_document(customer) for customer in customers]})
        headings = (
            Heading("client_api_id", right=True),
            Heading("name"),
            Heading("billing"),
            Heading("margin %", right=True),
        )
        rows = [
            (str(customer.customer_id), customer.name, _billing(customer), _percent(customer.margin_percentage))
            for customer in customers
        ]
        session.output.table(headings, rows)
        session.output.next_step(
            "rebill customers create NAME adds one; rebill assign CLIENT_API_ID … assigns accounts."
        )


def _document(customer: Customer) -> Document:
    from rebill.api.customers import customer_answer

    return customer_answer(customer).model_dump(by_alias=True)


def _billing(customer: Customer) -> str:
    return "enabled" if customer.billing_enabled else "disabled"


def _percent(value: Decimal | None) -> str:
    return "" if value is None else format(value, "f")
