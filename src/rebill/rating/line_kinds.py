"""The kinds of lines of a month, as rules ask about them: made from the distinct products and the classes of texts."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rebill.model.identifiers import fold
from rebill.model.price_book import InstanceCondition, TextPattern
from rebill.model.rating import CommitmentRole
from rebill.model.record_types import ChargeKind, record_types_of
from rebill.rating.book_matching import NO_RECORD_TYPE, LineKind
from rebill.rating.line_columns import NO_MARKS, Asked, AskedInstance, Mark, Marks

DATA_TRANSFER_SERVICES: Final = ("bandwidth", "aws data transfer")
"""Services all of whose charges are data transfer, folded."""


@dataclass(frozen=True)
class ProductKey:
    """What a row of the table ``products`` says of its lines, as far as rules may ask.

    ``marks``: column of text → what its class is like. ``pricing_unit`` counts where ``quantified``: the lines have
    a quantity.
    """

    service: str | None
    charge: ChargeKind
    currency: str
    pricing_unit: str | None
    quantified: bool
    marks: Mapping[str, Marks]


class KindReader:
    """Makes kinds of lines, for the conditions that a month's books ask."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._record_types: dict[ChargeKind, frozenset[Hashable]] = {}
        self._instances: dict[tuple[Marks, bool], frozenset[Hashable]] = {}

    def kind_of(self, key: ProductKey) -> LineKind:
        """The kind of the lines of a product."""
        role = key.charge.commitment_role
        return LineKind(
            products=_marks(key, "x_ServiceCode") | ({key.service} & self._asked.products),
            regions=_marks(key, "RegionId") | _marks(key, "RegionName"),
            usage_types=_marks(key, "SkuMeter"),
            operations=_marks(key, "x_Operation") | _marks(key, "x_SkuMeterSubcategory"),
            record_types=self._record_types_of(key.charge),
            offering_types=_offering_types(key),
            instances=self._instances_of(key, role),
            descriptions=_marks(key, "ChargeDescription"),
            data_transfer=self._asked.data_transfer and _is_data_transfer(key),
            commitment_purchase=role is CommitmentRole.PURCHASE,
            rated_in=frozenset(self._rated_in(key)),
        )

    def _rated_in(self, key: ProductKey) -> Iterator[tuple[str, str | None]]:
        """A fixed rate, if any is asked, prices lines that have a quantity and are no commitment's."""
        if self._asked.fixed_rate and key.quantified and key.charge.commitment_role is CommitmentRole.NONE:
            yield key.currency, None
            yield key.currency, key.pricing_unit

    def _record_types_of(self, charge: ChargeKind) -> frozenset[Hashable]:
        known = self._record_types.get(charge)
        if known is None:
            words = record_types_of(charge)
            asked: frozenset[TextPattern] = self._asked.record_types
            known = frozenset(pattern for pattern in asked if any(map(pattern.matches, words)))
            if charge.charge_category in ("Usage", "Purchase"):
                known |= {NO_RECORD_TYPE}
            self._record_types[charge] = known
        return known

    def _instances_of(self, key: ProductKey, role: CommitmentRole) -> frozenset[Hashable]:
        details = _marks(key, "SkuPriceDetails")
        marks = details if Mark.NAMES_INSTANCE in details else _marks(key, "SkuMeter")
        reserved = role is CommitmentRole.USED
        known = self._instances.get((marks, reserved))
        if known is None:
            known = frozenset(one for one in self._asked.instances if _is_for(one, marks, reserved))
            self._instances[marks, reserved] = known
        return known


def _is_for(condition: InstanceCondition, marks: Marks, reserved: bool) -> bool:
    texts = AskedInstance(condition.instance_type, condition.instance_size)
    return condition.reserved == reserved and (texts == AskedInstance(None, None) or texts in marks)


def _marks(key: ProductKey, column: str) -> Marks:
    return key.marks.get(column, NO_MARKS)


def _offering_types(key: ProductKey) -> Marks:
    if not key.charge.savings_plan:
        return NO_MARKS
    return _marks(key, "CommitmentDiscountType") | _marks(key, "CommitmentDiscountName")


def _is_data_transfer(key: ProductKey) -> bool:
    named = Mark.DATA_TRANSFER in _marks(key, "SkuMeter") | _marks(key, "ChargeDescription")
    return named or (key.service is not None and fold(key.service) in DATA_TRANSFER_SERVICES)
