"""What somebody saw before changing it: a change of something that is another by now overwrites nobody's work.

Forms tell everything that stands in them, also what their sender left as it was. So a form bears the mark of the
record that it showed, and the change is refused where the record has another mark by then.
"""

import hashlib

from rebill.model.errors import ChangedMeanwhile

_MARK_LENGTH = 32


def mark_of(record: object) -> str:
    """The mark of a record of the model, or of those of its parts that can be changed."""
    return hashlib.sha256(repr(record).encode("utf-8", "surrogatepass")).hexdigest()[:_MARK_LENGTH]


def require_as_shown(record: object, mark: str) -> None:
    """Raise ``ChangedMeanwhile`` where ``record`` is not what ``mark`` is of; ``""``: nobody says what he saw.

    Call it in the transaction that changes the record, which must be held by then.
    """
    if mark and mark != mark_of(record):
        raise ChangedMeanwhile(
            "changed_meanwhile",
            "It was changed while this form was open, and nothing of the form was done. What you typed stands below, "
            "and beside each field that differs what it is by now: send it again to have it as it stands in the form.",
        )
