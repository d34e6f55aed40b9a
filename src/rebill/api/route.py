"""One call of the API as data: what it takes, who may make it, what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.query import Parameter
from rebill.services.installation import Installation
from rebill.services.permission import Permission

Handler = Callable[[Call], Answer]
ValueFaults = Callable[[Installation, Any], Mapping[str, str]]
CHANGING_METHODS = ("POST", "PUT", "DELETE")


@dataclass(frozen=True)
class Route:
    """One call. ``{name}`` in ``path`` stands for an id; ``permission`` ``None``: open, no key is asked for.

    ``answers``: documented success answers by status; text stands for a media type. ``value_faults`` finds
    what else is wrong with a body whose shape is faulty, so that a caller hears everything at once.
    """

    method: str
    path: str
    permission: Permission | None
    handler: Handler
    summary: str
    answers: Mapping[int, type[BaseModel] | str]
    parameters: tuple[Parameter, ...] = ()
    body: type[BaseModel] | None = None
    value_faults: ValueFaults | None = None

    @property
    def changes(self) -> bool:
        """Whether the call changes something, so that it refuses parameters it does not know."""
        return self.method in CHANGING_METHODS

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.path.strip("/").split("/"))

    @property
    def id_names(self) -> tuple[str, ...]:
        """The names of the ids in the path."""
        return tuple(segment[1:-1] for segment in self.segments if segment.startswith("{"))
