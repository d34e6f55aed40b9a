"""``rebill audit``: who changed what, when and why; and whether the trail is as it was written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.options import JsonOption, PartnerOption, instant_from_text
from rebill.cli.output import Document, Heading, Output
from rebill.cli.session import Session, partner_session
from rebill.model.audit import Act, ActOutcome, SubjectKind
from rebill.model.counting import counted
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
            # A head belongs to one chain.
            _verify(session, expect_head, only_one=partner is not None or expect_head is not None)
        elif number is not None:
            _show_one(session, number)
        else:
            wanted = AuditFilter(act, outcome, about.kind, about.number, customer, key, None, since, until)
            _list(session, wanted, limit, after)


def _verify(session: Session, expected_head: str | None, only_one: bool) -> None:
    """Verify the trail of the session's partner and, unless only it is asked for, of every other partner as well."""
    from rebill.services.keeping.initialise import every_partners_name
    from rebill.services.keeping.verify_audit_trail import verify_audit_trail

    output, own = session.output, session.caller.partner_id
    names = every_partners_name(session.installation)
    # The session's partner first: its head is the document's.
    wanted = [own] if only_one else sorted(names, key=lambda partner_id: partner_id != own)
    reports = {}
    with output.working("Verifying the audit trail"):
        for partner_id in wanted:
            caller = replace(session.caller, partner_id=partner_id)
            reports[partner_id] = verify_audit_trail(session.installation, caller, expected_head)
    found = [_report_document(partner_id, names[partner_id], report) for partner_id, report in reports.items()]
    output.answer(_together(found))
    for partner_id, report in reports.items():
        _tell_report(output, names[partner_id] if len(reports) > 1 else "", report)
    if any(not report.is_sound for report in reports.values()):
        output.next_step(
            "take the database out of the hands of whoever could write to it, and compare with a backup"
            " (rebill audit --entry NUMBER shows one entry)."
        )
        raise typer.Exit(1)
    output.next_step(
        "note the head where nobody who can write to the database can change it; rebill audit --verify"
        " --expect-head HASH then also finds a trail that was cut short or written anew."
    )


def _tell_report(output: Output, name: str, report: TrailReport) -> None:
    """Say what verifying one trail found; ``name``: its partner's, where there are several."""
    of_partner, entries = f"{name}: " if name else "", counted(report.entry_count, "entry", "entries")
    for fault in report.faults:
        output.say(of_partner + fault.sentence)
    if report.fault_count > len(report.faults):
        output.say(f"{of_partner}… and {report.fault_count - len(report.faults)} more.")
    if not report.is_sound or report.head is None:
        faults = counted(report.fault_count, "fault")
        output.say(f"{of_partner}{entries}, {faults}: the trail is not as it was written.")
        return
    output.say(f"{of_partner}{entries}, all sound.")
    output.say(f"head  {report.head.chain_sha256}")


def _report_document(partner_id: int, name: str, report: TrailReport) -> Document:
    head = report.head
    return {
        "partner_id": partner_id,
        "partner": name,
        "sound": report.is_sound,
        "entries": report.entry_count,
        "head": None if head is None else {"number": head.number, "chain_sha256": head.chain_sha256},
        "faults": [{"number": fault.number, "error": fault.sentence} for fault in report.faults],
        "fault_count": report.fault_count,
    }


def _together(found: Sequence[Document]) -> Document:
    """The first partner's document, sound where all are, with every fault; all of them under ``partners``."""
    return {
        **found[0],
        "sound": all(one["sound"] for one in found),
        "entries": sum(one["entries"] for one in found),
        "faults": [{**fault, "partner_id": one["partner_id"]} for one in found for fault in one["faults"]],
        "fault_count": sum(one["fault_count"] for one in found),
        "partners": list(found),
    }


def _show_one(session: Session, number: int) -> None:
    from rebill.services.keeping.read_audit_trail import get_audit_entry

    kept = get_audit_entry(session.installation, session.caller, number)
    document = _document(kept)
    _warn_of_changed(session.output, [kept])
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
    _warn_of_changed(session.output, entries)
    session.output.answer({"audit_entries": [_document(kept) for kept in entries]})
    names = ("number", "at", "act", "outcome", "subject", "by", "reason")
    session.output.table([Heading(name, right=name == "number") for name in names], [_row(kept) for kept in entries])
    session.output.next_step("rebill audit --entry NUMBER shows what was before and after; --verify proves the trail.")


def _warn_of_changed(output: Output, entries: Sequence[KeptAuditEntry]) -> None:
    for kept in entries:
        if not kept.is_as_written:
            output.warn(f"Entry {kept.number} is not as it was written: rebill audit --verify tells all that are not.")


def _document(kept: KeptAuditEntry) -> Document:
    from rebill.api.audit_entries import audit_entry_answer

    return audit_entry_answer(kept).model_dump(by_alias=True)


def _row(kept: KeptAuditEntry) -> Sequence[str]:
    entry = kept.entry
    subject = entry.subject_kind if entry.subject_id is None else f"{entry.subject_kind}:{entry.subject_id}"
    by = entry.by
    who = f"key {by.key_id}" if by.key_id is not None else by.operating_system_user or "command line"
    return (str(kept.number), entry.at, entry.act, entry.outcome, subject, who, entry.reason)
