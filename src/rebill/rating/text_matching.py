"""Which patterns a text is like, for very many patterns and texts: each text is looked at once, not once a pattern."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from rebill.model.price_book import PatternKind, TextPattern

ExpressionMatcher = Callable[[Sequence[str], Sequence[str]], Iterable[Collection[int]]]
"""(regular expressions, texts) → for each text the numbers of the expressions that match all of it."""


class PatternIndex:
    """Patterns by their words, so that a text finds those it is like by its own beginnings, endings and parts."""

    def __init__(self, patterns: Iterable[TextPattern]) -> None:
        self._words: dict[PatternKind, dict[str, TextPattern]] = defaultdict(dict)
        for pattern in patterns:
            self._words[pattern.kind][pattern.text] = pattern
        self._lengths = {kind: sorted({len(word) for word in words}) for kind, words in self._words.items()}

    def matched(self, texts: Sequence[str], match_expressions: ExpressionMatcher) -> list[set[TextPattern]]:
        """For each text the patterns that it is like."""
        found = [set(self._matched(text)) for text in texts]
        expressions = self._words.get(PatternKind.REGULAR_EXPRESSION)
        if expressions:
            patterns = list(expressions.values())
            numbers = match_expressions([pattern.text for pattern in patterns], texts)
            for patterns_of_text, matching in zip(found, numbers, strict=True):
                patterns_of_text.update(patterns[number] for number in matching)
        return found

    def _matched(self, text: str) -> Iterator[TextPattern]:
        exact = self._words.get(PatternKind.EXACT, {})
        if text in exact:
            yield exact[text]
        for kind, parts in (
            (PatternKind.STARTS_WITH, lambda length: (text[:length],)),
            (PatternKind.ENDS_WITH, lambda length: (text[-length:],)),
        ):
            yield from self._among(kind, text, parts)
        contained = self._words.get(PatternKind.CONTAINS, {})
        if len(contained) < len(text):
            yield from (pattern for word, pattern in contained.items() if word in text)
        else:
            yield from self._among(
                PatternKind.CONTAINS,
                text,
                lambda length: {text[start : start + length] for start in range(len(text) - length + 1)},
            )

    def _among(self, kind: PatternKind, text: str, parts: Callable[[int], Iterable[str]]) -> Iterator[TextPattern]:
        words = self._words.get(kind, {})
        for length in self._lengths.get(kind, ()):
            if length > len(text):
                break
            yield from (words[part] for part in parts(length) if part in words)
