"""The audit trail: who changed what, when and why, and what was refused. Only for who administers the partner."""

from typing import Any

from pydantic import ValidationError

from rebill.api.answer_shapes import AuditEntryAnswer, AuditEntryList, AuditRefusal
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.paging import list_answer, page_of
from rebill.api.query import Parameter, choice, moment, whole_number
from rebill.api.resource import Resource
from rebill.api.texts import GREATEST_ID
from rebill.model.audit import Act, ActOutcome, KeptAuditEntry, SubjectKind
from rebill.services.acting.permission import Permission
from rebill.services.keeping.read_audit_trail import AuditFilter, get_audit_entry, list_audit_entries

_NUMBER = "audit_entry_number"


FILTERS: tuple[Parameter, ...] = (
    choice("act", "Entries of this act.", [act.value for act in Act]),
    choice("outcome", "Entries of what was done, or of what was refused.", [one.value for one in ActOutcome]),
    choice("subject_kind", "Entries of acts on this kind of thing.", [kind.value for kind in SubjectKind]),
    whole_number("subject_id", "Entries of acts on the thing of this id.", 1, GREATEST_ID),
    whole_number("key_id", "Entries of calls with this key.", 1, GREATEST_ID),
    whole_number("user_id", "Entries of calls with this user's keys.", 1, GREATEST_ID),
    moment("since", "Entries from this moment on."),
    moment("until", "Entries before this moment."),
)


def list_all(call: Call) -> Answer:
    """Who changed what, when, from which key and why, and what was refused; oldest first.

    `after_id` is a number of the chain: who pages by it gets every entry exactly once, those to come too. `before`
    and `after` are left out where they are long: the entry itself shows them.
    """
    values = call.parameters.values
    wanted = AuditFilter(**{one.name: values.get(one.name) for one in FILTERS}, customer_id=call.filter_customer_id)
    listing = list_audit_entries(call.installation, call.caller, wanted, page_of(call.parameters))
    entries = [audit_entry_answer(kept) for kept in listing.items]
    return list_answer(call, AuditEntryList(audit_entries=entries), listing)


def get(call: Call) -> Answer:
    """One entry of the audit trail, whole, by its number."""
    kept = get_audit_entry(call.installation, call.caller, call.ids[_NUMBER], call.filter_customer_id)
    return Answer.json(200, audit_entry_answer(kept))


def audit_entry_answer(kept: KeptAuditEntry) -> AuditEntryAnswer:
    """An entry as the wire has it, here and at the command line."""
    document = kept.entry.document()
    return AuditEntryAnswer(
        number=kept.number,
        **{**document, "refusal": _refusal(kept.entry.refusal, document["refusal"])},
        left_out=kept.left_out,
        content_sha256=kept.content_sha256,
        chain_sha256=kept.chain_sha256,
    )


def _refusal(kept: str | None, told: Any) -> AuditRefusal | None:
    """Why the act was not done; with all of it for a message, where somebody made of it what is no refusal."""
    try:
        return None if told is None else AuditRefusal.model_validate(told)
    except ValidationError:
        return AuditRefusal(code="", message=kept or "", fields={}, field_count=0)


ENTRIES = Resource(
    "/v1/audit_entries",
    _NUMBER,
    AuditEntryAnswer,
    AuditEntryList,
    "/audit_entries/0/number",
    Permission.ADMINISTER,
)
ROUTES = (
    ENTRIES.listed(list_all, "List the audit trail", *FILTERS),
    ENTRIES.shown(get, "Show an entry of the audit trail"),
)
