"""What the first visitor of a new server would wait for, done before somebody comes."""

from typing import Final

from rebill.console.rendering import rendered
from rebill.console.route import matching
from rebill.console.routes import ROUTES
from rebill.console.visit import Page, Visit
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.callers.web_sessions import WebSession
from rebill.services.keeping.initialise import find_partner

_LOOKED_AT: Final = ("/", "/bills", "/bills/checklist")
"""The pages that take most at first: templates are compiled, statements to the database made, an engine is started, and
what imported cost says is looked through, once in a process."""


def prepare_pages(installation: Installation) -> None:
    """Look at the pages that take most at first, of the partner that was created first; nothing is changed.

    Raises ``Refusal`` where there is no partner yet, or the database does not answer.
    """
    caller = Caller(find_partner(installation, None).partner_id, Role.READ_ONLY)
    session = WebSession("", caller, "", "")
    for path in _LOOKED_AT:
        route = next(route for route, _ in matching(ROUTES, path) if route.method == "GET")
        visit = Visit(installation, "GET", path, session=session, caller_with_occasion=caller)
        answer = route.handler(visit)
        if isinstance(answer, Page):
            rendered(answer, visit, route.section, "")
