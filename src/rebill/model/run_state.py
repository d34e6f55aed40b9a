"""How the run of a month stands that has left its workplace behind, or works in it."""

from enum import StrEnum

from rebill.model.months import BillingMonth


class RunState(StrEnum):
    """``NONE``: no run works, and the last one ended, well or refused. ``INTERRUPTED``: it was killed at its work."""

    NONE = "none"
    WORKING = "working"
    INTERRUPTED = "interrupted"


def interrupted_sentence(month: BillingMonth) -> str:
    """What an interrupted run left, and what to do about it."""
    return (
        f"The last run of {month} was interrupted, by a kill or a power cut. It changed nothing: what stands is of the "
        "run before it. Run the month again."
    )
