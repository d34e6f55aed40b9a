"""The page that shows the OpenAPI document: its files stand beside this one, and nothing is fetched from elsewhere."""

from functools import cache
from importlib.resources import files

from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.route import Handler, Route

PAGE_FILES = {
    "/docs": ("page.html", "text/html", "This API as a page"),
    "/docs/swagger-ui-bundle.js": ("swagger-ui-bundle.js", "text/javascript", "The script that draws the page"),
    "/docs/swagger-ui.css": ("swagger-ui.css", "text/css", "The styles of the page"),
    "/docs/start.js": ("start.js", "text/javascript", "The script that starts the page"),
}
"""File, media type and summary by path."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_routes() -> tuple[Route, ...]:
    """The page, and the files that it is made of."""
    return tuple(
        Route("GET", path, None, _handler(file, media_type), summary, {200: media_type})
        for path, (file, media_type, summary) in PAGE_FILES.items()
    )


def _handler(file: str, media_type: str) -> Handler:
    def serve(_call: Call) -> Answer:
        """The page that shows the OpenAPI document to people, or a file of it."""
        headers = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"}
        return Answer(200, _content(file), headers, f"{media_type}; charset=utf-8")

    return serve


@cache
def _content(file: str) -> bytes:
    return (files("rebill.api") / "documentation" / file).read_bytes()
