"""Kinds of things that have ids, and what the routes of such a kind have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from rebill.api.answer_shapes import Nothing
from rebill.api.paging import PAGING
from rebill.api.query import Parameter
from rebill.api.route import Handler, PathCheck, Route
from rebill.api.shapes import LenientBody
from rebill.model.audit import Act
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission

Finding = Callable[[Installation, Caller, int], object]


@dataclass(frozen=True)
class Resource:
    """A kind of thing whose calls stand at ``base`` and at ``base/{id_name}``.

    ``shape`` is what shows one, ``page`` what shows a page of them, ``listed_at`` where a page has the id of its first
    one, as a JSON pointer. ``reads``, ``shows`` (if that is another) and ``changes``: the permissions that it takes.
    ``found`` raises ``NotFound`` where an id names nothing; ``{client_api_id}`` needs none.
    """

    base: str
    id_name: str
    shape: type[BaseModel] | tuple[type[BaseModel], ...]
    page: type[BaseModel]
    listed_at: str
    reads: Permission = Permission.READ
    changes: Permission = Permission.CHANGE
    shows: Permission | None = None
    found: Finding | None = None

    @property
    def one(self) -> str:
        """The path of one of them."""
        return f"{self.base}/{{{self.id_name}}}"

    def created(
        self, handler: Handler, summary: str, act: Act, body: type[LenientBody], shown_at: str = "/id", **more: Any
    ) -> Route:
        """POST; ``shown_at`` is where the answer has the new id."""
        answers = more.pop("answers", None) or {201: self.shape}
        shows = {self.id_name: shown_at}
        return Route(
            "POST", self.base, self.changes, handler, summary, answers, body=body, act=act, shows=shows, **more
        )

    def listed(self, handler: Handler, summary: str, *parameters: Parameter, **more: Any) -> Route:
        """GET of a page, with ``parameters`` besides those of pages."""
        taken = (*PAGING, *parameters)
        shows = {self.id_name: self.listed_at}
        return Route("GET", self.base, self.reads, handler, summary, {200: self.page}, taken, shows=shows, **more)

    def shown(self, handler: Handler, summary: str, *parameters: Parameter, **more: Any) -> Route:
        """GET of one."""
        return Route("GET", self.one, self.shows or self.reads, handler, summary, {200: self.shape}, parameters, **more)

    def changed(self, handler: Handler, summary: str, act: Act, body: type[LenientBody], **more: Any) -> Route:
        """PUT."""
        answers = more.pop("answers", None) or {200: self.shape}
        return Route(
            "PUT",
            self.one,
            self.changes,
            handler,
            summary,
            answers,
            body=body,
            act=act,
            path_check=self.path_check,
            **more,
        )

    def deleted(self, handler: Handler, summary: str, act: Act, **more: Any) -> Route:
        """DELETE."""
        answers = {200: Nothing, 204: None}
        check = self.path_check
        return Route("DELETE", self.one, self.changes, handler, summary, answers, act=act, path_check=check, **more)

    @property
    def path_check(self) -> PathCheck | None:
        """What routes below one of them ask before they say what else is wrong."""
        found, id_name = self.found, self.id_name
        return None if found is None else lambda installation, caller, ids: found(installation, caller, ids[id_name])
