"""Who gives wrong passwords for a name has to wait, each time longer; alike for names that nobody has.

Nothing here tells whether a name is somebody's: not the answer, not the wait, and not what is read and written for it.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from rebill.model.counting import counted
from rebill.model.errors import TooMany
from rebill.store.failed_sign_ins import count_failure, failures_of, forget_failures, forget_old_failures
from rebill.store.scope import Scope

FREE_FAILURES: Final = 5
"""Wrong passwords in a row after which every further attempt has to wait, each time twice as long."""
GREATEST_WAIT: Final = timedelta(minutes=15)
REMEMBERED_FOR: Final = timedelta(days=1)
"""How long after the last of them wrong passwords are counted."""
GREATEST_REMEMBERED: Final = 10_000
"""Names of one partner that are counted at once: each costs who tries them a slow hash, so that to have one forgotten
costs as many hashes."""


@dataclass(frozen=True)
class TriedName:
    """A name that somebody signs in by, at the partner of a number.

    ``counting_partner_id``: whose record counts it; of a number that is nobody's, the first partner's.
    """

    counting_partner_id: int
    sha256: str

    @classmethod
    def of(cls, counting_partner_id: int, partner_id: int, name: str) -> "TriedName":
        """``name`` as it is compared. Of it a hash alone is kept: some type their password there."""
        text = f"{partner_id} {name}".encode("utf-8", "surrogatepass")
        return cls(counting_partner_id, hashlib.sha256(text).hexdigest())

    def require_patience(self, connection: Connection, now: datetime) -> None:
        """Raises ``TooMany`` while it has to wait."""
        failures = failures_of(self._scope(connection), self.sha256)
        beyond = -1 if failures is None else failures.count - FREE_FAILURES
        if failures is None or beyond < 0:
            return
        wait = min(timedelta(seconds=2 ** min(beyond, 10)), GREATEST_WAIT)
        left = failures.failed_at + wait - now
        if left > timedelta(0):
            seconds = int(left.total_seconds()) + 1
            raise TooMany(
                "too_many_passwords", f"Too many wrong passwords: try again in {counted(seconds, 'second')}.", seconds
            )

    def count_failure(self, connection: Connection, now: datetime) -> None:
        """A wrong password was given; counts that are old or too many are forgotten."""
        scope = self._scope(connection)
        forget_old_failures(scope, now - REMEMBERED_FOR, GREATEST_REMEMBERED)
        count_failure(scope, self.sha256, now)

    def begin_anew(self, connection: Connection) -> None:
        """The right password was given, or a new one set."""
        forget_failures(self._scope(connection), self.sha256)

    def _scope(self, connection: Connection) -> Scope:
        return Scope(connection, self.counting_partner_id)
