"""``rebill billing-rules``: the partner's billing rules, from files that hold what the API would be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.every_page import every_item
from rebill.cli.options import JsonOption, PartnerOption, ReasonOption
from rebill.cli.output import Document, Heading
from rebill.cli.request_files import read_request
from rebill.cli.session import changing_session, partner_session
from rebill.model.audit import Act

if TYPE_CHECKING:
    from rebill.model.billing_rule import KeptBillingRule

commands = typer.Typer(help="Fees and shares of spend on customers' statements.", no_args_is_help=True)

RuleArgument = Annotated[int, typer.Argument(metavar="RULE_ID", help="As rebill billing-rules list shows it.")]
FileArgument = Annotated[
    typer.FileBinaryRead, typer.Argument(metavar="FILE", help="JSON with the fields of the API's request; - reads it.")
]


@commands.command("create")
def create(
    file: FileArgument, reason: ReasonOption = "", partner: PartnerOption = None, as_json: JsonOption = False
) -> None:
    """Make a billing rule from a file."""
    from rebill.api.billing_rule_shapes import BillingRuleBody
    from rebill.services.pricing.create_billing_rule import create_billing_rule

    with changing_session(Act.CREATE_BILLING_RULE, partner, as_json, reason) as session:
        order = read_request(file, BillingRuleBody).order()
        kept = create_billing_rule(session.installation, session.caller, order)
        session.output.answer(_document(kept))
        session.output.say(f"Billing rule {kept.rule.name} stands; its id is {kept.billing_rule_id}.")
        session.output.next_step(f"rebill billing-rules show {kept.billing_rule_id} shows all of it.")


@commands.command("list")
def list_all(partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """List the billing rules in the order of their creation."""
    from rebill.services.pricing.read_billing_rules import list_billing_rules

    with partner_session(partner, as_json) as session:
        rules = list(every_item(lambda page: list_billing_rules(session.installation, session.caller, page)))
        session.output.answer({"partner_billing_rules": [_document(kept) for kept in rules]})
        headings = ("id", "name", "cloud", "action", "frequency", "start", "end")
        session.output.table([Heading(text, right=text == "id") for text in headings], [_row(kept) for kept in rules])
        session.output.next_step("rebill billing-rules create FILE makes one.")


@commands.command("show")
def show(rule: RuleArgument, partner: PartnerOption = None, as_json: JsonOption = False) -> None:
    """Show one billing rule as the API answers it."""
    from rebill.services.pricing.read_billing_rules import get_billing_rule

    with partner_session(partner, as_json) as session:
        document = _document(get_billing_rule(session.installation, session.caller, rule))
        session.output.answer(document)
        for field, value in document.items():
            session.output.say(f"{field}: {_told(value)}")
        session.output.next_step(f"rebill billing-rules update {rule} FILE changes what the file names.")


@commands.command("update")
def update(
    rule: RuleArgument,
    file: FileArgument,
    reason: ReasonOption = "",
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what a file names of a billing rule, and leave the rest."""
    from rebill.api.billing_rule_shapes import BillingRuleChangeBody
    from rebill.services.pricing.update_billing_rule import update_billing_rule

    with changing_session(Act.CHANGE_BILLING_RULE, partner, as_json, reason, rule) as session:
        order = read_request(file, BillingRuleChangeBody).order()
        kept = update_billing_rule(session.installation, session.caller, rule, order)
        session.output.answer(_document(kept))
        session.output.say(f"Billing rule {kept.rule.name} ({rule}) is as asked.")
        session.output.next_step(f"rebill billing-rules show {rule} shows all of it.")


@commands.command("delete")
def delete(
    rule: RuleArgument, reason: ReasonOption = "", partner: PartnerOption = None, as_json: JsonOption = False
) -> None:
    """Delete a billing rule; issued months keep it."""
    from rebill.services.pricing.delete_billing_rule import delete_billing_rule

    with changing_session(Act.DELETE_BILLING_RULE, partner, as_json, reason, rule) as session:
        delete_billing_rule(session.installation, session.caller, rule)
        session.output.answer({"id": rule, "deleted": True})
        session.output.say(f"Billing rule {rule} is deleted; months that were issued keep it.")
        session.output.next_step("rebill billing-rules list shows what is left.")


def _document(kept: KeptBillingRule) -> Document:
    from rebill.api.billing_rule_shapes import billing_rule_answer

    return billing_rule_answer(kept).model_dump(by_alias=True)


def _told(value: object) -> str:
    """A field as it is read: lists with commas, and what is not set as a dash."""
    if isinstance(value, dict):
        return "; ".join(f"{name} {_told(part)}" for name, part in value.items()) or "–"
    if isinstance(value, list):
        return ", ".join(map(_told, value)) or "–"
    return "–" if value is None or value == "" else str(value)


def _row(kept: KeptBillingRule) -> tuple[str, ...]:
    rule, terms = kept.rule, kept.rule.terms
    end = "" if terms.end_month is None else str(terms.end_month)
    return (str(kept.billing_rule_id), rule.name, rule.cloud, rule.action, terms.frequency, str(terms.start_month), end)
