"""A page or a form's target: where it lies, who may go there, and what answers."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rebill.console.visit import PageAnswer, Visit
from rebill.model.audit import Act
from rebill.services.acting.permission import Permission
from rebill.services.parties.issued_lines import FoundLines

Handler = Callable[[Visit], PageAnswer]
_NAME = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class PageRoute:
    """``path``: with the names of numbers in braces. ``section``: where in the navigation it stands.

    ``act``: what a refusal is recorded as. ``long``: the act may take its time, keeps its own transaction and does no
    harm when it is done twice; any other is done once for each form that was shown. ``shows_secret``: what it answers
    is shown once and never kept. ``for_customers``: a page of the portal. ``takes_files``: its form has files.
    ``ahead``: what the act wants to know of imported cost, which is looked for before it holds others up.
    """

    method: str
    path: str
    handler: Handler
    permission: Permission
    section: str = ""
    act: Act | None = None
    long: bool = False
    shows_secret: bool = False
    for_customers: bool = False
    takes_files: bool = False
    ahead: Callable[[Visit], FoundLines] | None = None
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", re.compile(_NAME.sub(r"(?P<\1>[0-9]{1,18})", self.path)))

    def ids_of(self, path: str) -> Mapping[str, int] | None:
        """The numbers in ``path`` where it is this route's; else ``None``."""
        match = self.pattern.fullmatch(path)
        return None if match is None else {name: int(text) for name, text in match.groupdict().items()}


def matching(routes: Sequence[PageRoute], path: str) -> list[tuple[PageRoute, Mapping[str, int]]]:
    """The routes of ``path``, whatever their methods."""
    found = ((route, route.ids_of(path)) for route in routes)
    return [(route, ids) for route, ids in found if ids is not None]
