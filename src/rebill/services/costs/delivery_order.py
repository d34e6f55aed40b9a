"""Which delivery of a name is the newer one, and what a newer one may take the place of.

Sources say how new a delivery is (``DeliveryOrigin.version``); of files that somebody hands over nobody knows, so they
are always taken for the newest. An older delivery that comes late is kept in the lake and never in force.
"""

from collections.abc import Sequence
from dataclasses import replace

from rebill.model.data_set import LAWFUL_PAIR, SOURCE_KIND_FILE, DataSet, FileFault
from rebill.model.delivery import DeliveryOrigin
from rebill.model.errors import Conflict, Invalid


def source_kind_of(in_force: Sequence[DataSet], scope: str | None, origin: DeliveryOrigin | None) -> str:
    """The source kind of a delivery's data sets: its source's, unless the caller gave it another ``scope``.

    A scope of the caller's own is that of what bears it already, or of files: so what came by one way can be replaced
    by the other.
    """
    if scope is None:
        return origin.source_kind if origin else SOURCE_KIND_FILE
    kinds = {data_set.source_kind for data_set in in_force if data_set.scope == scope}
    return SOURCE_KIND_FILE if SOURCE_KIND_FILE in kinds or not kinds else min(kinds)


def is_older(version: str | None, other: DataSet) -> bool:
    """Whether a delivery of this ``version`` is older than ``other``, a data set of its name."""
    return version is not None and other.source_version is not None and version < other.source_version


def delivered_before(
    recorded: Sequence[DataSet], in_force: Sequence[DataSet], version: str | None
) -> tuple[DataSet, ...]:
    """The data sets of a delivery that was ``recorded`` before, if bringing it again would change nothing; else none.

    That is so when for each of its months the same bytes are in force, or those of a newer delivery.
    """
    standing = {data_set.name: data_set for data_set in in_force}
    known: list[DataSet] = []
    for data_set in {found.name: found for found in recorded}.values():
        now = standing.get(data_set.name)
        if now is None:
            return ()
        if now.delivery_sha256 == data_set.delivery_sha256:
            known.append(replace(now, already_imported=True))
        elif is_older(version, now):
            known.append(replace(data_set, already_imported=True, superseded=True))
        else:
            return ()
    return tuple(known)


def ended_in_favour(in_force: Sequence[DataSet], scope: str | None, added: Sequence[DataSet]) -> list[DataSet]:
    """What is in force of a ``scope`` whose place ``added`` takes by somebody's word, in their months.

    Of a scope that has usage and an invoice only the one of them ends that ``added`` is: the other is no part of it.
    Raises ``Invalid`` where there is none. ``None``: nobody said so.
    """
    if scope is None:
        return []
    views, months = {data_set.view for data_set in added}, {data_set.billing_month for data_set in added}
    found = [
        one
        for one in in_force
        if one.scope == scope and one.billing_month in months and {one.view, *views} != LAWFUL_PAIR
    ]
    if not found:
        raise Invalid(
            FileFault.INVALID_SCOPE,
            f"--in-place-of: no cost of scope {scope!r} is in force in the months of this delivery; "
            "rebill costs list shows what is.",
        )
    return found


def refuse_narrower(added: Sequence[DataSet], replaced: Sequence[DataSet]) -> None:
    """Raise ``Conflict`` where a data set would be replaced by one that is not of all its days.

    Exports of single days or weeks, or of another month with a late line of this one, must not take a month away.
    """
    by_name = {data_set.name: data_set for data_set in replaced}
    for data_set in added:
        old = by_name.get(data_set.name)
        if old is None or old.covered is None or data_set.covered is None:
            continue
        if not data_set.covered.hold_of_month(old.covered, data_set.billing_month):
            raise Conflict(
                FileFault.NARROWER_DELIVERY,
                f"This delivery of {data_set.scope} is of {data_set.covered}, but data set {old.data_set_id} of "
                f"{old.billing_month}, which it would replace, is of {old.covered}: what lies outside would be lost. "
                "Export the month to date, or import this one with a --scope of its own beside it.",
            )
