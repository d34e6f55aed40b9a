"""What a caller accepts: names, wildcards, qualities, and what careless clients write."""

import pytest

from rebill.api.accept import names_json, preferred

JSON, CSV = "application/json", "text/csv"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("*", JSON),
        (BROWSER, JSON),
        ("text/csv", CSV),
        ("TEXT/CSV", CSV),
        ("text/*", CSV),
        ("application/*", JSON),
        ("text/csv, application/json", JSON),
        ("text/csv, application/json;q=0.9", CSV),
        ("text/csv;q=0.9, application/json;q=0.90", JSON),
        ("text/csv;q=0.2, */*;q=0.1", CSV),
        ("*/*;q=1, application/json;q=0", CSV),
        ("text/*;q=1, text/csv;q=0.1, application/json;q=0.2", JSON),
        ("text/csv; header=present; q=0.5, application/json; charset=utf-8 ;Q=0.4", CSV),
        ('text/html;note="a, text/csv;q=1", application/json', JSON),
        ('text/html;note="unclosed, text/csv', CSV),
        ("application/pdf", None),
        ("application/pdf, text/csv;q=0", None),
        ("application/pdf;q=0.5, */*;q=0", None),
        ("application/json;q=0", None),
        ("application/json;q=0.0001, text/csv", CSV),
        ("application/json;q=2, text/csv;q=0.1", CSV),
        ("application/json;q=abc", JSON),
        (",,;q=1,/,a/b/c,text/", JSON),
        ("application/vnd.company+json", None),
    ],
)
def test_the_caller_gets_what_he_likes_best(accept: str, wanted: str | None) -> None:
    assert preferred(accept, (JSON, CSV)) == wanted


@pytest.mark.parametrize(
    ("accept", "named"),
    [
        ("application/json", True),
        ("text/plain, Application/JSON;q=0.1", True),
        ("application/json;q=0", False),
        ("application/*", False),
        ("*/*", False),
        ("", False),
        ("application/json2", False),
    ],
)
def test_json_is_named_by_its_name_only(accept: str, named: bool) -> None:
    assert names_json(accept) is named


def test_a_header_is_read_only_so_far() -> None:
    assert preferred("application/pdf," * 10 + "text/csv", (JSON, CSV)) == CSV
    assert preferred("application/pdf," * 1000 + "text/csv", (JSON, CSV)) is None
