"""What a form showed when it was opened: who sends it overwrites nothing that somebody else changed since."""

from collections.abc import Mapping
from dataclasses import dataclass

from rebill.console.showing import words
from rebill.console.visit import Fields, Visit
from rebill.model.errors import ChangedMeanwhile, Refusal
from rebill.services.acting.as_shown import mark_of

_FIELD = "as_shown"
_GREATEST_SHOWN = 200


@dataclass(frozen=True)
class Shown:
    """Of a form for something that stands already: the mark that it bears, and what its page says of its fields."""

    mark: str
    faults: Mapping[str, str]
    status: int


def mark_seen(visit: Visit) -> str:
    """The mark that the form was sent with, ``""`` where it bears none."""
    return visit.form.text(_FIELD)


def shown(visit: Visit, record: object, standing: Mapping[str, str | bool], refusal: Refusal | None) -> Shown:
    """How the form for ``record`` is shown, of which ``standing`` is what its fields and boxes say by now.

    A form that was refused because of a fault keeps the mark of what its sender saw. One that was refused because of
    somebody else's change tells the change, field by field, and bears the mark of that.
    """
    if isinstance(refusal, ChangedMeanwhile):
        return Shown(mark_of(record), _by_now(visit.form, standing), 409)
    mark = mark_seen(visit) or mark_of(record)
    return Shown(mark, {}, 200) if refusal is None else Shown(mark, refusal.fields, 422)


def _by_now(form: Fields, standing: Mapping[str, str | bool]) -> dict[str, str]:
    return {name: f"is by now: {_shortly(value)}" for name, value in standing.items() if not _says(form, name, value)}


def _says(form: Fields, name: str, value: str | bool) -> bool:
    """Whether a form says of a field what stands; of a field that it has not it says nothing else."""
    if isinstance(value, bool):
        return form.has(name) is value
    return name not in form.values or form.text(name).split() == value.split()


def _shortly(value: str | bool) -> str:
    if isinstance(value, bool):
        return "ticked" if value else "not ticked"
    if not value:
        return "empty"
    return words(value) if len(value) <= _GREATEST_SHOWN else f"{value[:_GREATEST_SHOWN]}…"
