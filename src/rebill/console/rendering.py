"""Templates made into pages: every value escaped, nothing undefined let pass."""

import secrets
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from rebill.console import languages, showing
from rebill.console.asset_files import asset_path
from rebill.console.cards import with_cards
from rebill.console.field_words import labelled, not_said_in
from rebill.console.navigation import navigation
from rebill.console.pointing import with_links
from rebill.console.portal_wording import refusal_words
from rebill.console.protection import form_token
from rebill.console.visit import Page, Visit
from rebill.documents.wording import wording_of
from rebill.model.counting import counted
from rebill.services.acting.permission import Permission, allows
from rebill.services.parties.portal_look import PortalLook, portal_look

_FILTERS: Final = {
    **languages.FILTERS,
    "minor_money": showing.minor_money,
    "of_minor_units": showing.of_minor_units,
    "percent": showing.percent,
    "change": showing.change,
    "instant": showing.instant,
    "tax_category": showing.tax_category,
    "words": showing.words,
    "listed": showing.listed,
    "linked": with_links,
    "labelled": labelled,
    "not_said_in": not_said_in,
}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("rebill.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(_FILTERS)
    environment.globals.update(
        asset=asset_path, customers_words=refusal_words, count=counted, nothing=showing.NOTHING, say=languages.say
    )
    return environment


def rendered(page: Page, visit: Visit, section: str, said: str) -> bytes:
    """The page as HTML in UTF-8. ``section``: what the navigation shows as the place; ``said``: what was just done."""
    values = {**_surroundings(visit, section, said), **page.values}
    return with_cards(_environment().get_template(page.template).render(values)).encode("utf-8", "replace")


def _surroundings(visit: Visit, section: str, said: str) -> Mapping[str, Any]:
    session = visit.session
    role = None if session is None else session.caller.role
    portal = _portal(visit)
    language = portal.language if portal else visit.language if session is None else ""
    return {
        "portal": portal,
        "wording": wording_of(language) if language else None,
        "visit": visit,
        "session": session,
        "is_customers": visit.is_customers,
        "section": section,
        "navigation": () if role is None else navigation(role),
        "form_token": "" if session is None else form_token(session.token, session.holder),
        "once": secrets.token_hex(16),
        "may_change": role is not None and allows(role, Permission.CHANGE),
        "may_administer": role is not None and allows(role, Permission.ADMINISTER),
        "said": said,
        "query": visit.query,
        "form": visit.form,
        "faults": {},
    }


def _portal(visit: Visit) -> PortalLook | None:
    """How the portal looks to the customer who visits it."""
    caller = None if visit.session is None else visit.session.caller
    if caller is None or caller.customer_id is None:
        return None
    return portal_look(visit.installation, caller, caller.customer_id)
