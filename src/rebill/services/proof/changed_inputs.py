"""In which inputs two computations of a month differ, cause by cause, and as sentences."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from rebill.model.counting import counted
from rebill.model.data_set import DataSet
from rebill.model.difference import Cause
from rebill.model.rating import RatingInputs

_CAUSES: Final = {
    "bindings": Cause.ASSIGNMENT,
    "terms": Cause.TERMS,
    "departed": Cause.TERMS,
    "refund_rules": Cause.TERMS,
    "books": Cause.PRICE_BOOK,
    "account_books": Cause.PRICE_BOOK,
    "billing_rules": Cause.BILLING_RULE,
    "manual_lines": Cause.MANUAL_LINE,
    "bill_input_tax": Cause.PARTNER_SETTING,
    "home_currency": Cause.PARTNER_SETTING,
}
"""The cause of each input of a run; one that is not listed is a cause by its own name."""


@dataclass(frozen=True)
class Computed:
    """What a month is computed from."""

    inputs: RatingInputs
    data_sets: tuple[DataSet, ...]

    @property
    def _data_set_ids(self) -> tuple[int, ...]:
        return tuple(data_set.data_set_id for data_set in self.data_sets)

    def changed(self, after: "Computed") -> dict[str, "Computed"]:
        """This with one input of ``after`` at a time, by the causes in which they differ."""
        found: dict[str, Computed] = {}
        if self._data_set_ids != after._data_set_ids:
            found[Cause.COST.value] = replace(self, data_sets=after.data_sets)
        for cause, names in _inputs_by_cause().items():
            values = {name: getattr(after.inputs, name) for name in names}
            if any(getattr(self.inputs, name) != value for name, value in values.items()):
                found[cause] = replace(self, inputs=replace(self.inputs, **values))
        return found

    def sentences(self, after: "Computed", names: Mapping[int, str]) -> list[tuple[str, str]]:
        """(cause, sentence) of every single thing that was put in, taken away or changed.

        ``names``: of customers by their ids.
        """
        before, now = ({one.data_set_id: one for one in side.data_sets} for side in (self, after))
        found = [
            (Cause.COST.value, f"Data set {_data_set(one)} is new.") for key, one in now.items() if key not in before
        ]
        found += [
            (Cause.COST.value, f"Data set {_data_set(one)} is not in force any more.")
            for key, one in before.items()
            if key not in now
        ]
        for name, told in _TOLD.items():
            cause = _CAUSES[name].value
            found += [(cause, said) for said in told(getattr(self.inputs, name), getattr(after.inputs, name), names)]
        return found


def _inputs_by_cause() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in fields(RatingInputs):
        if one.name != "month":
            cause = _CAUSES.get(one.name)
            found.setdefault(one.name if cause is None else cause.value, []).append(one.name)
    return found


def _data_set(one: DataSet) -> str:
    return f"{one.data_set_id} ({one.source_kind} {one.scope}, {counted(one.rows, 'row')})"


_Names = Mapping[int, str]
_Told = Callable[[Any, Any, _Names], Iterable[str]]


def _told_by(what: str, key: Callable[[Any, _Names], object]) -> _Told:
    """Tells of one thing after the other: ``what`` with what ``key`` calls it."""

    def told(before: Sequence[Any], after: Sequence[Any], names: _Names) -> Iterable[str]:
        old, new = (_by_key(values, lambda value: key(value, names)) for values in (before, after))
        for name in [*old, *(name for name in new if name not in old)]:
            if old.get(name) != new.get(name):
                word = "is new" if name not in old else "is gone" if name not in new else "changed"
                yield f"{what.format(name)} {word}."

    return told


def _told_if(sentence: Callable[[Any], str]) -> _Told:
    """Tells what a setting is now, where it is another."""
    return lambda before, after, _: [] if before == after else [sentence(after)]


def _customer(customer_id: int, names: _Names) -> str:
    """A customer by its name, which it may share, and its id."""
    name = names.get(customer_id, "")
    return f"{name} ({customer_id})" if name else str(customer_id)


def _by_key(values: Sequence[Any], key: Callable[[Any], object]) -> Mapping[object, list[Any]]:
    found: dict[object, list[Any]] = {}
    for value in values:
        found.setdefault(key(value), []).append(value)
    return found


_TOLD: Final[dict[str, _Told]] = {
    "bindings": _told_by(
        "The assignment of {}", lambda one, names: f"{one.kind.value.replace('_', ' ')} {one.account_key}"
    ),
    "terms": _told_by("The terms of customer {}", lambda one, names: _customer(one.customer_id, names)),
    "departed": _told_by("That customer {} was deleted", _customer),
    "refund_rules": _told_by("What priced the refunded charges of {}", lambda one, names: one.month),
    "books": _told_by("Price book {}", lambda one, names: repr(one.name)),
    "account_books": _told_by(
        "The price book of {}",
        lambda one, names: f"{one.account_key or 'all accounts'} of customer {_customer(one.customer_id, names)}",
    ),
    "billing_rules": _told_by("Billing rule {}", lambda one, names: f"{one.billing_rule_id} {one.rule.name!r}"),
    "manual_lines": _told_by("Manual line {}", lambda one, names: one.entry_number),
    "bill_input_tax": _told_if(lambda after: f"Microsoft's tax is {'' if after else 'not '}billed on now."),
    "home_currency": _told_if(lambda after: f"The home currency is {after} now."),
}
