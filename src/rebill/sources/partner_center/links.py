"""Collections of Partner Center, page by page."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rebill.model.errors import Invalid
from rebill.sources.microsoft.calls import MicrosoftCalls

_GREATEST_PAGE_COUNT: Final = 100_000


def pages(calls: MicrosoftCalls, first: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The pages of a collection from the link ``first`` on: ``{"uri": …, "headers": [{"key", "value"}]}``.

    Raises ``Invalid`` for an answer that is no page of a collection.
    """
    link: Mapping[str, Any] | None = first
    for _ in range(_GREATEST_PAGE_COUNT):
        if link is None:
            return
        page = calls.partner_center(str(link.get("uri", "")), _headers(link)).document
        if not isinstance(page, dict) or not isinstance(page.get("items"), list):
            raise Invalid("microsoft_answer_invalid", f"Partner Center's answer to {link.get('uri')} is no collection.")
        yield page
        link = next_link(page)
    raise Invalid("microsoft_answer_invalid", "Partner Center's listing does not come to an end.")


def next_link(page: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The link to the page that follows, if there is one."""
    links = page.get("links")
    link = links.get("next") if isinstance(links, dict) else None
    return link if isinstance(link, dict) and link.get("uri") else None


def _headers(link: Mapping[str, Any]) -> dict[str, str]:
    listed = link.get("headers")
    found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return {str(one["key"]): str(one["value"]) for one in found if "key" in one and "value" in one}
