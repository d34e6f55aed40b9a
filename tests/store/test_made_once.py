"""What is made of many values is made once for as long as they are the same, and never shown for others."""

from rebill.store.made_once import MadeOnce


def test_only_a_source_that_is_unlike_those_before_is_made_anew() -> None:
    asked: list[tuple[int, ...]] = []

    def summed(source: tuple[int, ...]) -> int:
        asked.append(source)
        return sum(source)

    made = MadeOnce(summed)
    assert [made.of(source) for source in ((1, 2), (1, 2), (1, 3), (1, 2), (2, 1))] == [3, 3, 4, 3, 3]
    assert asked == [(1, 2), (1, 3), (2, 1)]


def test_what_was_made_long_ago_is_forgotten() -> None:
    made = MadeOnce[int, list[int]](lambda source: [source])
    first = made.of(1)
    assert made.of(1) is first
    for source in range(2, 6):
        made.of(source)
    assert made.of(1) == first
    assert made.of(1) is not first
