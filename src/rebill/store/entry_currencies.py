"""The currencies of manual lines, where no run has looked at them."""

from collections.abc import Callable, Iterable

from rebill.model.manual_line import ManualLine
from rebill.store.partners import settings_of
from rebill.store.scope import Scope
from rebill.store.terms import terms_recorded_for


def entry_currencies(scope: Scope, lines: Iterable[ManualLine]) -> Callable[[ManualLine], str]:
    """What finds the currency of each of ``lines``: its own, else its customer's home currency in its month."""
    of_partner = settings_of(scope).currency
    recorded = terms_recorded_for(scope, {line.entered.customer_id for line in lines if line.entered.currency is None})

    def found(line: ManualLine) -> str:
        if line.entered.currency is not None:
            return line.entered.currency
        return recorded(line.entered.customer_id, str(line.entered.month)).home_currency or of_partner

    return found
