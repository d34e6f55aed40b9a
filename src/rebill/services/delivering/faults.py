"""What keeps a document from its customer, and what follows from it."""

from enum import StrEnum


class FaultKind(StrEnum):
    """``PASSING``: it may go well another time. ``LASTING``: not this document this way, before somebody acts.

    ``UNREACHABLE``: the place itself takes nothing now, from whatever document.
    """

    PASSING = "passing"
    LASTING = "lasting"
    UNREACHABLE = "unreachable"


class DeliveryFault(Exception):
    """Something that keeps a document from its customer, said without any secret."""

    def __init__(self, sentence: str, kind: FaultKind = FaultKind.PASSING) -> None:
        super().__init__(sentence)
        self.kind = kind


class Unsure(Exception):
    """A letter of which nobody knows whether the mail server took it."""
