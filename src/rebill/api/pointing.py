"""Sentences that name commands, as the API says them: with the call that does the same."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import PlainSerializer, SerializationInfo

from rebill.model.named_commands import NamedCommand, parts_of

OVER_THE_API: Final = "over the API"
"""The context in which answers are written for callers of the API; the command line shows the same shapes."""
_ALLOCATE: Final = "PUT /v1/cost_allocations/add/{client_api_id}"
_KEEPER: Final = "whoever runs the server"
CALLS: Final[Mapping[str, str]] = {
    "assign": "PUT /v1/azure_partner_customer_accounts/add/{client_api_id}",
    "bill accept": "PUT /v1/attention_lines/accept",
    "bill approve": "POST /v1/closing_proposals/{closing_id}/approve",
    "bill attention": "GET /v1/attention_lines",
    "bill correct": "POST /v1/closings/correct",
    "bill finalize": "POST /v1/closings/finalize",
    "bill run": "POST /v1/runs",
    # No call takes in cost.
    "costs import": "the page /costs",
    "costs list": "GET /v1/data_sets",
    "costs reconcile": "GET /v1/reconciliation",
    "costs rejects": "GET /v1/data_sets/{data_set_id}/rejects",
    "customers details": "PUT /v1/customers/{client_api_id}/billing_details",
    "customers list": "GET /v1/customers",
    "deliver": "GET /v1/document_deliveries",
    "explain": "GET /v1/customer_statements/{statement_id}/explanation",
    "init": _KEEPER,
    "invoices enter": "POST /v1/microsoft_invoices",
    "partners letterhead": "PUT /v1/letterhead",
    "statements export": _KEEPER,
    "statements list": "GET /v1/customer_statements",
    "statements number": "PUT /v1/customer_statements/{statement_id}/number",
    "statements show": "GET /v1/customer_statements/{statement_id}",
    "tax set": "PUT /v1/tax_rules",
    "verify": "GET /v1/customer_statements/{statement_id}/verification",
}
"""What stands for each command that the services' sentences name: who has only the API is told the call."""


def with_calls(sentence: str) -> str:
    """``sentence`` with the call in place of every command that it names."""
    return "".join(_call(part) if isinstance(part, NamedCommand) else part for part in parts_of(sentence, CALLS))


def _call(command: NamedCommand) -> str:
    call = _ALLOCATE if "--charge-kind" in command.arguments else CALLS[command.name]
    if command.number is not None:
        call = call.replace("{data_set_id}", command.number)
    if command.month is None or " /v1/" not in call:
        return call
    if call.startswith("GET"):
        return f"{call}?billing_period={command.month}"
    return f"{call} (billing_period {command.month})"


def _as_told(sentence: str, info: SerializationInfo) -> str:
    return with_calls(sentence) if info.context is OVER_THE_API else sentence


Sentence = Annotated[str, PlainSerializer(_as_told, return_type=str)]
"""A sentence of the services in an answer: over the API it names calls, at the command line commands."""
