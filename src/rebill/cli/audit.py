"""``rebill audit``: who changed what, when and why; and whether the trail is as it was written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import JsonOption, PartnerOption, instant_from_text
from rebill.cli.output import Document, Heading
from rebill.cli.session import Session, partner_session
from rebill.model.audit import Act, ActOutcome, SubjectKind
from rebill.model.listing import GREATEST_PER_PAGE, Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rebill.model.audit import KeptAuditEntry
    from rebill.services.keeping.verify_audit_trail import TrailReport
    from rebill.store.audit_entries import AuditFilter

LimitOption = Annotated[
    int, typer.Option("--limit", min=1, max=GREATEST_PER_PAGE, help="So many entries: the newest, or the next.")
]
AfterOption = Annotated[
    int | None, typer.Option("--after", min=0, metavar="NUMBER", help="The entries that follow this one; 0: all.")
]
SinceOption = Annotated[
    datetime | None,
    typer.Option("--since", parser=instant_from_text, metavar="TIME", help="From this time (UTC) or day on."),
]
UntilOption = Annotated[
    datetime | None,
    typer.Option("--until", parser=instant_from_text, metavar="TIME", help="Before this time (UTC) or day."),
]


def _act_from_text(text: str) -> Act:
    acts = {act.value: act for act in Act}
    if text not in acts:
        raise typer.BadParameter(f"is no act; write one of {', '.join(acts)}")
    return acts[text]


@dataclass(frozen=True)
class Subject:
    """What acts were about: all of a kind, or the one of this id."""

    kind: str | None = None
    number: int | None = None


def _subject_from_text(text: str) -> Subject:
    kind, _, number = text.partition(":")
    known = [one.value for one in SubjectKind]
    if kind not in known or (number and not (number.isascii() and number.isdecimal())):
        raise typer.BadParameter(f"write KIND or KIND:ID, where KIND is one of {', '.join(known)}")
    return Subject(kind, int(number) if number else None)


def audit(
    verify: Annotated[
        bool, typer.Option("--verify", help="Compute every hash again, and name what was removed or changed.")
    ] = False,
    expect_head: Annotated[
        str | None,
        typer.Option(
            "--expect-head", metavar="HASH", help="With --verify: a head noted earlier, which must still stand there."
        ),
    ] = None,
    number: Annotated[
        int | None, typer.Option("--entry", metavar="NUMBER", help="One entry, with all that it tells.")
    ] = None,
    act: Annotated[
        Act | None, typer.Option("--act", parser=_act_from_text, metavar="ACT", help="Only entries of this act.")
    ] = None,
    outcome: Annotated[
        ActOutcome | None, typer.Option("--outcome", help="Only what was done, or only what was refused.")
    ] = None,
    subject: Annotated[
        Subject | None,
        typer.Option(
            "--subject", parser=_subject_from_text, metavar="KIND[:ID]", help="Only acts on this, as in customer:1234."
        ),
    ] = None,
    customer: Annotated[
        int | None, typer.Option("--customer", metavar="ID", help="Only what concerns this customer.")
    ] = None,
    key: Annotated[int | None, typer.Option("--key", metavar="ID", help="Only calls with this key.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 30,
    after: AfterOption = None,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest entries of the audit trail, one entry, or whether the trail is sound."""
    from rebill.store.audit_entries import AuditFilter

    if expect_head is not None and not verify:
        raise typer.BadParameter("goes with --verify", param_hint="--expect-head")
    about = subject or Subject()
    with partner_session(partner, as_json) as session:
        if verify:
            _verify(session, expect_head)
        elif number is not None:
            _show_one(session, number)
        else:
            wanted = AuditFilter(act, outcome, about.kind, about.number, customer, key, None, since, until)
            _list(session, wanted, limit, after)


def _verify(session: Session, expected_head: str | None) -> None:
    from rebill.services.keeping.verify_audit_trail import verify_audit_trail

    output = session.output
    with output.working("Verifying the audit trail"):
        report = verify_audit_trail(session.installation, session.caller, expected_head)
    output.answer(_report_document(report))
    for fault in report.faults:
        output.say(fault.sentence)
    if report.fault_count > len(report.faults):
        output.say(f"… and {report.fault_count - len(report.faults)} more.")
    if not report.is_sound or report.head is None:
        output.say(f"{report.entry_count} entries, {report.fault_count} faults: the trail is not as it was written.")
        output.next_step(
            "take the database out of the hands of whoever could write to it, and compare with a backup"
            " (rebill audit --entry NUMBER shows one entry)."
        )
        raise typer.Exit(1)
    output.say(f"{report.entry_count} entries, all sound.")
    output.say(f"head  {report.head.chain_sha256}")
    output.next_step(
        "note the head where nobody who can write to the database can change it; rebill audit --verify"
        " --expect-head HASH then also finds a trail that was cut short or written anew."
    )


def _report_document(report: TrailReport) -> Document:
    head = report.head
    return {
        "sound": report.is_sound,
        "entries": report.entry_count,
        "head": None if head is None else {"number": head.number, "chain_sha256": head.chain_sha256},
        "faults": [{"number": fault.number, "error": fault.sentence} for fault in report.faults],
        "fault_count": report.fault_count,
    }


def _show_one(session: Session, number: int) -> None:
    from rebill.services.keeping.read_audit_trail import get_audit_entry

    document = _document(get_audit_entry(session.installation, session.caller, number))
    session.output.answer(document)
    for name, value in document.items():
        session.output.say(f"{name}: {value}")
    session.output.next_step("rebill audit --verify tells whether it is as it was written.")


def _list(session: Session, wanted: AuditFilter, limit: int, after: int | None) -> None:
    from rebill.services.keeping.read_audit_trail import list_audit_entries, newest_audit_entries

    entries: Sequence[KeptAuditEntry]
    if after is None:
        entries = newest_audit_entries(session.installation, session.caller, wanted, limit)
    else:
        page = Page(per_page=limit, after_id=after)
        entries = list_audit_entries(session.installation, session.caller, wanted, page).items
    session.output.answer({"audit_entries": [_document(kept) for kept in entries]})
    names = ("number", "at", "act", "outcome", "subject", "by", "reason")
    session.output.table([Heading(name, right=name == "number") for name in names], [_row(kept) for kept in entries])
    session.output.next_step("rebill audit --entry NUMBER shows what was before and after; --verify proves the trail.")


def _document(kept: KeptAuditEntry) -> Document:
    from rebill.api.audit_entries import audit_entry_answer

    return audit_entry_answer(kept).model_dump(by_alias=True)


def _row(kept: KeptAuditEntry) -> Sequence[str]:
    entry = kept.entry
    subject = entry.subject_kind if entry.subject_id is None else f"{entry.subject_kind}:{entry.subject_id}"
    by = entry.by
    who = f"key {by.key_id}" if by.key_id is not None else by.occasion.operating_system_user or "command line"
    return (str(kept.number), entry.at, entry.act, entry.outcome.value, subject, who, by.occasion.reason)
