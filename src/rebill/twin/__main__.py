"""``python -m rebill.twin [--faults] [--port PORT]``: the twin by itself, to sync from by hand; Ctrl-C ends it."""

import argparse
import shlex
import signal
import sys
import threading

from rebill.twin.faults import Faults
from rebill.twin.server import running_twin


def main() -> None:
    """Serve until interrupted, having said which settings make an installation sync from here."""
    parser = argparse.ArgumentParser(prog="python -m rebill.twin", description="A local twin of Microsoft.")
    parser.add_argument(
        "--faults", action="store_true", help="with every fault that Microsoft's services are known for"
    )
    parser.add_argument("--port", type=int, default=0, help="port; a free one by default")
    given = parser.parse_args()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with running_twin(faults=Faults.all() if given.faults else Faults(), port=given.port) as twin:
        for name, value in twin.environment.items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.flush()
        stopped.wait()


if __name__ == "__main__":
    main()
