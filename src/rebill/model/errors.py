"""What can go wrong, in two kinds.

A *refusal* is the business saying no: the caller can mend it, and the message says how.
A *program error* is a fault of rebill or of the machine it runs on.
Both bear a stable ``code`` that scripts may rely on.
"""

from collections.abc import Mapping


class RebillError(Exception):
    """Anything rebill raises on purpose.

    ``code`` is stable ``snake_case``; ``str(error)`` is a sentence that says what to do next.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ProgramError(RebillError):
    """An invariant of rebill does not hold, or the machine failed it. Never the caller's fault."""


class Refusal(RebillError):
    """The business says no. ``fields`` names each faulty field with its own sentence.

    ``is_recorded``: the act that was refused has told the audit trail of it already.
    """

    is_recorded = False

    def __init__(self, code: str, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(code, message)
        self.fields: dict[str, str] = dict(fields or {})


class NotFound(Refusal):
    """What was asked for does not exist for this caller (another partner's looks the same)."""


class Forbidden(Refusal):
    """The caller's role does not allow this act."""


class Invalid(Refusal):
    """What was sent cannot be accepted as it stands; ``fields`` lists every fault found."""


class Conflict(Refusal):
    """Sound in itself, but it collides with what is stored or running now."""


class ChangedMeanwhile(Conflict):
    """What was to be changed is not any more what its sender saw."""


class TooMany(Refusal):
    """Sound, but more than may be asked for now: it can succeed in ``wait_seconds``."""

    def __init__(self, code: str, message: str, wait_seconds: int) -> None:
        super().__init__(code, message)
        self.wait_seconds = wait_seconds


class Unavailable(Refusal):
    """A part that rebill needs (the database) cannot be reached now; try again later: in ``wait_seconds``, say."""

    wait_seconds = 5
