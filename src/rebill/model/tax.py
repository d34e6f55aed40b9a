"""The tax that stands on a customer's document, beside its net total; what a customer owes before it stays as it is.

Each line falls under one rule. The amounts of all lines under one treatment are summed, and the tax is computed once
of that sum, rounded half away from zero to minor units (``docs/documents.md``, Tax).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from rebill.model.exemption_codes import category_of, is_exemption_code
from rebill.model.money import ZERO, checked_percent, round_half_away, text_of, without_spare_zeros
from rebill.model.months import BillingMonth
from rebill.model.statement import CARRY_KINDS, LineKind, Statement


class TaxCategory(StrEnum):
    """What kind of taxation it is. But for ``NONE`` the codes of EN 16931 (UNTDID 5305)."""

    STANDARD = "S"
    ZERO_RATED = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    INTRA_COMMUNITY = "K"
    EXPORT = "G"
    NOT_SUBJECT = "O"
    NONE = "none"
    """No tax is told of: documents show the net total alone."""


_WITH_REASON = (
    TaxCategory.EXEMPT,
    TaxCategory.REVERSE_CHARGE,
    TaxCategory.INTRA_COMMUNITY,
    TaxCategory.EXPORT,
    TaxCategory.NOT_SUBJECT,
)


class TaxedLines(StrEnum):
    """Which lines a rule is for: those of a charge category, of a kind, or all that no closer rule is for."""

    ALL = "all"
    USAGE = "usage"
    PURCHASE = "purchase"
    CREDIT = "credit"
    ADJUSTMENT = "adjustment"
    TAX = "tax"
    SUPPORT = "support"
    CUSTOM = "custom"
    MANUAL = "manual"


@dataclass(frozen=True)
class TaxTreatment:
    """A category, its percent, and why no tax is charged where none is; ``reason_code``: of the VATEX list."""

    category: TaxCategory
    percent: Decimal = ZERO
    reason: str = ""
    reason_code: str = ""

    @property
    def percent_text(self) -> str:
        """The percent without zeros at its end."""
        return text_of(without_spare_zeros(self.percent))

    def faults(self) -> dict[str, str]:
        """What is wrong with it, by field."""
        found: dict[str, str] = {}
        try:
            checked_percent(self.percent)
        except ValueError as error:
            found["percent"] = str(error)
        else:
            if (self.category is TaxCategory.STANDARD) != (self.percent > 0):
                found["percent"] = "is above 0 with category S, and 0 with every other one"
        has_reason = bool(self.reason or self.reason_code)
        if self.category in _WITH_REASON and not has_reason:
            found["reason"] = f"is needed with category {self.category}: say why no tax is charged"
        if self.category not in _WITH_REASON and has_reason:
            found["reason"] = f"does not go with category {self.category}"
        if self.reason_code and not is_exemption_code(self.reason_code):
            found["reason_code"] = "must be a code of the VATEX list of EN 16931, such as VATEX-EU-AE"
        elif category_of(self.reason_code) not in (None, self.category):
            found["reason_code"] = f"goes with category {category_of(self.reason_code)} alone"
        return found

    def as_kept(self) -> "TaxTreatment":
        """The same with its code in upper case, as documents must write it."""
        return replace(self, reason_code=self.reason_code.upper())


@dataclass(frozen=True)
class TaxRule:
    """A treatment in force from a billing month on, until the next one for the same customer and lines.

    ``customer_id`` ``None``: for every customer that has no rule of its own for these lines. ``from_month`` ``""`` or
    ``0000-00``: from the beginning.
    """

    customer_id: int | None
    lines: TaxedLines
    from_month: str
    treatment: TaxTreatment


@dataclass(frozen=True)
class TaxPart:
    """The lines of a document under one treatment: their sum, and the tax on it, in minor units."""

    treatment: TaxTreatment
    base_minor_units: int
    tax_minor_units: int


@dataclass(frozen=True)
class DocumentTax:
    """The tax of a document. ``parts`` are in order of category and percent, and empty where none is told of.

    ``treatments``: of each shown line, in their order; ``None`` = none is told of.
    """

    net_minor_units: int
    parts: tuple[TaxPart, ...]
    treatments: tuple[TaxTreatment | None, ...]

    @property
    def tax_minor_units(self) -> int:
        return sum(part.tax_minor_units for part in self.parts)

    @property
    def payable_minor_units(self) -> int:
        """What the customer pays: the net total and the tax."""
        return self.net_minor_units + self.tax_minor_units

    @property
    def is_not_subject(self) -> bool:
        """Whether all that is told of is outside the scope of tax: then EN 16931 wants nobody's tax number told."""
        return bool(self.parts) and all(part.treatment.category is TaxCategory.NOT_SUBJECT for part in self.parts)

    @property
    def is_whole(self) -> bool:
        """Whether every line has a treatment."""
        return all(treatment is not None for treatment in self.treatments)


def taxed(statement: Statement, rules: Sequence[TaxRule]) -> DocumentTax:
    """The tax of a statement or note by these rules; the closest rule for a line counts.

    Closest: the customer's own for such lines, then its own for all lines, then the partner's for such lines, then its
    for all. The lines of a correction's block fall under the rules of the month they correct, carry lines under those
    for all lines.
    """
    found: list[TaxTreatment | None] = []
    bases: dict[TaxTreatment, int] = {}
    for shown in statement.shown_lines:
        month = shown.corrects or statement.month
        priced = shown.line.priced
        treatment = treatment_of_lines(
            statement.customer_id, lines_of(priced.kind, priced.charge_category), month, rules
        )
        found.append(treatment)
        if treatment is not None:
            bases[treatment] = bases.get(treatment, 0) + shown.line.amount_minor_units
    ordered = sorted(bases.items(), key=lambda item: (item[0].category, item[0].percent, item[0].reason))
    parts = tuple(TaxPart(treatment, base, tax_of(base, treatment.percent)) for treatment, base in ordered)
    return DocumentTax(statement.total_minor_units, parts, tuple(found))


def tax_of(base_minor_units: int, percent: Decimal) -> int:
    """The tax on a sum, in minor units: half away from zero."""
    return int(round_half_away(Decimal(base_minor_units) * percent / 100, 0))


def treatment_of_lines(
    customer_id: int, lines: TaxedLines, month: BillingMonth, rules: Sequence[TaxRule]
) -> TaxTreatment | None:
    """How a customer's lines of a month are taxed; ``None`` = no tax is told of."""
    for owner_id, wanted in (
        (customer_id, lines),
        (customer_id, TaxedLines.ALL),
        (None, lines),
        (None, TaxedLines.ALL),
    ):
        rule = _in_force((rule for rule in rules if (rule.customer_id, rule.lines) == (owner_id, wanted)), month)
        if rule is not None:
            return None if rule.treatment.category is TaxCategory.NONE else rule.treatment
    return None


def _in_force(rules: Iterable[TaxRule], month: BillingMonth) -> TaxRule | None:
    begun = [rule for rule in rules if rule.from_month <= str(month)]
    return max(begun, key=lambda rule: rule.from_month, default=None)


def lines_of(kind: LineKind, charge_category: str | None) -> TaxedLines:
    """Which rules a line falls under."""
    if kind in CARRY_KINDS:
        return TaxedLines.ALL
    word = (charge_category or "") if kind is LineKind.CHARGES else kind.value
    return _BY_WORD.get(word.lower(), TaxedLines.ALL)


_BY_WORD = {lines.value: lines for lines in TaxedLines}
