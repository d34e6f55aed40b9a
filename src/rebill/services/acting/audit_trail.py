"""Record what is done, or refused: the one line that every act which changes something has.

An act calls ``record_change`` inside its own transaction, so that the act and its entry are stored together or not
at all. What is refused by raising is recorded where refusals arrive: in the API's pipeline and in the command line's
session (``record_refused``). How entries are sealed: ``services/keeping/audit_sealing.py``.
"""

from dataclasses import replace
from datetime import datetime

from rebill.model.audit import Act, ActOutcome, AuditEntry, Doer, SubjectKind, exact_instant, told, told_refusal
from rebill.model.errors import Refusal
from rebill.model.party import Caller, Occasion
from rebill.services.acting.installation import Installation
from rebill.services.acting.plain_text import printable
from rebill.services.acting.secret_keys import KEY_MARK, without_key_text
from rebill.store.audit_entries import add_entry
from rebill.store.identity import can_be_stored
from rebill.store.scope import Scope

GREATEST_REASON_LENGTH = 1000


def record_change(
    scope: Scope,
    caller: Caller,
    act: Act,
    subject_id: int | None,
    now: datetime,
    *,
    before: object = None,
    after: object = None,
    customer_id: int | None = None,
) -> None:
    """Record that ``act`` was done to ``subject_id``: one entry, whatever the act's size.

    ``before`` and ``after``: what it changed, each a mapping or a dataclass (``None``: there was nothing, or is
    nothing any more); where both name things, only those that differ are kept. ``customer_id``: the customer that
    it concerns, where the subject is not one itself. An act that changed nothing records nothing.
    """
    told_before, told_after = told(before, after)
    entry = _entry(caller, act, ActOutcome.DONE, subject_id, customer_id, now)
    add_entry(scope, replace(entry, before=_blotted(told_before), after=_blotted(told_after)))


def record_refusal(
    scope: Scope,
    caller: Caller,
    act: Act,
    subject_id: int | None,
    now: datetime,
    refusal: Refusal,
    customer_id: int | None = None,
) -> None:
    """Record in the act's own transaction that ``act`` was refused although nothing is raised."""
    entry = _entry(caller, act, ActOutcome.REFUSED, subject_id, customer_id, now)
    add_entry(scope, replace(entry, refusal=_blotted(told_refusal(refusal))))


def record_refused(
    installation: Installation,
    caller: Caller,
    act: Act,
    subject_id: int | None,
    refusal: Refusal,
    customer_id: int | None = None,
) -> None:
    """Record in a transaction of its own that ``act`` ended with ``refusal``, unless its own entry tells so already."""
    if refusal.is_recorded:
        return
    now = installation.clock()
    installation.database.write(
        lambda connection: record_refusal(
            Scope.of(connection, caller), caller, act, subject_id, now, refusal, customer_id
        )
    )


def _entry(
    caller: Caller, act: Act, outcome: ActOutcome, subject_id: int | None, customer_id: int | None, now: datetime
) -> AuditEntry:
    subject = _storable(subject_id)
    concerned = subject if act.subject_kind is SubjectKind.CUSTOMER else _storable(customer_id)
    occasion = _kept_occasion(caller.occasion)
    return AuditEntry(
        at=exact_instant(now),
        act=act.value,
        outcome=outcome,
        subject_kind=act.subject_kind.value,
        subject_id=subject,
        customer_id=concerned,
        by=Doer.of(replace(caller, occasion=occasion)),
        request_id=occasion.request_id,
        reason=occasion.reason,
    )


def _storable(number: int | None) -> int | None:
    # What was asked for need not exist, and at the command line need not even be an id.
    return number if number is not None and can_be_stored(number) else None


def _kept_occasion(occasion: Occasion) -> Occasion:
    return replace(
        occasion,
        operating_system_user=printable(occasion.operating_system_user),
        reason=without_key_text(printable(occasion.reason))[:GREATEST_REASON_LENGTH],
    )


def _blotted(detail: str | None) -> str | None:
    if detail is None:
        return None
    blotted = without_key_text(detail)
    return blotted if blotted != KEY_MARK else f'"{KEY_MARK}"'
