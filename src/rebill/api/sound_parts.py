"""What of a faulty body can be checked all the same: everything but the parts that cannot be read."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

Place = tuple[int | str, ...]


def element_of(place: Sequence[int | str], lists: Container[object]) -> Place:
    """The element of one of ``lists``, fields of the whole, that ``place`` is, or lies in; ``()`` where it is none."""
    return tuple(place[:2]) if len(place) > 1 and place[0] in lists and isinstance(place[1], int) else ()


def left_out(value: Mapping[str, Any], faulty: Iterable[Sequence[int | str]]) -> set[Place]:
    """The fields that must go so that no faulty place is left, as deep as they can be.

    An element of a list takes the whole list with it: the others keep their places.
    """
    found = {_field_of(value, place) for place in faulty}
    return {place for place in found if place}


def without(value: Any, places: Iterable[Place]) -> Any:
    """A copy of ``value`` without these fields."""
    inner: dict[int | str, list[Place]] = {}
    for place in places:
        inner.setdefault(place[0], []).append(place[1:])
    if isinstance(value, list):
        return [without(part, inner[at]) if at in inner else part for at, part in enumerate(value)]
    kept = {name: part for name, part in value.items() if () not in inner.get(name, [])}
    return {name: without(part, inner[name]) if name in inner else part for name, part in kept.items()}


def put(value: Any, path: Sequence[int | str], part: object) -> None:
    """Put ``part`` at a place of ``value``, where all around it stands."""
    for name in path[:-1]:
        value = value[name]
    value[path[-1]] = part


def _field_of(value: Any, place: Sequence[int | str]) -> Place:
    """The deepest field of an object that ``place`` is, or lies in; ``()`` where it is in none."""
    field: Place = ()
    for depth, part in enumerate(place):
        if isinstance(value, dict) and part in value:
            field, value = tuple(place[: depth + 1]), value[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            # It is missing from an object, which is nothing to take away; or it is in what is neither.
            return () if isinstance(value, dict) else field
    return field
