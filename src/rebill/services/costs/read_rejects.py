"""Look at the rows of a delivery that could not be read and were kept aside."""

from rebill.lake.cost_data_sets import kept_rejects, read_rejects
from rebill.lake.refused_deliveries import refused_files
from rebill.lake.session import engine_session
from rebill.model.data_set import Reject
from rebill.model.errors import NotFound
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.costs.read_data_sets import get_data_set


def list_rejects(
    installation: Installation, caller: Caller, data_set_id: int, greatest_count: int | None = None
) -> tuple[Reject, ...]:
    """The rejects that were accepted with a data set, in force or replaced, by file and row: the first, or all.

    Raises ``Forbidden``, and ``NotFound`` for a data set that is not the caller's partner's.
    """
    data_set = get_data_set(installation, caller, data_set_id)
    with engine_session(installation.settings.engine_memory_limit) as engine:
        return kept_rejects(engine, installation.lake_folder, data_set, greatest_count)


def list_refused_rejects(installation: Installation, caller: Caller, number: int) -> tuple[Reject, ...]:
    """The rows for which a delivery was refused, by the number that its refusal told (``RejectedDelivery.kept_as``).

    Raises ``Forbidden``, and ``NotFound`` where they are not the caller's partner's, or are kept no more.
    """
    require(caller, Permission.CHANGE)
    files = refused_files(installation.settings.lake_folder, caller.partner_id, number)
    if not files:
        raise NotFound(
            "rejects_not_kept", "The rows of this refused file are kept no more: take it in again to see them."
        )
    with engine_session(installation.settings.engine_memory_limit) as engine:
        return read_rejects(engine, files)
