"""Look at manual lines."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal

from rebill.model.errors import NotFound
from rebill.model.listing import Listing, Page
from rebill.model.manual_line import ManualCost, ManualLine
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.read_customers import place_after
from rebill.store.entry_currencies import entry_currencies
from rebill.store.manual_lines import entries_with_cost, find_manual_line, manual_line_page
from rebill.store.scope import Scope


def get_manual_line(
    installation: Installation, caller: Caller, manual_line_id: int, customer_id: int | None = None
) -> ManualLine:
    """One entry, withdrawn or not. Raises ``NotFound`` also for one that is not ``customer_id``'s."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        line = find_manual_line(Scope.of(connection, caller), manual_line_id)
    if line is None or customer_id not in (None, line.entered.customer_id):
        raise unknown_manual_line(manual_line_id)
    return line


def list_manual_lines(
    installation: Installation,
    caller: Caller,
    page: Page,
    customer_id: int | None = None,
    month: BillingMonth | None = None,
) -> Listing[ManualLine]:
    """The entries, withdrawn ones too, by their numbers; of one customer or month where that is given."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)

        def place_of(after_id: int) -> tuple[int] | None:
            line = find_manual_line(scope, after_id)
            return None if line is None else (line.entry_number,)

        return manual_line_page(scope, page, customer_id, month, place_after(page, place_of))


def list_manual_costs(installation: Installation, caller: Caller) -> list[ManualCost]:
    """What entries in force cost, by month and currency: the data sets ``manual`` of the balances."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        lines = [line for line in entries_with_cost(scope) if line.cost]
        currency_of = entry_currencies(scope, lines)
    found: dict[BillingMonth, list[ManualLine]] = defaultdict(list)
    for line in lines:
        found[line.entered.month].append(line)
    return [ManualCost(month, len(entries), _sums(entries, currency_of)) for month, entries in sorted(found.items())]


def _sums(lines: Iterable[ManualLine], currency_of: Callable[[ManualLine], str]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        sums[currency_of(line)] += line.cost
    return dict(sorted(sums.items()))


def unknown_manual_line(manual_line_id: int) -> NotFound:
    """What to say of an entry that this caller does not have in force."""
    return NotFound(
        "manual_line_not_found", f"There is no manual line {manual_line_id} in force: list them to find its id."
    )
