"""Specifications in YAML, for people who write by hand: the words of the XML, an element's attributes as its keys.

Read from the parser's events, as text: no value is guessed to be a number, a day or a truth, nothing is
constructed, and anchors, aliases and tags are refused. Shorter forms: a list repeats its element, a text stands for
the attribute that says most of an element, and ``percentDiscount: 10`` for a ``BasicBillingRule`` of that type.
"""

from collections.abc import Iterator
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from rebill.model.price_book import AdjustmentKind
from rebill.price_books.building import BookBuilder
from rebill.price_books.words import COMMENT, ROOT, WORDS

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STARTS: Final = (MappingStartEvent, SequenceStartEvent)
_ENDS: Final = (MappingEndEvent, SequenceEndEvent)


def read_yaml(text: bytes, builder: BookBuilder) -> None:
    """Hand the elements of ``text`` to ``builder``. What is no YAML is a fault that ends the reading."""
    try:
        _YamlReader(iter(yaml.parse(text, Loader=_LOADER)), builder).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        line = 1 if mark is None else mark.line + 1
        raise builder.faults.end(
            line, None, f"is no YAML from here on ({reason}); what follows was not read"
        ) from error


class _YamlReader:
    def __init__(self, events: Iterator[Any], builder: BookBuilder) -> None:
        self._events = events
        self._builder = builder

    def document(self) -> None:
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._end(event, "a second document begins; a specification is one")
            if isinstance(event, NodeEvent):
                self._plain(event)
                if not isinstance(event, MappingStartEvent):
                    raise self._end(event, f"a specification is a mapping of what {ROOT} holds: date, RuleGroup")
                self._mapping(ROOT, event)

    def _mapping(self, name: str, start: Any, kind: AdjustmentKind | None = None) -> None:
        """An element and all of its keys, to the mapping's end."""
        self._builder.open(name, _line(start))
        if kind is not None:
            self._builder.attribute("billingRuleType", kind.value, _line(start))
        seen: set[str] = set()
        while not isinstance(key := next(self._events), MappingEndEvent):
            self._plain(key)
            if not isinstance(key, ScalarEvent):
                raise self._end(key, "a key is a single word")
            if key.value in seen:
                self._fault(key, f"{key.value[:60]!r} stands twice in one {name}; a list holds several")
            seen.add(key.value)
            self._value(key)
        self._builder.close()

    def _value(self, key: ScalarEvent) -> None:
        word, event = key.value, self._next_node()
        kind = AdjustmentKind(word) if word in list(AdjustmentKind) else None
        if kind is not None:
            self._adjustment(kind, event)
        elif word[:1].isupper():
            self._elements(word, event)
        elif isinstance(event, ScalarEvent):
            self._builder.attribute(word, event.value, _line(key))
        else:
            self._fault(key, f"{word[:60]!r} is an attribute and has one value")
            self._skip(event)

    def _elements(self, name: str, event: Any) -> None:
        if isinstance(event, ScalarEvent):
            self._short(name, event)
        elif isinstance(event, MappingStartEvent):
            self._mapping(name, event)
        else:
            while not isinstance(item := next(self._events), SequenceEndEvent):
                self._plain(item)
                if isinstance(item, SequenceStartEvent):
                    self._fault(item, f"a list stands in the list of {name}")
                    self._skip(item)
                else:
                    self._elements(name, item)

    def _short(self, name: str, event: ScalarEvent) -> None:
        """An element written as one text."""
        line = _line(event)
        main = WORDS[name].main if name in WORDS else None
        self._builder.open(name, line)
        if main is not None:
            self._builder.attribute(main, event.value, line)
        elif name != COMMENT and name in WORDS:
            self._fault(event, f"{name} is written with its attributes as keys")
        self._builder.close()

    def _adjustment(self, kind: AdjustmentKind, event: Any) -> None:
        if isinstance(event, MappingStartEvent):
            self._mapping("BasicBillingRule", event, kind)
        elif isinstance(event, ScalarEvent):
            line = _line(event)
            self._builder.open("BasicBillingRule", line)
            self._builder.attribute("billingRuleType", kind.value, line)
            self._builder.attribute("billingAdjustment", event.value, line)
            self._builder.close()
        else:
            self._fault(event, f"{kind} has one value")
            self._skip(event)

    def _next_node(self) -> Any:
        event = next(self._events)
        self._plain(event)
        return event

    def _plain(self, event: Any) -> None:
        """Nothing may stand for something else, and nothing may be made into an object."""
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            raise self._end(event, "anchors (&) and aliases (*) are not read; put a word with an asterisk in quotes")
        if getattr(event, "tag", None) is not None:
            raise self._end(event, "tags (!) are not read; every value is text")

    def _skip(self, event: Any) -> None:
        depth = int(isinstance(event, _STARTS))
        while depth:
            following = self._next_node()
            depth += isinstance(following, _STARTS)
            depth -= isinstance(following, _ENDS)

    def _fault(self, event: Any, sentence: str) -> None:
        self._builder.fault(_line(event), sentence)

    def _end(self, event: Any, sentence: str) -> Exception:
        return self._builder.faults.end(_line(event), None, sentence)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
