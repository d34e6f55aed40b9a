"""How the nesting of elements becomes a book; alike for every way of writing it.

A reader of a format opens an element, gives it attributes, and closes it. Whatever is unknown or out of place
is a fault, told once; what stands inside it is passed over.
"""

from typing import Final

from rebill.model.price_book import GREATEST_RULE_COUNT, PriceBook, PriceRule, RuleGroup
from rebill.price_books.faults import Faults
from rebill.price_books.meaning import Meaning
from rebill.price_books.words import COMMENT, HINTS, ROOT, WORDS, Element

GREATEST_DEPTH: Final = 64
GREATEST_ELEMENT_COUNT: Final = 1_000_000


class BookBuilder:
    """Builds a book from elements as they are opened and closed. A rule's elements live only as long as it is read."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._open: list[Element] = []
        self._passed_over = 0
        self._element_count = 0
        self._rule_count = 0
        self._position: int | None = None
        self._rules: list[PriceRule] = []
        self._groups: list[RuleGroup] = []

    def open(self, name: str, line: int) -> None:
        """An element begins. Raises ``ReadingEnds`` beyond the bounds of a specification."""
        self._element_count += 1
        if len(self._open) + self._passed_over >= GREATEST_DEPTH or self._element_count > GREATEST_ELEMENT_COUNT:
            raise self.faults.end(line, self._position, "is nested deeper, or holds more, than a specification can be")
        if self._passed_over or not self._may_open(name, line):
            self._passed_over += 1
            return
        element = Element(name, line)
        if name == "BillingRule":
            self._begin_rule(line)
        self._open.append(element)

    def attribute(self, name: str, value: str, line: int) -> None:
        """The element that is open has this attribute."""
        if self._passed_over:
            return
        element = self._open[-1]
        word = WORDS[element.name]
        if name not in word.required and name not in word.optional:
            known = ", ".join((*word.required, *word.optional)) or "none"
            hint = HINTS.get((element.name, name), f"; it has: {known}")
            self.faults.add(line, self._position, f"{element.name} has no attribute {_shown(name)}{hint}")
        element.attributes[name], element.lines[name] = value, line
        if element.name == "BillingRule" and name == "name":
            self.faults.rule_names[self._rule_count] = value

    def fault(self, line: int, sentence: str) -> None:
        """What stands here, in the rule that is open if one is, cannot be understood; reading goes on."""
        self.faults.add(line, self._position, sentence)

    def text(self, text: str) -> None:
        """Text stands in the element that is open: a comment's own, a fault elsewhere."""
        if self._passed_over or not self._open or self._open[-1].name == COMMENT or not text.strip():
            return
        element = self._open[-1]
        if not element.holds_text:
            element.holds_text = True
            self.faults.add(element.line, self._position, f"text stands in {element.name}; only a {COMMENT} holds text")

    def close(self) -> None:
        """The element that was opened last ends."""
        if self._passed_over:
            self._passed_over -= 1
            return
        element = self._open[-1]
        meaning = Meaning(self.faults, self._position)
        for name in WORDS[element.name].required:
            if name not in element.attributes:
                self.faults.add(element.line, self._position, f"{element.name} needs the attribute {name}")
        self._finish(element, meaning)
        self._open.pop()
        if element.name == "BillingRule":
            self._position = None

    def book(self) -> PriceBook:
        """The book, when every element is closed. Raises ``Invalid`` with every fault that was found."""
        if not self._element_count and not self.faults.found:
            self.faults.add(1, None, f"is empty; a specification begins with {ROOT}")
        self.faults.refuse_if_any()
        return PriceBook(tuple(self._groups))

    def _may_open(self, name: str, line: int) -> bool:
        if name == COMMENT and self._open:
            return True
        allowed = WORDS[self._open[-1].name].children if self._open else (ROOT,)
        if name in allowed:
            return True
        place = self._open[-1].name if self._open else "a specification"
        known = f"it may hold {', '.join((*allowed, COMMENT))}" if allowed != (ROOT,) else f"it begins with {ROOT}"
        self.faults.add(line, self._position, f"{_shown(name)} has no place in {place}; {known}")
        return False

    def _begin_rule(self, line: int) -> None:
        self._rule_count += 1
        if self._rule_count > GREATEST_RULE_COUNT:
            raise self.faults.end(line, None, f"a price book has at most {GREATEST_RULE_COUNT:,} rules; make several")
        self._position = self._rule_count

    def _finish(self, element: Element, meaning: Meaning) -> None:
        if element.name == COMMENT:
            return
        if element.name == "BillingRule":
            rule = meaning.rule(element, self._rule_count)
            if rule is not None:
                self._rules.append(rule)
        elif element.name == "RuleGroup":
            group = meaning.group(element, tuple(self._rules))
            if group is not None:
                self._groups.append(group)
            self._rules = []
        elif element.name == ROOT:
            meaning.root(element)
        else:
            self._open[-2].children.append(element)


def _shown(name: str) -> str:
    return repr(name[:60])
