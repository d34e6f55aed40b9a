"""Faults that pass, and so are worth another try."""


class Passing(Exception):
    """A fault that may be gone when the call is made again. ``wait_seconds``: what the service asks for, if it does."""

    def __init__(self, sentence: str, wait_seconds: float | None = None) -> None:
        super().__init__(sentence)
        self.wait_seconds = wait_seconds
