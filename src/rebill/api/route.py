"""One call of the API as data: what it takes, who may make it, what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.query import Parameter
from rebill.api.shapes import LenientBody
from rebill.api.wire_reading import GREATEST_BODY_BYTES
from rebill.model.audit import Act
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission

Handler = Callable[[Call], Answer]
ValueFaults = Callable[[Call], Mapping[str, str]]
PathCheck = Callable[[Installation, Caller, Mapping[str, int]], object]
AnswerBody = type[BaseModel] | tuple[type[BaseModel], ...] | str | None
CHANGING_METHODS = ("POST", "PUT", "DELETE")


@dataclass(frozen=True)
class Route:
    """One call. ``{name}`` in ``path`` stands for an id; ``permission`` ``None``: open, no key is asked for.

    ``answers``: documented success answers by status; several shapes: any of them; text stands for a media type,
    ``None`` for no body. ``headers``: those of success answers, each with what it says. The docstring of
    ``handler`` is what the documentation says of the call. ``other_forms``: media types besides JSON that the
    answer is to be had in. ``value_faults`` finds what else is wrong with a body whose shape is faulty, so that a
    caller hears everything at once. ``path_check`` raises ``NotFound`` when an id of the path names nothing;
    ``{client_api_id}`` needs none. The ``body`` of a GET may be left out (the others ignore theirs), and any that
    is ``body_optional``. ``act``: what the audit trail calls a call that changes something. ``shows_key``: its
    answer has a new API key. ``may_conflict``: it can collide with what is stored or under way (409),
    ``Idempotency-Key`` apart. ``csv_field``: the field that the whole body is where it is sent as ``text/csv``.
    ``of_whole_partner``: it tells of, or changes, what is no single customer's, so that no ``?client_api_id=`` fits it.
    ``knows_deleted``: the customer in its path may be deleted.
    ``shows``: where its answer has ids that other calls take in their paths: JSON pointers by the names of those ids.
    """

    method: str
    path: str
    permission: Permission | None
    handler: Handler
    summary: str
    answers: Mapping[int, AnswerBody]
    parameters: tuple[Parameter, ...] = ()
    body: type[LenientBody] | None = None
    greatest_body_bytes: int = GREATEST_BODY_BYTES
    body_optional: bool = False
    value_faults: ValueFaults | None = None
    path_check: PathCheck | None = None
    other_forms: tuple[str, ...] = ()
    act: Act | None = None
    shows_key: bool = False
    may_conflict: bool = False
    csv_field: str = ""
    of_whole_partner: bool = False
    knows_deleted: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    shows: Mapping[str, str] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        """Whether the call changes something, so that it refuses parameters it does not know."""
        return self.method in CHANGING_METHODS

    @property
    def takes_idempotency_key(self) -> bool:
        """Whether ``Idempotency-Key`` counts; PUT and DELETE can be repeated without."""
        return self.method == "POST"

    @property
    def may_lack_body(self) -> bool:
        """Whether no body at all counts as an empty object."""
        return self.body_optional or not self.changes

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.path.strip("/").split("/"))

    @property
    def id_names(self) -> tuple[str, ...]:
        """The names of the ids in the path."""
        return tuple(segment[1:-1] for segment in self.segments if segment.startswith("{"))


def partner_wide(*routes: Route) -> tuple[Route, ...]:
    """Routes that tell of, or change, what is the whole partner's."""
    return tuple(replace(route, of_whole_partner=True) for route in routes)
