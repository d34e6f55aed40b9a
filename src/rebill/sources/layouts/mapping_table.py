"""What becomes of a layout's columns, as a table for people."""

from dataclasses import dataclass

from rebill.sources.layouts.layout import INSTANTS, Computed, Layout, Named


@dataclass(frozen=True)
class Mapping:
    """A row of the table: a column of the cost line (or one kept beside it), the columns it comes from, and how."""

    column: str
    names: tuple[str, ...]
    rule: str


def mapping_table(layout: Layout) -> tuple[Mapping, ...]:
    """A row for each column that ``layout`` fills; the columns it does not mention are kept under their own names."""
    origins = {**layout.columns, **layout.kept}
    return tuple(Mapping(column, origin.names, _rule(column, origin)) for column, origin in origins.items())


def _rule(column: str, origin: Named | Computed) -> str:
    if isinstance(origin, Computed):
        return origin.rule
    rule = "as it stands" if len(origin.names) == 1 else "the first of them that is there"
    return f"{rule}, in any style of dates" if column in INSTANTS else rule


def markdown(layout: Layout) -> str:
    """The table as Markdown, with the columns by which the layout is known."""
    marks = ", ".join(" or ".join(f"`{name}`" for name in names) for names in layout.marks)
    rows = [
        f"| `{row.column}` | {', '.join(f'`{name}`' for name in row.names) or '—'} | {row.rule} |"
        for row in mapping_table(layout)
    ]
    head = f"## `{layout.name}`\n\nView `{layout.view}`; known by its columns {marks}.\n\n"
    return head + "| cost line | from | rule |\n|---|---|---|\n" + "\n".join(rows) + "\n"
