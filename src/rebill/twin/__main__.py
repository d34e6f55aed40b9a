"""The twin by itself, to sync from by hand: ``python -m rebill.twin --help`` tells what can be said of its partner."""

import argparse
import datetime
import shlex
import signal
import sys
import threading
from decimal import Decimal

from rebill.model.months import BillingMonth
from rebill.twin.faults import Faults
from rebill.twin.server import SignInBy, running_twin
from rebill.twin.world import TwinWorld


def main() -> None:
    """Serve until Ctrl-C, having said which settings make an installation sync from here."""
    given = _parser().parse_args()
    world = TwinWorld(
        month=given.month,
        is_invoiced=not given.not_invoiced,
        currency=given.currency,
        exchange_rate=given.exchange_rate,
    )
    faults = Faults.all(given.seed, given.retry_after) if given.faults else Faults()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with running_twin(world, faults, given.port) as twin:
        for name, value in twin.environment_of(given.sign_in).items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.flush()
        stopped.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rebill.twin", description="A local twin of Microsoft.")
    parser.add_argument(
        "--faults", action="store_true", help="with every fault that Microsoft's services are known for"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="which request suffers which fault")
    parser.add_argument(
        "--retry-after", type=int, default=0, metavar="SECONDS", help="what who is throttled is told to wait"
    )
    parser.add_argument(
        "--sign-in",
        type=SignInBy,
        choices=list(SignInBy),
        default=SignInBy.CLIENT_SECRET,
        help="how the settings say to sign in",
    )
    parser.add_argument("--port", type=int, default=0, help="port; a free one by default")
    parser.add_argument(
        "--month",
        type=BillingMonth.parse,
        default=_last_month(),
        help="the month that is invoiced; by default the last",
    )
    parser.add_argument("--not-invoiced", action="store_true", help="its invoice has not come yet")
    parser.add_argument("--currency", default="USD", help="of the invoices; prices are in USD")
    parser.add_argument("--exchange-rate", type=Decimal, default=Decimal(1), help="of a dollar, in that currency")
    return parser


def _last_month() -> BillingMonth:
    """What a sync of today finds invoiced; the month that runs is not billed yet."""
    return BillingMonth.of(datetime.datetime.now(datetime.UTC).date()).preceding


if __name__ == "__main__":
    main()
