"""``docs/layouts.md`` is made from the layouts: ``python -m tests.house.test_layouts_documentation`` writes it anew."""

from pathlib import Path

from rebill.sources.layouts import LAYOUTS
from rebill.sources.layouts.mapping_table import markdown

FILE = Path(__file__).parent.parent.parent / "docs" / "layouts.md"
_HEAD = """# Layouts: how each file's columns become cost lines

Made from the layouts themselves. Columns that a table does not name are kept under their own names; a cost line column
that it does not name is absent. The columns' meaning stands in [cost lines](cost-lines.md).
"""


def _page() -> str:
    return "\n".join((_HEAD, *(markdown(layout) for layout in LAYOUTS)))


def test_every_layout_has_its_table() -> None:
    assert FILE.read_text(encoding="utf-8") == _page()


if __name__ == "__main__":
    FILE.write_text(_page(), encoding="utf-8")
