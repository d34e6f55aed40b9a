"""The audit trail's words: what was done to what, by whom and why, and the hashes that hold its entries together.

An entry's *content hash* is made when it is written, in the act's own transaction. *Sealing* gives it its number in
the partner's chain, and a chain hash over that number, the chain hash before it, and its content hash.
``docs/audit.md`` says what the hashes prove, and how to compute them without rebill.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from rebill.model.errors import Refusal
from rebill.model.money import text_of, without_spare_zeros
from rebill.model.months import BillingMonth
from rebill.model.party import Caller

NO_HASH: Final = "0" * 64
"""What comes before the first entry of a chain."""
GREATEST_DETAIL_BYTES: Final = 8 * 1024**2
"""The longest ``before`` or ``after`` that is kept as it is: of a longer one length and hash are kept."""
_GREATEST_DEPTH = 100
"""How deep what entries tell can be nested; what is deeper nobody can be sure to write again as JSON."""
_REFUSED_FIELDS_KEPT = 20
_GREATEST_NAME_LENGTH = 160
_GREATEST_SENTENCE_LENGTH = 500


class SubjectKind(StrEnum):
    """What an act is about."""

    PARTNER = "partner"
    CUSTOMER = "customer"
    CATALOGUE = "catalogue"
    BILLING_RULE = "billing_rule"
    PRICE_BOOK = "price_book"
    PRICE_BOOK_ASSIGNMENT = "price_book_assignment"
    PRICE_BOOK_ACCOUNT_ASSIGNMENT = "price_book_account_assignment"
    MANUAL_LINE = "manual_line"
    MICROSOFT_INVOICE = "microsoft_invoice"
    DATA_SET = "data_set"
    RUN = "run"
    CLOSING = "closing"
    STATEMENT = "statement"
    USER = "user"
    KEY = "key"


class Act(StrEnum):
    """Every act that changes something. The names are stable; each has one kind of subject."""

    subject_kind: SubjectKind

    def __new__(cls, name: str, subject_kind: SubjectKind) -> "Act":
        act = str.__new__(cls, name)
        act._value_ = name
        act.subject_kind = subject_kind
        return act

    CREATE_PARTNER = "create_partner", SubjectKind.PARTNER
    CHANGE_PARTNER = "change_partner", SubjectKind.PARTNER
    CHANGE_PARTNER_GUARDS = "change_partner_guards", SubjectKind.PARTNER
    CHANGE_LETTERHEAD = "change_letterhead", SubjectKind.PARTNER
    SET_TAX_RULE = "set_tax_rule", SubjectKind.PARTNER
    DELIVER_DOCUMENTS = "deliver_documents", SubjectKind.PARTNER
    CREATE_CUSTOMER = "create_customer", SubjectKind.CUSTOMER
    CHANGE_CUSTOMER = "change_customer", SubjectKind.CUSTOMER
    DELETE_CUSTOMER = "delete_customer", SubjectKind.CUSTOMER
    CHANGE_BILLING_DETAILS = "change_billing_details", SubjectKind.CUSTOMER
    ASSIGN_ACCOUNTS = "assign_accounts", SubjectKind.CUSTOMER
    MOVE_ACCOUNTS = "move_accounts", SubjectKind.CUSTOMER
    REMOVE_ACCOUNTS = "remove_accounts", SubjectKind.CUSTOMER
    IMPORT_CATALOGUE = "import_catalogue", SubjectKind.CATALOGUE
    CREATE_BILLING_RULE = "create_billing_rule", SubjectKind.BILLING_RULE
    CHANGE_BILLING_RULE = "change_billing_rule", SubjectKind.BILLING_RULE
    DELETE_BILLING_RULE = "delete_billing_rule", SubjectKind.BILLING_RULE
    CREATE_PRICE_BOOK = "create_price_book", SubjectKind.PRICE_BOOK
    CHANGE_PRICE_BOOK = "change_price_book", SubjectKind.PRICE_BOOK
    DELETE_PRICE_BOOK = "delete_price_book", SubjectKind.PRICE_BOOK
    ASSIGN_PRICE_BOOK = "assign_price_book", SubjectKind.PRICE_BOOK_ASSIGNMENT
    CHANGE_BOOK_ASSIGNMENT = "change_book_assignment", SubjectKind.PRICE_BOOK_ASSIGNMENT
    END_BOOK_ASSIGNMENT = "end_book_assignment", SubjectKind.PRICE_BOOK_ASSIGNMENT
    ASSIGN_BOOK_ACCOUNTS = "assign_book_accounts", SubjectKind.PRICE_BOOK_ASSIGNMENT
    CHANGE_ACCOUNT_ASSIGNMENT = "change_account_assignment", SubjectKind.PRICE_BOOK_ACCOUNT_ASSIGNMENT
    END_ACCOUNT_ASSIGNMENT = "end_account_assignment", SubjectKind.PRICE_BOOK_ACCOUNT_ASSIGNMENT
    ENTER_MANUAL_LINE = "enter_manual_line", SubjectKind.MANUAL_LINE
    WITHDRAW_MANUAL_LINE = "withdraw_manual_line", SubjectKind.MANUAL_LINE
    ENTER_INVOICE = "enter_invoice", SubjectKind.MICROSOFT_INVOICE
    WITHDRAW_INVOICE = "withdraw_invoice", SubjectKind.MICROSOFT_INVOICE
    IMPORT_COSTS = "import_costs", SubjectKind.DATA_SET
    RUN_BILL = "run_bill", SubjectKind.RUN
    FINALIZE_MONTH = "finalize_month", SubjectKind.CLOSING
    CORRECT_MONTH = "correct_month", SubjectKind.CLOSING
    PROPOSE_CLOSING = "propose_closing", SubjectKind.CLOSING
    APPROVE_CLOSING = "approve_closing", SubjectKind.CLOSING
    WITHDRAW_CLOSING = "withdraw_closing", SubjectKind.CLOSING
    VOID_STATEMENT = "void_statement", SubjectKind.STATEMENT
    GIVE_NUMBER = "give_number", SubjectKind.STATEMENT
    ACCEPT_LINES = "accept_lines", SubjectKind.RUN
    REOPEN_LINES = "reopen_lines", SubjectKind.RUN
    CREATE_USER = "create_user", SubjectKind.USER
    CHANGE_USER = "change_user", SubjectKind.USER
    DELETE_USER = "delete_user", SubjectKind.USER
    SET_PASSWORD = "set_password", SubjectKind.USER
    CLEAR_PASSWORD = "clear_password", SubjectKind.USER
    LINK_SUBJECT = "link_subject", SubjectKind.USER
    UNLINK_SUBJECT = "unlink_subject", SubjectKind.USER
    CREATE_KEY = "create_key", SubjectKind.KEY
    ROTATE_KEY = "rotate_key", SubjectKind.KEY
    REVOKE_KEY = "revoke_key", SubjectKind.KEY


class ActOutcome(StrEnum):
    """How an act ended."""

    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True)
class Doer:
    """Who did or tried an act, as its entry tells: in text, because an entry outlives the roles that there were.

    ``customer_id``: whose key it was, where it was a customer's. ``""`` and ``None`` where there is nothing to tell.
    """

    partner_id: int
    channel: str
    role: str
    customer_id: int | None
    user_id: int | None
    key_id: int | None
    operating_system_user: str

    @classmethod
    def of(cls, caller: Caller) -> "Doer":
        """The one that ``caller`` is."""
        return cls(
            partner_id=caller.partner_id,
            channel=caller.occasion.channel.value,
            role=caller.role.value,
            customer_id=caller.customer_id,
            user_id=caller.user_id,
            key_id=caller.key_id,
            operating_system_user=caller.occasion.operating_system_user,
        )


@dataclass(frozen=True)
class AuditEntry:
    """One entry: who (``by``) did or tried what (``act``) to what (the subject), and when (``at``: ``exact_instant``).

    ``before`` and ``after`` tell what an act that was done changed, as canonical JSON, ``refusal`` why it was not
    done; each is ``None`` where there is nothing to tell. ``act``, ``outcome`` and ``subject_kind`` are text, because
    an entry outlives the version of rebill that wrote it. ``customer_id``: the customer that it concerns, if it is one.
    ``request_id`` is ``""`` at the command line, ``reason`` where nobody said why.
    """

    at: str
    act: str
    outcome: str
    subject_kind: str
    subject_id: int | None
    customer_id: int | None
    by: Doer
    request_id: str
    reason: str
    before: str | None = None
    after: str | None = None
    refusal: str | None = None

    @property
    def content_sha256(self) -> str:
        """The SHA-256 of everything that the entry tells."""
        return _sha256_of({"partner_id": self.by.partner_id, **self.document()})

    def document(self) -> dict[str, Any]:
        """The entry as plain data: what is hashed, and what the API and the command line show."""
        by = self.by
        return {
            "at": self.at,
            "act": str(self.act),
            "outcome": str(self.outcome),
            "subject_kind": str(self.subject_kind),
            "subject_id": self.subject_id,
            "customer_id": self.customer_id,
            "by": {
                "channel": by.channel,
                "role": by.role,
                "customer_id": by.customer_id,
                "user_id": by.user_id,
                "key_id": by.key_id,
                "operating_system_user": by.operating_system_user,
            },
            "request_id": self.request_id,
            "reason": self.reason,
            "before": _parsed(self.before),
            "after": _parsed(self.after),
            "refusal": _parsed(self.refusal),
        }


@dataclass(frozen=True)
class ChainHead:
    """The last sealed entry of a partner's chain: its number (0: none yet) and its chain hash."""

    number: int
    chain_sha256: str

    def following(self, partner_id: int, content_sha256: str) -> "ChainHead":
        """The head once an entry of this content is sealed next."""
        number = self.number + 1
        return ChainHead(number, chain_sha256(partner_id, number, self.chain_sha256, content_sha256))


@dataclass(frozen=True)
class KeptAuditEntry:
    """An entry as the record has it. ``number`` and ``chain_sha256`` are those of its seal.

    ``left_out``: ``before`` or ``after`` were too long for a list, and are ``None`` here. ``is_readable``: ``False``
    where somebody put into the database what no entry can hold (bytes, an id that is no number): ``entry`` then has
    text or nothing in its place.
    """

    number: int
    entry: AuditEntry
    content_sha256: str
    chain_sha256: str
    left_out: bool = False
    is_readable: bool = True

    @property
    def is_as_written(self) -> bool:
        """Whether the entry gives its hash; of one that is not whole, whether it could be read."""
        return self.is_readable and (self.left_out or self.entry.content_sha256 == self.content_sha256)


def exact_instant(moment: datetime) -> str:
    """``moment`` as entries tell it, to the microsecond: text that sorts as the moments do."""
    # strftime writes the years before 1000 with less than four digits.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def chain_sha256(partner_id: int, number: int, previous_sha256: str, content_sha256: str) -> str:
    """The hash that seals the entry ``number`` of a partner behind the one before it."""
    return _sha256_of(
        {
            "content_sha256": content_sha256,
            "number": number,
            "partner_id": partner_id,
            "previous_sha256": previous_sha256,
        }
    )


def told(before: object, after: object) -> tuple[str | None, str | None]:
    """What stood before and what stands after, as canonical JSON; of two that name things only what differs.

    Each is a mapping or a dataclass, ``None`` where there was or is nothing. Amounts become exact text, without zeros
    at their end; a binary float is an ``AssertionError``.
    """
    plain_before, plain_after = _plain(before), _plain(after)
    if isinstance(plain_before, dict) and isinstance(plain_after, dict):
        plain_before, plain_after = _differences(plain_before, plain_after)
    return _detail(plain_before), _detail(plain_after)


def told_refusal(refusal: Refusal) -> str:
    """A refusal as canonical JSON: its code, its sentence, and the first of its faulty fields, all of bounded size."""
    kept = list(refusal.fields.items())[:_REFUSED_FIELDS_KEPT]
    return _canonical(
        {
            "code": refusal.code,
            "message": refusal.message[:_GREATEST_SENTENCE_LENGTH],
            "fields": {name[:_GREATEST_NAME_LENGTH]: fault[:_GREATEST_SENTENCE_LENGTH] for name, fault in kept},
            "field_count": len(refusal.fields),
        }
    )


def _differences(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both without the names, at any depth, that tell the same."""
    left, right = dict(before), dict(after)
    for name in before.keys() & after.keys():
        if before[name] == after[name]:
            del left[name], right[name]
        elif isinstance(before[name], dict) and isinstance(after[name], dict):
            left[name], right[name] = _differences(before[name], after[name])
    return left, right


def _detail(plain: object) -> str | None:
    if plain is None:
        return None
    text = _canonical(plain)
    if len(text) <= GREATEST_DETAIL_BYTES:
        return text
    return _canonical({"left_out": {"bytes": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest()}})


def _plain(value: object) -> Any:
    """``value`` as data that JSON writes and reads without any change."""
    if type(value) is str:
        # Asked first: ten thousand ids are told by one entry.
        return value
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {str(_plain(name)): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        parts = [_plain(part) for part in value]
        return parts if isinstance(value, list | tuple) else sorted(parts)
    return _plain_value(value)


def _plain_value(value: object) -> Any:
    if isinstance(value, Decimal):
        return text_of(without_spare_zeros(value))
    if isinstance(value, datetime):
        return exact_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, BillingMonth):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    raise AssertionError(f"the audit trail keeps no {type(value).__name__}")


def _parsed(text: str | None) -> Any:
    """What ``text`` tells; as it stands where somebody made of it what rebill writes into no entry.

    The others can still be read beside it.
    """
    if text is None:
        return None
    try:
        value = json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return text
    # Only what has so many brackets can be nested so deep: details of thousands of ids are not gone through.
    may_be_deep = text.count("[") + text.count("{") > _GREATEST_DEPTH
    return text if may_be_deep and _is_too_deep(value) else value


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(_GREATEST_DEPTH):
        held = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [inner for values in held for inner in values]
    return any(isinstance(one, dict | list) for one in level)


def _no_json(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _canonical(plain: object) -> str:
    # ASCII alone: every database keeps it as it is, whatever a caller wrote.
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _sha256_of(plain: object) -> str:
    return hashlib.sha256(_canonical(plain).encode("ascii")).hexdigest()
