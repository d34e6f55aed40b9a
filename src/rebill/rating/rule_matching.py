"""Which rule prices which product, found once for each matcher and each kind of line that occurs.

The rows of the table ``products`` come in, the tables that the plan joins to them go out: which products are alike to
every matcher (``product_kinds``), and the first rule of each matcher for each such kind (``matches``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rebill.model.price_book import PriceRule
from rebill.model.rating import CommitmentRole
from rebill.model.record_types import ChargeKind
from rebill.rating.book_matching import BookMatcher, LineKind
from rebill.rating.line_columns import Asked, TextClasses
from rebill.rating.line_kinds import KindReader, ProductKey

Match = tuple[int, int, int]
"""A matcher, a kind of lines, and the position in its book of the rule that prices them."""


@dataclass(frozen=True)
class Matches:
    """``kinds``: product number → kind of lines, of the products that some rule matches. ``found``: the matches."""

    kinds: Mapping[int, int]
    found: tuple[Match, ...]


def kinds_of(
    products: Sequence[Mapping[str, Any]], asked: Asked, classes: Sequence[TextClasses], bill_input_tax: bool
) -> list[tuple[Mapping[str, Any], LineKind]]:
    """The rows of ``products``, each with the kind of its lines.

    Input tax that is not billed is left out: no rule prices it.
    """
    reader = KindReader(asked)
    return [
        (product, reader.kind_of(_key(product, classes)))
        for product in products
        if bill_input_tax or product["charge_category"] != "Tax"
    ]


def first_matches(
    matchers: Sequence[Sequence[PriceRule]],
    kinds_found: Sequence[tuple[Mapping[str, Any], LineKind]],
    home_currency: str,
) -> Matches:
    """The first match of every matcher (numbered from 1) for every kind of lines among ``kinds_found``."""
    numbers: dict[LineKind, int] = {}
    kinds = {product["product_number"]: numbers.setdefault(kind, len(numbers) + 1) for product, kind in kinds_found}
    found = []
    for number, rules in enumerate(matchers, 1):
        matcher = BookMatcher(rules, home_currency)
        for kind, kind_number in numbers.items():
            position = matcher.first_match(kind)
            if position is not None:
                found.append((number, kind_number, position))
    return Matches(kinds, tuple(found))


def _key(product: Mapping[str, Any], classes: Sequence[TextClasses]) -> ProductKey:
    charge = ChargeKind(
        charge_category=product["charge_category"],
        commitment_role=CommitmentRole(product["commitment_role"]),
        savings_plan=bool(product.get("savings_plan")),
        recurring=bool(product.get("recurring")),
        taken_back=bool(product.get("taken_back")),
    )
    return ProductKey(
        service=product["service"],
        charge=charge,
        currency=product["currency"],
        pricing_unit=product["pricing_unit"],
        quantified=bool(product.get("quantified")),
        marks={one.column.name: one.marks[product[one.column.key]] for one in classes},
    )
