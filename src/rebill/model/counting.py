"""How many there are of something, in words that agree with the number."""


def counted(number: int, one: str, many: str = "") -> str:
    """The number with the word for that many: ``1 line``, ``1,200 lines``.

    ``many``: where it is not ``one`` with an s, as of *entry*, or where a verb agrees too: *line is*, *lines are*.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
