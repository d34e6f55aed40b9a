"""Somebody with a browser that knows no scripts: follows links, fills in forms, keeps cookies."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from rebill.services.acting.installation import Installation
from rebill.wiring import both_faces

BASE = "https://rebill.test"
SAME_SITE = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}


@dataclass
class Form:
    """A form as a browser would send it: where to, and the fields that stand in it."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, values: Mapping[str, str | Sequence[str]]) -> list[tuple[str, str]]:
        """Its fields with these values in their places, or beside them."""
        kept = [(name, value) for name, value in self.fields if name not in values]
        given = [
            (name, one) for name, value in values.items() for one in ([value] if isinstance(value, str) else value)
        ]
        return kept + given

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.fields}


class _Forms(HTMLParser):
    """Reads the forms of a page, and its text."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.texts: list[str] = []
        self._path = path
        self._form: Form | None = None
        self._select = ""
        self._chosen: str | None = None
        self._first: str | None = None
        self._area = ""
        self._area_text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._form = Form(given.get("action") or self._path, given.get("method", "get").upper())
            self.forms.append(self._form)
        if self._form is None:
            return
        name = given.get("name", "")
        if tag == "input" and name:
            is_box = given.get("type") in ("checkbox", "radio")
            if not is_box or "checked" in given:
                self._form.fields.append((name, given.get("value", "on" if is_box else "")))
        if tag == "button" and name:
            self._form.buttons.append((name, given.get("value", "")))
        if tag == "select":
            self._select, self._chosen, self._first = name, None, None
        if tag == "option" and self._select:
            self._first = given.get("value", "") if self._first is None else self._first
            if "selected" in given:
                self._chosen = given.get("value", "")
        if tag == "textarea":
            self._area, self._area_text = name, ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._form is not None and self._select:
            self._form.fields.append((self._select, self._chosen if self._chosen is not None else self._first or ""))
            self._select = ""
        if tag == "textarea" and self._form is not None and self._area:
            self._form.fields.append((self._area, self._area_text.removeprefix("\n")))
            self._area = ""
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._area:
            self._area_text += data


@dataclass
class Shown:
    """What the visitor sees: the answer, the address it came from after every redirection."""

    answer: httpx.Response
    path: str
    forms: list[Form]
    text: str

    @property
    def status(self) -> int:
        return self.answer.status_code

    def form(self, action: str) -> Form:
        """The first form that goes to ``action``."""
        return next(one for one in self.forms if urlsplit(one.action).path == action)


class Visitor:
    """A visitor and the page in front of them."""

    def __init__(self, portal: BlockingPortal, client: httpx.AsyncClient) -> None:
        self._portal = portal
        self.client = client
        self.shown: Shown | None = None

    def open(self, path: str) -> Shown:
        """Go to an address."""
        return self._seen(self.request("GET", path), path)

    def ask(self, path: str, cookie: str = "") -> httpx.Response:
        """The answer of an address itself, followed nowhere; ``cookie``: in place of the visitor's own."""
        return self.request("GET", path, headers={"Cookie": cookie} if cookie else {})

    def send(self, action: str, /, **values: str | Sequence[str]) -> Shown:
        """Fill in the form on the page in front that goes to ``action``, and send it."""
        assert self.shown is not None
        return self.send_form(self.shown.form(action), SAME_SITE, **values)

    def send_form(self, form: Form, /, headers: Mapping[str, str] = SAME_SITE, **values: str | Sequence[str]) -> Shown:
        """Send a form, on whatever page it stood."""
        fields = form.filled(values)
        if form.method == "GET":
            return self.open(f"{urlsplit(form.action).path}?{urlencode(fields)}")
        data: dict[str, list[str]] = {}
        for name, value in fields:
            data.setdefault(name, []).append(value)
        return self._seen(self.request("POST", form.action, data=data, headers=dict(headers)), form.action)

    def upload(self, action: str, name: str, file_name: str, content: bytes, /, **values: str) -> Shown:
        """Fill in a form that takes a file, and send it."""
        assert self.shown is not None
        form = self.shown.form(action)
        answer = self.request(
            "POST",
            form.action,
            data=dict(form.filled(values)),
            files={name: (file_name, content)},
            headers=dict(SAME_SITE),
        )
        return self._seen(answer, form.action)

    def sign_in(self, key: str) -> Shown:
        """Sign in with an API key."""
        self.open("/sign-in")
        return self.send("/sign-in", api_key=key)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask for exactly this; no redirection is followed."""

        async def made() -> httpx.Response:
            return await self.client.request(method, path, **options)

        return self._portal.call(made)

    def _seen(self, answer: httpx.Response, path: str) -> Shown:
        while answer.status_code == 303:
            path = answer.headers["location"]
            answer = self.request("GET", path)
        reader = _Forms(path)
        if answer.headers.get("content-type", "").startswith("text/html"):
            reader.feed(answer.text)
        self.shown = Shown(answer, path, reader.forms, " ".join(" ".join(reader.texts).split()))
        return self.shown


def query_of(path: str) -> dict[str, str]:
    """The query of an address."""
    return dict(parse_qsl(urlsplit(path).query))


@contextmanager
def visiting(installation: Installation) -> Iterator[Visitor]:
    """A visitor of what ``rebill serve`` serves, over https."""
    with start_blocking_portal() as portal:
        transport = httpx.ASGITransport(both_faces(installation))
        client = httpx.AsyncClient(transport=transport, base_url=BASE, timeout=60)
        try:
            yield Visitor(portal, client)
        finally:
            portal.call(client.aclose)
