"""The oracle's reading of price books: `docs/price-books.md` line by line, every rule tried on every line.

It shares no matching with rebill: neither indexes, classes, kinds nor bits. Expressions are compared by Python's own
engine; the tests write only such as mean the same there.
"""

import json
import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from rebill.model.price_book import AccountBook, InstanceCondition, PriceBook, PriceRule, ProductCondition, TextPattern
from rebill.model.rating import RatingInputs
from tests.rating.lines import Line


def like(pattern: TextPattern, text: str | None) -> bool:
    """Whether ``text`` is what a name of the language says."""
    if text is None:
        return False
    return {
        "exact": text == pattern.text,
        "starts with": text[: len(pattern.text)] == pattern.text,
        "ends with": text[len(text) - len(pattern.text) :] == pattern.text and len(text) >= len(pattern.text),
        "contains": pattern.text in text,
        "matches": pattern.kind.value == "matches" and re.fullmatch(pattern.text, text) is not None,
    }[pattern.kind.value]


def any_like(patterns: tuple[TextPattern, ...], *texts: str | None) -> bool:
    """Whether nothing is asked, or any text is like any pattern."""
    return not patterns or any(like(pattern, text) for pattern in patterns for text in texts)


def is_commitment(line: Line) -> bool:
    return line.commitment is not None and line.category in ("Usage", "Purchase")


def is_savings_plan(line: Line) -> bool:
    if line.commitment is None:
        return False
    if line.commitment_category is not None:
        return line.commitment_category == "Spend"
    return "savings" in (line.commitment_type or "").lower()


def record_types(line: Line) -> set[str]:
    """The words that name the line."""
    if line.category in ("Credit", "Tax", "Adjustment"):
        return {line.category}
    words = {"Refund"} if line.charge_class == "Correction" or line.billed < 0 else set()
    recurs = line.frequency == "Recurring"
    if line.category == "Purchase":
        words.add("Purchase")
        if line.commitment is None:
            words.add("Fee")
        elif is_savings_plan(line):
            words.add("SavingsPlanRecurringFee" if recurs else "SavingsPlanUpfrontFee")
        else:
            words.add("RIFee" if recurs else "Fee")
    elif line.commitment is None:
        words.add("Usage")
    elif line.commitment_status == "Used":
        words.add("SavingsPlanCoveredUsage" if is_savings_plan(line) else "DiscountedUsage")
    else:
        words.add("SavingsPlanRecurringFee" if is_savings_plan(line) else "RIFee")
    return words


def is_data_transfer(line: Line) -> bool:
    if (line.service or "").lower() in ("bandwidth", "aws data transfer"):
        return True
    for text in (line.meter, line.description):
        folded = (text or "").lower()
        if "data transfer" in folded or "datatransfer" in folded or folded.endswith(("-in-bytes", "-out-bytes")):
            return True
    return False


def instance_name(line: Line) -> str | None:
    """The instance of the price details, else of the end of the meter."""
    details = None
    if line.price_details is not None:
        try:
            details = json.loads(line.price_details)
        except ValueError:
            details = None
    if isinstance(details, dict):
        for key in ("InstanceType", "x_InstanceType", "ServiceType", "x_ServiceType"):
            if isinstance(details.get(key), str) and details[key]:
                return str(details[key])
    if line.meter is not None and ":" in line.meter:
        name = line.meter[line.meter.rindex(":") + 1 :]
        return name if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", name) else None
    return None


def is_instance(line: Line, asked: InstanceCondition) -> bool:
    covered = line.category == "Usage" and line.commitment is not None and line.commitment_status == "Used"
    if asked.reserved != covered:
        return False
    name = instance_name(line)
    family, size = None, None
    if name is not None and re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", name):
        family, size = name.rsplit(".", 1)
    elif name is not None and "_" in name:
        size = name.split("_", 1)[1] or None
    typed = asked.instance_type is None or like(asked.instance_type, name) or like(asked.instance_type, family)
    return typed and (asked.instance_size is None or like(asked.instance_size, size))


def is_product(line: Line, asked: ProductCondition) -> bool:
    if asked.product_name is not None and asked.product_name not in (line.service, line.service_code):
        return False
    if not asked.include_data_transfer and is_data_transfer(line):
        return False
    if not asked.include_commitment_purchases and line.commitment is not None and line.category == "Purchase":
        return False
    if not asked.record_types and line.category not in ("Usage", "Purchase"):
        return False
    if asked.savings_plan_offering_types and not is_savings_plan(line):
        return False
    described = not asked.descriptions or any(
        all(like(pattern, line.description) for pattern in condition) for condition in asked.descriptions
    )
    return (
        described
        and any_like(asked.regions, line.region_id, line.region_name)
        and any_like(asked.usage_types, line.meter)
        and any_like(asked.operations, line.operation, line.meter_subcategory)
        and any_like(asked.record_types, *record_types(line))
        and any_like(asked.savings_plan_offering_types, line.commitment_type, line.commitment_name)
        and (not asked.instances or any(is_instance(line, instance) for instance in asked.instances))
    )


def can_be_rated(line: Line, rule: PriceRule, home_currency: str) -> bool:
    """Whether a fixed rate can price the line at all."""
    adjustment = rule.adjustment
    return (
        line.currency == (adjustment.currency or home_currency)
        and (adjustment.unit is None or adjustment.unit == line.unit)
        and line.quantity is not None
        and not is_commitment(line)
    )


def matches(line: Line, rule: PriceRule, home_currency: str) -> bool:
    if rule.adjustment.kind.value == "fixedRate" and not can_be_rated(line, rule, home_currency):
        return False
    return any_like(rule.regions, line.region_id, line.region_name) and any(
        is_product(line, product) for product in rule.products
    )


def account_key(identifier: str | None) -> str | None:
    return None if identifier is None else identifier.strip().lower()


def book_of(line: Line, customer_id: int, inputs: RatingInputs) -> PriceBook | None:
    """The book of the account that names the line's subscription, else tenant, else billing account, else all."""

    def chosen(key: str | None) -> AccountBook | None:
        own = (one for one in inputs.account_books if one.customer_id == customer_id)
        return next((one for one in own if one.account_key == key), None)

    for identifier in (line.subscription, line.tenant, account_key(line.billing_account)):
        if identifier is not None and (found := chosen(identifier)) is not None:
            break
    else:
        found = chosen(None)
    if found is None:
        return None
    return next(book.book for book in inputs.books if book.price_book_id == found.price_book_id)


def first_rule(line: Line, customer_id: int, inputs: RatingInputs) -> PriceRule | None:
    """The rule that prices the line, if any."""
    if line.category == "Tax" and not inputs.bill_input_tax:
        return None
    book = book_of(line, customer_id, inputs)
    day: date = line.start.date()
    for group in () if book is None else book.groups:
        begun = group.start_day is None or group.start_day <= day
        ended = group.end_day is not None and group.end_day < day
        for rule in group.rules if group.enabled and begun and not ended else ():
            if matches(line, rule, inputs.home_currency):
                return rule
    return None


def by_rate(quantity: Decimal, rate: Decimal) -> Decimal:
    return (quantity * rate).quantize(Decimal("0.000000000001"), rounding=ROUND_HALF_UP)
