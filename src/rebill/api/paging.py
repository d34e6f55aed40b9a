"""Pages of lists: the parameters, the headers, the links."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.query import Parameters, whole_number
from rebill.api.texts import GREATEST_ID
from rebill.model.listing import DEFAULT_PER_PAGE, GREATEST_PER_PAGE, Listing, Page
from rebill.services.acting.secret_keys import holds_key

_GREATEST_PAGE = 10**15
"""Far past the end of any list, and still an offset that databases can count to."""

PAGING = (
    whole_number("page", "Which page, from 1; one past the end is empty.", 1, _GREATEST_PAGE),
    whole_number("per_page", f"Elements a page, {DEFAULT_PER_PAGE} unless told otherwise.", 1, GREATEST_PER_PAGE),
    whole_number("after_id", "Page by key: what follows this element (0: from the start).", 0, GREATEST_ID),
)
"""What every list takes."""


def page_of(parameters: Parameters) -> Page:
    """The page that is asked for."""
    return Page(
        number=parameters.number("page") or 1,
        per_page=parameters.number("per_page") or DEFAULT_PER_PAGE,
        after_id=parameters.number("after_id"),
    )


def list_answer(call: Call, content: object, listing: Listing[Any]) -> Answer:
    """``content`` with the headers that tell which part of the list it is."""
    page = listing.page
    # May be kept by the caller alone, and asked for again with its entity tag.
    headers = {"X-Per-Page": str(page.per_page), "Cache-Control": "private, no-cache"}
    if page.after_id is None:
        headers["X-Page"] = str(page.number)
        if listing.total is not None:
            headers["X-Total"] = str(listing.total)
    links = _key_links(listing) if page.after_id is not None else _page_links(listing)
    if links:
        headers["Link"] = _link_header(call, links, page.per_page)
    return Answer.json(200, content, headers)


def _page_links(listing: Listing[Any]) -> dict[str, dict[str, int]]:
    number, per_page = listing.page.number, listing.page.per_page
    last = None if listing.total is None else max(1, -(-listing.total // per_page))
    links: dict[str, dict[str, int]] = {"first": {"page": 1}}
    if number > 1:
        links["prev"] = {"page": number - 1 if last is None else min(number - 1, last)}
    if listing.more:
        links["next"] = {"page": number + 1}
    if last is not None:
        links["last"] = {"page": last}
    return links


def _key_links(listing: Listing[Any]) -> dict[str, dict[str, int]]:
    if not listing.more or listing.last_id is None:
        return {}
    return {"next": {"after_id": listing.last_id}}


def _link_header(call: Call, links: Mapping[str, Mapping[str, int]], per_page: int) -> str:
    # Built from parameters that the route declares, never from the query as sent, and without values
    # that look like a key: no key can slip in.
    given = call.parameters.given.items()
    kept = {name: text for name, text in given if name not in _paging_names() and not holds_key(text)}
    if call.filter_customer_id is not None:
        kept["client_api_id"] = str(call.filter_customer_id)
    parts: Sequence[str] = [
        f'<{call.address}?{urlencode({**kept, **target, "per_page": per_page})}>; rel="{relation}"'
        for relation, target in links.items()
    ]
    return ", ".join(parts)


def _paging_names() -> set[str]:
    return {parameter.name for parameter in PAGING}
