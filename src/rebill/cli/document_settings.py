"""What documents show: ``rebill partners letterhead``, ``rebill customers details``, ``rebill tax``."""

import base64
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.customers import CustomerArgument
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
    given_texts,
    month_from_text,
    number_from_text,
)
from rebill.cli.output import Document, Heading, Output
from rebill.cli.session import changing_session, partner_session
from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.tax import TaxCategory, TaxedLines, TaxRule, TaxTreatment

tax = typer.Typer(help="The rules of tax on customers' documents.", no_args_is_help=True)

_Text = str | None
LegalNameOption = Annotated[_Text, typer.Option("--legal-name", help="Shown instead of the name.")]
TaxIdOption = Annotated[_Text, typer.Option("--tax-id", help="Country in front, such as DE136695976.")]
RegistrationOption = Annotated[_Text, typer.Option("--registration-id", help="In the register of companies.")]
ColorOption = Annotated[_Text, typer.Option("--color", metavar="COLOR", help="Such as '#0b6477'.")]
PortalTitleOption = Annotated[_Text, typer.Option("--portal-title", help="Stands above the portal.")]
PortalWelcomeOption = Annotated[_Text, typer.Option("--portal-welcome", help="Stands above its statements.")]
LogoOption = Annotated[Path | None, typer.Option("--logo", metavar="FILE", help="A PNG or JPEG picture.")]
NoLogoOption = Annotated[bool, typer.Option("--no-logo", help="Take the picture away.")]
LanguageOption = Annotated[_Text, typer.Option("--language", metavar="TAG", help="Such as en, de or fr-CH.")]


def letterhead(
    legal_name: LegalNameOption = None,
    street1: StreetOption = None,
    street2: StreetMoreOption = None,
    city: CityOption = None,
    state: StateOption = None,
    zipcode: ZipcodeOption = None,
    country: CountryOption = None,
    tax_id: TaxIdOption = None,
    registration_id: RegistrationOption = None,
    contact: Annotated[_Text, typer.Option("--contact", help="Whom to ask.")] = None,
    email: Annotated[_Text, typer.Option("--email", help="Where to ask.")] = None,
    phone: Annotated[_Text, typer.Option("--phone", help="Where to call.")] = None,
    iban: Annotated[_Text, typer.Option("--iban", help="The account that customers pay to.")] = None,
    bic: Annotated[_Text, typer.Option("--bic", help="The code of its bank.")] = None,
    payment_days: Annotated[
        int | None, typer.Option("--payment-days", metavar="DAYS", help="To pay in; below 0: on receipt.")
    ] = None,
    footer: Annotated[_Text, typer.Option("--footer", help="What stands below every page.")] = None,
    language: LanguageOption = None,
    logo: LogoOption = None,
    no_logo: NoLogoOption = False,
    color: ColorOption = None,
    portal_title: PortalTitleOption = None,
    portal_welcome: PortalWelcomeOption = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the letterhead, after changing what is given; an empty text leaves a thing out."""
    from rebill.api.document_settings import LetterheadAnswer
    from rebill.services.parties.letterhead import LetterheadChange, change_letterhead

    address = given_texts(street1=street1, street2=street2, city=city, state=state, zipcode=zipcode, country=country)
    given = {"legal_name": legal_name, "tax_id": tax_id, "registration_id": registration_id, "contact": contact}
    given |= {"email": email, "phone": phone, "iban": iban, "bic": bic, "footer": footer, "language": language}
    given |= {"color": color, "portal_title": portal_title, "portal_welcome": portal_welcome}
    days = {} if payment_days is None else {"payment_days": payment_days}
    with changing_session(Act.CHANGE_LETTERHEAD, partner, as_json, reason) as session:
        change = LetterheadChange({**given_texts(**given), **days}, address, _picture(logo, no_logo))
        kept = change_letterhead(session.installation, session.caller, change)
        document = LetterheadAnswer.of(kept).model_dump()
        _show(session.output, {**document, "address": ", ".join(filter(None, document["address"].values()))}, document)
        session.output.next_step("rebill statements export ID --format pdf shows it on a document.")


def details(
    customer: CustomerArgument,
    legal_name: LegalNameOption = None,
    country: Annotated[_Text, typer.Option("--country", help="ISO 3166 code, where the address tells none.")] = None,
    tax_id: TaxIdOption = None,
    registration_id: RegistrationOption = None,
    buyer_reference: Annotated[
        _Text, typer.Option("--buyer-reference", help="What the customer finds its documents by.")
    ] = None,
    language: LanguageOption = None,
    email: Annotated[
        _Text, typer.Option("--email", help="Where documents are sent to; several parted by commas.")
    ] = None,
    logo: LogoOption = None,
    no_logo: NoLogoOption = False,
    color: ColorOption = None,
    portal_title: PortalTitleOption = None,
    portal_welcome: PortalWelcomeOption = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what documents show of a customer, after changing what is given; an empty text leaves a thing out."""
    from rebill.api.document_settings import BillingDetailsAnswer
    from rebill.services.parties.billing_details import BillingDetailsChange, change_billing_details

    given = {"legal_name": legal_name, "country": country, "tax_id": tax_id, "registration_id": registration_id}
    given |= {"buyer_reference": buyer_reference, "language": language, "email": email}
    given |= {"color": color, "portal_title": portal_title, "portal_welcome": portal_welcome}
    with changing_session(Act.CHANGE_BILLING_DETAILS, partner, as_json, reason, customer) as session:
        change = BillingDetailsChange(given_texts(**given), _picture(logo, no_logo))
        kept = change_billing_details(session.installation, session.caller, customer, change)
        document = BillingDetailsAnswer.of(customer, kept).model_dump()
        _show(session.output, document, document)
        session.output.next_step("rebill tax set says what tax stands on its documents.")


@tax.command("list")
def list_all(
    customer: Annotated[
        int | None, typer.Option("--customer", metavar="ID", help="Only rules that may concern this one.")
    ] = None,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the rules: those for every customer, then those of single ones."""
    from rebill.api.document_settings import TaxRuleAnswer
    from rebill.services.parties.tax_rules import list_tax_rules

    with partner_session(partner, as_json) as session:
        rules = list_tax_rules(session.installation, session.caller, customer)
        documents = [TaxRuleAnswer.of(rule).model_dump() for rule in rules]
        session.output.answer({"tax_rules": documents})
        names = ("client_api_id", "lines", "from_month", "category", "percent", "reason", "reason_code")
        rows = [["" if document[name] is None else str(document[name]) for name in names] for document in documents]
        session.output.table([Heading(name.replace("_", " "), right=name == "percent") for name in names], rows)
        session.output.next_step("rebill tax set CATEGORY puts another one in force.")


@tax.command("set")
def put(
    category: Annotated[
        TaxCategory,
        typer.Argument(metavar="CATEGORY", help="S, Z, E, AE, K, G or O as in EN 16931; none: no tax is told of."),
    ],
    percent: Annotated[
        Decimal | None, typer.Option("--percent", parser=number_from_text, metavar="PERCENT", help="With S only.")
    ] = None,
    customer: Annotated[
        int | None, typer.Option("--customer", metavar="ID", help="For this one only; else for all without their own.")
    ] = None,
    lines: Annotated[
        TaxedLines, typer.Option("--lines", help="Only lines of a charge category, or of a kind.")
    ] = TaxedLines.ALL,
    why: Annotated[str, typer.Option("--exemption", metavar="TEXT", help="Why no tax is charged.")] = "",
    code: Annotated[str, typer.Option("--exemption-code", metavar="CODE", help="The same by the VATEX list.")] = "",
    from_month: Annotated[
        BillingMonth | None,
        typer.Option("--from", parser=month_from_text, metavar="YYYY-MM", help="First month; else the first unissued."),
    ] = None,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a rule of tax in force from a month on."""
    from rebill.api.document_settings import TaxRuleAnswer
    from rebill.services.parties.tax_rules import set_tax_rule

    wanted = TaxRule(customer, lines, "", TaxTreatment(category, percent or ZERO, why.strip(), code.strip()))
    with changing_session(Act.SET_TAX_RULE, partner, as_json, reason) as session:
        document = TaxRuleAnswer.of(set_tax_rule(session.installation, session.caller, wanted, from_month)).model_dump()
        _show(session.output, document, document)
        session.output.next_step("rebill tax list shows all of them.")


def _picture(file: Path | None, none: bool) -> str | None:
    """The picture to be kept, in base64; ``""``: it is taken away; ``None``: it stays."""
    if none or file is None:
        return "" if none else None
    try:
        return base64.b64encode(file.read_bytes()).decode("ascii")
    except OSError as error:
        raise Invalid("cannot_read", f"Cannot read {file} ({error.strerror}); name another file.") from error


def _show(output: Output, shown: Document, document: Document) -> None:
    output.answer(document)
    for name, value in shown.items():
        output.say(f"{name:<16} {'' if value is None else value}")
