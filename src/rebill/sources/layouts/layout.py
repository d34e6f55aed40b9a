"""What a layout is: which header it has, and how each column of the cost line comes from its columns."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from rebill.model.cost_line import COLUMNS, LINE_KEY, ROUNDED_VALUES, ColumnType
from rebill.model.data_set import VIEW_INVOICE, RejectCode
from rebill.model.date_order import DateOrder
from rebill.model.identifiers import fold
from rebill.sources.date_styles import DateColumns, iso_sql
from rebill.sources.source_column import SourceColumn

MADE_OF: Final = " × "
"""Between the names of the columns that a computed one is made of."""
NO_TEXT: Final = "CAST(NULL AS VARCHAR)"
_IN_BRACKETS: Final = re.compile(r".*\(\s*([A-Za-z][A-Za-z0-9 _/]*?)\s*\)\s*$")
_NO_LETTER: Final = re.compile(r"[^0-9a-z]")
INSTANTS: Final = frozenset(column.name for column in COLUMNS if column.type is ColumnType.INSTANT)
"""The cost line's columns that are moments."""


class Fields:
    """The columns of a file while SQL is made of them; a name that the header lacks is a NULL text.

    ``dates``: the order of the file's dates that are not in ISO style; ``None``: there are none.
    """

    def __init__(self, found: Mapping[str, SourceColumn], dates: DateOrder | None = None) -> None:
        self._found = found
        self._dates = dates

    def __call__(self, *names: str) -> str:
        """SQL of the text of the first of ``names`` that the header has."""
        column = self.column(*names)
        return NO_TEXT if column is None else column.text

    def iso(self, *names: str) -> str:
        """SQL of the date in the first of ``names`` that the header has, as ISO text."""
        text = self(*names)
        return text if self._dates is None else iso_sql(text, self._dates)

    def column(self, *names: str) -> SourceColumn | None:
        """The column of the first of ``names`` that the header has."""
        name = self.first(*names)
        return None if name is None else self._found[name]

    def first(self, *names: str) -> str | None:
        """The first of ``names`` that the header has."""
        return next((name for name in names if name in self._found), None)


@dataclass(frozen=True)
class Named:
    """A column that is taken as it stands: the first of ``names`` that the header has."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Computed:
    """A column made of others. ``names``: the columns it is made of; ``build`` makes its SQL text (or of ``type``).

    ``rule`` says in words what ``build`` does, for the documentation.
    """

    names: tuple[str, ...]
    build: Callable[[Fields], str]
    rule: str
    type: str = "VARCHAR"


@dataclass(frozen=True)
class RowFault:
    """A condition of the layout's own under which a row is a reject; ``condition`` makes its SQL.

    ``names``: the names of the column at fault.
    """

    names: tuple[str, ...]
    code: RejectCode
    condition: Callable[[Fields], str]


def named(*names: str) -> Named:
    """A column taken as it stands, by any of its names."""
    return Named(names)


def fixed(text: str) -> Computed:
    """A column that is the same in every row of the layout."""
    return Computed((), lambda _: "'" + text.replace("'", "''") + "'", f"always `{text}`")


@dataclass(frozen=True)
class Layout:
    """A layout of cost files.

    ``marks``: columns by which it is known: each entry must stand in the header by one of its names.
    ``columns``: cost line column → how it comes. ``kept``: further columns under names of our own; one that is
    taken as it stands is not kept under its own name too.
    ``view``: what its data sets hold (``model.data_set``). ``version``: tells the name from the header's columns.
    ``date_order``: the one that its dates are documented in, where that is not ISO style.
    """

    name: str
    view: str
    marks: tuple[tuple[str, ...], ...]
    columns: Mapping[str, Named | Computed]
    kept: Mapping[str, Named | Computed] = field(default_factory=dict)
    faults: tuple[RowFault, ...] = ()
    version: Callable[[frozenset[str]], str] | None = None
    date_order: DateOrder | None = None

    def recognise(self, header: Sequence[str]) -> "Recognition":
        """How this layout would read a file with ``header``."""
        places = _Places(header)
        missing = tuple(names[0] for names in self.marks if places.of(names) is None)
        positions = _positions(places, self.columns)
        kept_positions = _positions(places, self.kept)
        named_sources = [source.names for source in self.columns.values() if isinstance(source, Named)]
        return Recognition(
            layout=self,
            name=self.version(places.exact_names) if self.version else self.name,
            positions=positions,
            kept_positions=kept_positions,
            extras=_extras(header, frozenset((*positions.values(), *kept_positions.values())), tuple(self.kept)),
            missing=missing,
            doubled=tuple(dict.fromkeys(name for names in named_sources if (name := places.doubled(names)))),
            header=tuple(header),
        )


@dataclass(frozen=True)
class Recognition:
    """How the columns of a file become a cost line.

    ``positions``: cost line column → place of the column it is taken from; ``kept_positions``: the same of further
    columns. ``extras``: ``(name to keep, place)``
    of columns that are not the cost line's. ``missing``: marks that the header lacks. ``doubled``: columns that it
    names twice. ``dates``: the order of the file's dates that are not in ISO style; ``None``: there are none.
    """

    layout: Layout
    name: str
    positions: Mapping[str, int]
    kept_positions: Mapping[str, int]
    extras: tuple[tuple[str, int], ...]
    missing: tuple[str, ...]
    doubled: tuple[str, ...]
    header: tuple[str, ...]
    dates: DateOrder | None = None

    @property
    def view(self) -> str:
        return self.layout.view

    @property
    def missing_share(self) -> float:
        """How much of the layout's marks the header lacks, from 0 to 1."""
        return len(self.missing) / len(self.layout.marks)

    def has(self, column: str) -> bool:
        """Whether the cost line's ``column`` comes from the file."""
        return column in self.positions or isinstance(self.layout.columns.get(column), Computed)

    def columns_of(self, source: Sequence[SourceColumn]) -> dict[str, SourceColumn]:
        """Cost line column → the column of the source relation, or SQL over several, that it comes from."""
        fields, restyled = self.fields(source), self._restyled(source)
        found: dict[str, SourceColumn] = {}
        for column, origin in self.layout.columns.items():
            if isinstance(origin, Computed):
                label = MADE_OF.join(name for name in origin.names if fields.column(name) is not None)
                found[column] = SourceColumn(_computed_name(column), origin.type, label=label)
            elif column in self.positions:
                position = self.positions[column]
                taken = replace(source[position], label=self.header[position].strip())
                found[column] = SourceColumn(_computed_name(column), label=taken.label) if column in restyled else taken
        return found

    def _restyled(self, source: Sequence[SourceColumn]) -> dict[str, str]:
        """Cost line column → SQL of its ISO text, where it is taken from dates of another style."""
        if self.dates is None:
            return {}
        texts = {name: source[place] for name, place in self.positions.items() if name in INSTANTS}
        return {name: iso_sql(found.text, self.dates) for name, found in texts.items() if not found.is_instant}

    def computed_columns(self, source: Sequence[SourceColumn]) -> str:
        """SQL: ``, <computed> AS <name>`` for every computed column, to stand beside those of the source relation."""
        fields = self.fields(source)
        origins = self.layout.columns.items()
        computed = {name: origin.build(fields) for name, origin in origins if isinstance(origin, Computed)}
        computed |= self._restyled(source)
        return "".join(f", {sql} AS {_computed_name(name)}" for name, sql in computed.items())

    def kept_columns(self, source: Sequence[SourceColumn]) -> list[tuple[str, str]]:
        """``(SQL text, name)`` of every further column that is kept."""
        fields = self.fields(source)
        kept = self.layout.kept.items()
        computed = [(origin.build(fields), name) for name, origin in kept if isinstance(origin, Computed)]
        taken = [*self.kept_positions.items(), *self.extras]
        return [*computed, *((source[position].text, name) for name, position in taken)]

    def fields(self, source: Sequence[SourceColumn]) -> Fields:
        """The columns that the layout speaks of, by the names it uses."""
        places = _Places(self.header)
        origins = (*self.layout.columns.values(), *self.layout.kept.values(), *self.layout.faults)
        names = {name for origin in origins for name in origin.names}
        names |= {name for mark in self.layout.marks for name in mark}
        found = {name: source[place] for name in names if (place := places.of((name,))) is not None}
        return Fields(found, self.dates)

    def date_columns(self, source: Sequence[SourceColumn]) -> DateColumns:
        """The texts of dates in the file, of every column that is called a date."""
        named_so = {
            loose_name(name): source[place].text
            for place, name in enumerate(self.header)
            if _is_date(loose_name(name)) and not source[place].is_instant
        }
        ends = ((start, name) for name in named_so if (start := name.replace("end", "start")) != name)
        fields = self.fields(source)

        def of(column: str) -> str | None:
            origin = self.layout.columns.get(column)
            found = fields.column(*origin.names) if origin else None
            return found.text if found else None

        # What is bought may begin or end in any month.
        charge = None if self.view == VIEW_INVOICE else of("ChargePeriodStart")
        return DateColumns(
            every=tuple(named_so.values()),
            taken=frozenset(text for name in INSTANTS if (text := of(name)) is not None),
            pairs=tuple((named_so[start], named_so[end]) for start, end in ends if start in named_so),
            charge=charge,
            period=(of("BillingPeriodStart"), of("BillingPeriodEnd")),
        )


def _positions(places: "_Places", origins: Mapping[str, Named | Computed]) -> dict[str, int]:
    """Column → place in the header of the column that it is taken from as it stands."""
    return {
        column: position
        for column, source in origins.items()
        if isinstance(source, Named) and (position := places.of(source.names)) is not None
    }


def _is_date(name: str) -> bool:
    """Whether a column of this ``loose_name`` holds dates."""
    return "date" in name or name.endswith(("periodstart", "periodend"))


def _computed_name(column: str) -> str:
    return f"rebill_{column}"


class _Places:
    """Where names stand in a header: as written but for case; else however they are separated or translated."""

    def __init__(self, header: Sequence[str]) -> None:
        self._exact = [fold(name.strip()) for name in header]
        self._loose = [loose_name(name) for name in header]

    @property
    def exact_names(self) -> frozenset[str]:
        return frozenset(self._exact)

    def of(self, names: Sequence[str]) -> int | None:
        for name in names:
            for found, wanted in ((self._exact, fold(name)), (self._loose, loose_name(name))):
                if wanted in found:
                    return found.index(wanted)
        return None

    def doubled(self, names: Sequence[str]) -> str | None:
        """The first of ``names`` that stands here, if it does so twice."""
        for name in names:
            count = self._exact.count(fold(name))
            if count:
                return name if count > 1 else None
        return None


def loose_name(name: str) -> str:
    """A column name for comparison: ``lineItem/UsageType`` and ``line_item_usage_type`` are one name.

    Of a translated name with Microsoft's own in brackets, ``Ressourcengruppe (ResourceGroup)``, the bracket counts.
    """
    in_brackets = _IN_BRACKETS.fullmatch(name)
    return _NO_LETTER.sub("", fold(in_brackets[1] if in_brackets else name))


def _extras(header: Sequence[str], used: frozenset[int], kept: Sequence[str]) -> tuple[tuple[str, int], ...]:
    # Parquet readers compare names without case, so a kept column must not clash in that sense.
    taken = {name.casefold() for name in (*(column.name for column in COLUMNS), ROUNDED_VALUES, LINE_KEY, *kept)}
    extras: list[tuple[str, int]] = []
    for position, name in enumerate(header):
        if position in used:
            continue
        wanted = name.strip() or f"column_{position + 1}"
        free, number = wanted, 2
        while free.casefold() in taken:
            free, number = f"{wanted}_{number}", number + 1
        taken.add(free.casefold())
        extras.append((free, position))
    return tuple(extras)
