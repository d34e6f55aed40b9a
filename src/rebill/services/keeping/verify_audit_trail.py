"""Verify the audit trail: compute every hash again, and name each entry that is missing, changed or out of place."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from rebill.model.audit import NO_HASH, ChainHead, KeptAuditEntry, chain_sha256
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.keeping.audit_sealing import seal_partner
from rebill.store.audit_entries import chain_head, sealed_entries, waiting_contents
from rebill.store.scope import Scope

FAULTS_SHOWN = 100
"""How many faults are told one by one."""


@dataclass(frozen=True)
class TrailFault:
    """Something that was tampered with. ``number``: the entry concerned, ``None`` where it has none."""

    number: int | None
    sentence: str


@dataclass(frozen=True)
class TrailReport:
    """What verifying found. ``head``: to keep elsewhere, ``None`` where the chain itself is gone.

    ``faults``: the first of ``fault_count``.
    """

    entry_count: int
    head: ChainHead | None
    faults: tuple[TrailFault, ...]
    fault_count: int

    @property
    def is_sound(self) -> bool:
        return self.fault_count == 0


def verify_audit_trail(installation: Installation, caller: Caller, expected_head: str | None = None) -> TrailReport:
    """Verify the whole trail of the caller's partner, as of one moment; raises ``Forbidden``.

    ``expected_head``: a chain hash that an earlier verification showed; it must still stand in the chain.
    """
    require(caller, Permission.ADMINISTER)
    seal_partner(installation, caller.partner_id)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        head = chain_head(scope)
        walk = _Walk(caller.partner_id, expected_head)
        shown, count = [], 0
        for fault in chain(
            walk.along(sealed_entries(scope)), walk.at_end(head), _waiting_faults(waiting_contents(scope))
        ):
            count += 1
            if count <= FAULTS_SHOWN:
                shown.append(fault)
    return TrailReport(walk.count, head, tuple(shown), count)


class _Walk:
    """One walk along a chain, from its first entry to its last."""

    def __init__(self, partner_id: int, expected_head: str | None) -> None:
        self.count = 0
        self._partner_id = partner_id
        self._expected = expected_head
        # Of the entry before: its number, and its chain hash where that can be relied on.
        self._number = 0
        self._chain_sha256: str | None = NO_HASH

    def along(self, entries: Iterable[KeptAuditEntry | str]) -> Iterator[TrailFault]:
        """The faults of the entries themselves and of their places."""
        for kept in entries:
            self.count += 1
            if isinstance(kept, str):
                yield TrailFault(None, f"The number of an entry was made {kept[:40]}, which is none.")
                continue
            yield from self._missing_before(kept.number)
            yield from self._faults_of(kept)
            self._number, self._chain_sha256 = kept.number, kept.chain_sha256
            if kept.chain_sha256 == self._expected:
                self._expected = None

    def at_end(self, head: ChainHead | None) -> Iterator[TrailFault]:
        """What is wrong between the last entry and what the chain itself says of it."""
        if head is None:
            yield TrailFault(None, "The partner's chain is gone from audit_chains: how long it was is not known.")
        elif head.number > self._number:
            yield from self._missing_before(head.number + 1)
        elif head.number < self._number:
            yield TrailFault(
                self._number, f"The entries from {head.number + 1} to {self._number} were added past the chain's end."
            )
        elif self._chain_sha256 is not None and head.chain_sha256 != self._chain_sha256:
            yield TrailFault(self._number, f"Entry {self._number} is not the one that the chain ends with.")
        if self._expected is not None:
            yield TrailFault(
                None, f"The expected head {self._expected[:64]} stands nowhere in the chain: it was written anew."
            )

    def _missing_before(self, number: int) -> Iterator[TrailFault]:
        first, last = self._number + 1, number - 1
        if first == last:
            yield TrailFault(first, f"Entry {first} is missing: it was removed.")
        elif first < last:
            yield TrailFault(first, f"Entries {first} to {last} are missing: they were removed.")
        if first <= last:
            self._chain_sha256 = None

    def _faults_of(self, kept: KeptAuditEntry) -> Iterator[TrailFault]:
        number = kept.number
        if number <= self._number:
            yield TrailFault(number, f"Entry {number} stands there twice, or in a wrong place.")
            return
        if not kept.is_readable:
            yield TrailFault(number, f"Entry {number} was changed: it holds what no entry can hold.")
        elif not kept.is_as_written:
            yield TrailFault(number, f"Entry {number} was changed: what it tells does not give its hash.")
        if self._chain_sha256 is None:
            return
        sealed = chain_sha256(self._partner_id, number, self._chain_sha256, kept.content_sha256)
        if sealed != kept.chain_sha256:
            yield TrailFault(
                number,
                f"Entry {number} is not what was sealed behind entry {self._number}: one of them was changed.",
            )


def _waiting_faults(waiting: Iterable[KeptAuditEntry]) -> Iterator[TrailFault]:
    for kept in waiting:
        if not kept.is_as_written:
            yield TrailFault(None, f"An entry of {kept.entry.at[:40]} that is not sealed yet was changed.")
