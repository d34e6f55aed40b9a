"""Why no revision is ever undone."""


class NoWayBack(RuntimeError):
    """Raised by a revision that is told to undo itself.

    An older schema has no place for what was stored since, and a step back would drop bills, keys or the audit trail
    without a word. Who must go back installs the older version and restores a backup taken with it (docs/backup.md).
    """

    def __init__(self) -> None:
        super().__init__("A schema never goes back: install the older version, and restore a backup taken with it.")
