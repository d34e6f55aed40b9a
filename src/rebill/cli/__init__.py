"""The command line: every command is documented in ``docs/cli.md``."""


def main() -> None:
    """The ``rebill`` command. Ends the process: 0 done, 1 the business says no, 2 wrong usage."""
    from rebill.cli.application import run

    run()
