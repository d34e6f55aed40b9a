"""A specification is hostile until it is read: nothing in it is followed, and everything is bounded."""

from pathlib import Path

import pytest

from rebill.model.errors import Invalid
from rebill.model.price_book import SpecificationFormat
from rebill.price_books.reading import GREATEST_BYTES, format_of, read_price_book
from rebill.price_books.regular_expressions import matching_numbers
from tests.price_books.test_reading import fault_of, faults_of, in_xml, rule_xml

BILLION_LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE lolz [
 <!ENTITY a "ha">
 <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
 <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
]>
<CHTBillingRules date="2024-09-01" createdBy="&c;"/>"""

QUADRATIC_BLOWUP = f'<!DOCTYPE bomb [<!ENTITY a "{"x" * 100_000}">]><CHTBillingRules date="{"&a;" * 10_000}"/>'

ALIAS_BOMB = """\
a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
"""


@pytest.mark.parametrize("text", [BILLION_LAUGHS, QUADRATIC_BLOWUP], ids=["billion laughs", "quadratic blowup"])
def test_entity_bombs_do_not_go_off(text: str) -> None:
    assert "a document type (<!DOCTYPE) is not read" in fault_of(text)


@pytest.mark.parametrize("reference", ["SYSTEM", 'PUBLIC "x"'])
def test_nothing_outside_is_read(reference: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret", encoding="utf-8")
    inline = f'<!DOCTYPE r [<!ENTITY s {reference} "{secret.as_uri()}">]><CHTBillingRules date="&s;"/>'
    by_type = f'<!DOCTYPE r {reference} "{secret.as_uri()}"><CHTBillingRules date="2024-09-01"/>'
    include = (
        '<CHTBillingRules date="2024-09-01"><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" '
        f'href="{secret.as_uri()}" parse="text"/></CHTBillingRules>'
    )
    for text in (inline, by_type, include):
        told = str(faults_of(text))
        assert "the secret" not in told
        assert "not read" in told or "has no place" in told


def test_an_undeclared_entity_is_a_fault() -> None:
    assert "not well-formed" in fault_of('<CHTBillingRules date="&nbsp;"/>')


def test_a_declared_encoding_does_not_change_how_text_is_read() -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?>' + in_xml(rule_xml('<Region name="Köln"/>'))
    assert next(read_price_book(text, SpecificationFormat.XML).rules).regions[0].text == "Köln"


def test_anchors_aliases_and_tags_of_yaml_are_refused() -> None:
    assert "anchors (&) and aliases (*) are not read" in str(faults_of(ALIAS_BOMB))
    assert "anchors (&) and aliases (*) are not read" in fault_of("date: 2024-09-01\nRuleGroup: *region")
    assert "tags (!) are not read" in fault_of("date: !!python/object/apply:os.system ['true']")
    assert "a second document begins" in fault_of("date: 2024-09-01\n---\ndate: 2024-09-01")


def test_a_key_of_yaml_stands_once() -> None:
    text = "date: 2024-09-01\nRuleGroup:\n  BillingRule:\n    name: A\n    name: B\n    percentDiscount: 1"
    assert fault_of(text) == "rule 1 (B): 'name' stands twice in one BillingRule; a list holds several"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a", "a specification is a mapping"),
        ("date: [2024-09-01]", "'date' is an attribute and has one value"),
        ("date: 2024-09-01\nRuleGroup: x", "RuleGroup is written with its attributes as keys"),
        ("date: 2024-09-01\nRuleGroup: [[x]]", "a list stands in the list of RuleGroup"),
        ("? [a]\n: b\ndate: 2024-09-01", "a key is a single word"),
        (
            "date: 2024-09-01\nRuleGroup: {BillingRule: {name: A, percentDiscount: [1]}}",
            "percentDiscount has one value",
        ),
        ("date: 'open", "is no YAML from here on"),
        ("", "is empty"),
        ("date: 2024-09-01\nThing: {a: [{b: c}]}", "'Thing' has no place in CHTBillingRules"),
    ],
)
def test_yaml_that_says_nothing_is_a_fault_with_its_line(text: str, said: str) -> None:
    assert said in str(faults_of(text))


@pytest.mark.parametrize("text", ["<a>" * 100_000, "{Product: " * 100_000, "[" * 100_000], ids=["xml", "yaml", "list"])
def test_nesting_has_an_end(text: str) -> None:
    assert faults_of(text)


def test_xml_that_is_cut_off_says_where() -> None:
    fields = faults_of('<CHTBillingRules date="2024-09-01">\n<RuleGroup>\n</CHTBillingRules>')
    assert fields == {
        "specification[line 3]": "is not well-formed XML from here on (mismatched tag); what follows was not read"
    }


def test_size_has_an_end() -> None:
    assert "is larger than 32 MiB" in fault_of("<" + "x" * GREATEST_BYTES)


def test_half_a_character_is_a_fault() -> None:
    assert "surrogate" in fault_of("<CHTBillingRules date='\ud800'/>")


def test_ten_megabytes_and_fifty_thousand_rules_are_read_and_one_more_rule_is_refused() -> None:
    rule = rule_xml(f'<Comment>{"x" * 100}</Comment><Product productName="Storage"><UsageType name="*GB"/></Product>')
    text = in_xml(rule * 50_000)
    assert len(text) > 10_000_000
    assert sum(1 for _ in read_price_book(text, format_of(text)).rules) == 50_000
    assert "at most 50,000 rules" in fault_of(in_xml(rule * 50_001))


def test_a_million_elements_are_refused() -> None:
    text = in_xml("<Comment/>" * 1_000_001)
    assert "holds more, than a specification can" in fault_of(text)


def matched(expression: str, texts: list[str]) -> list[str]:
    numbers = matching_numbers([expression], texts)
    return [text for text, found in zip(texts, numbers, strict=True) if 0 in found]


def test_an_expression_that_ruins_other_engines_takes_time_in_proportion_to_the_text() -> None:
    texts = ["a" * 50_000, "a" * 50_000 + "!"]
    assert matched("(a+)+", texts) == texts[:1]
    assert matched("(a|aa)+$", texts) == texts[:1]


def test_an_expression_matches_the_whole_text() -> None:
    texts = ["Windows VM", "a Windows VM", "windows vm", "Wíndows"]
    assert matched("Windows.*", texts) == ["Windows VM"]
    assert matched("(?i).*windows.*", texts) == ["Windows VM", "a Windows VM", "windows vm"]
    assert matched("W.ndows", texts) == ["Wíndows"]
    assert matched("", ["", "x"]) == [""]


def test_very_many_expressions_are_told_apart() -> None:
    expressions = [f".*[^0-9]{number}" for number in range(200)]
    texts = [f"meter {number}" for number in range(0, 300, 7)]
    found = matching_numbers(expressions, texts)
    assert found == [[number] if number < 200 else [] for number in range(0, 300, 7)]


def test_expressions_too_large_to_be_compared_together_are_compared_one_by_one() -> None:
    expressions = [f"(.*{letter}.{{1,300}}x.{{1,300}}){{1,3}}" for letter in "abcdefghijklmnopqrstuvwxyz" * 2]
    text = "ab" * 200 + "x" + "y" * 100
    together = matching_numbers(expressions, [text])
    alone = [number for number, expression in enumerate(expressions) if matched(expression, [text])]
    assert together == [alone]
    assert alone


def test_a_refusal_never_repeats_more_than_a_little_of_what_was_sent() -> None:
    long = "y" * 5_000
    with pytest.raises(Invalid) as refused:
        read_price_book(in_xml(f'<BillingRule name="{long}" {long}="1"/>'), SpecificationFormat.XML)
    assert all(len(sentence) < 600 for sentence in refused.value.fields.values())
