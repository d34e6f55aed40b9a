"""A run of a month as it is asked for, and how far it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from rebill.model.engine_name import EngineName
from rebill.model.months import BillingMonth

RUN_RUNNING: Final = "run_running"
"""Why no run begins: another one of its month works. Stable."""


@dataclass(frozen=True)
class RunOrder:
    """A month to run; ``customer_id``: only this customer's statements; ``engine``: if not the one of the settings."""

    month: BillingMonth
    customer_id: int | None = None
    engine: EngineName | None = None


class RunStatus(StrEnum):
    """How far a run is; stable."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """Its process ended before it did; nothing of it was stored."""


@dataclass(frozen=True)
class RunOutcome:
    """What a run that balanced says of itself: ``balance`` as texts by currency, lines that need attention by kind.

    ``open_attention``: those that nobody had accepted when it ran. ``statement_count``: of the statements that it drew
    up and that still stand as it drew them up. ``notices``: sentences on fixed rates that do not price what their rules
    are for.
    """

    balance: Sequence[Mapping[str, str]]
    attention: Mapping[str, int]
    open_attention: Mapping[str, int]
    statement_count: int
    notices: Sequence[str] = ()


@dataclass(frozen=True)
class RunRecord:
    """A run of a month. ``started_at`` is known of those that were started over the API or from a page.

    ``fault_code`` and ``fault``: why it failed, both ``""`` where it did not. ``outcome``: once it is done.
    """

    run_id: int
    month: BillingMonth
    customer_id: int | None
    engine: str
    status: RunStatus
    started_at: datetime | None
    ended_at: datetime | None
    fault_code: str = ""
    fault: str = ""
    outcome: RunOutcome | None = None
