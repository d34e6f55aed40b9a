"""Cells of wide tables bear the names of their columns, whatever is written in them."""

from rebill.console.cards import with_cards

_HEAD = (
    '<thead><tr><th>Who &amp; what</th><th class="number"><span class="skip">Cost</span></th><th>A</th><th>B</th></tr>'
    "</thead>"
)


def _table(head: str, body: str) -> str:
    return f'<div class="scroll" tabindex="0">\n  <table>{head}<tbody>{body}</tbody></table></div>'


def test_cells_bear_the_names_of_their_columns() -> None:
    row = '<tr><th scope="row">x</th><td class="number">1</td><td colspan="2">both</td><td>none</td></tr>'
    shown = with_cards(_table(_HEAD, row + "<tr><td>&lt;td&gt;</td></tr>"))
    assert '<table class="stacks">' in shown
    assert '<th scope="row">x</th><td class="number" data-label="Cost">1</td>' in shown
    assert '<td colspan="2" data-label="A">both</td><td>none</td>' in shown
    assert '<td data-label="Who &amp; what">&lt;td&gt;</td>' in shown


def test_a_list_of_long_cells_is_cards_however_few_its_columns() -> None:
    narrow = _table("<thead><tr><th>Book</th><th>Text</th></tr></thead>", "<tr><th>1</th><td>5c52</td></tr>")
    shown = with_cards(narrow.replace('"scroll"', '"scroll list"'))
    assert '<table class="stacks">' in shown
    assert '<td data-label="Text">5c52</td>' in shown


def test_what_is_narrow_or_no_wide_table_stays_as_it_is() -> None:
    narrow = _table("<thead><tr><th>A</th><th>B</th></tr></thead>", "<tr><td>1</td></tr>")
    for page in (narrow, "<p>no table</p>", '<div class="scroll"><p>text</p></div>'):
        assert with_cards(page) == page
