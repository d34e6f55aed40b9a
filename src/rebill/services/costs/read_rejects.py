"""Look at the rows of a delivery that could not be read and were kept aside."""

from rebill.lake.cost_data_sets import kept_rejects
from rebill.lake.session import engine_session
from rebill.model.data_set import Reject
from rebill.model.errors import NotFound
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.store.data_sets import find_data_set
from rebill.store.scope import Scope


def list_rejects(installation: Installation, caller: Caller, data_set_id: int) -> tuple[Reject, ...]:
    """All rejects that were accepted with a data set, in force or replaced, by file and row.

    Raises ``NotFound`` for a data set that is not the caller's partner's.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        data_set = find_data_set(Scope.of(connection, caller), data_set_id)
    if data_set is None:
        raise NotFound("data_set_not_found", "There is no such data set; `rebill costs list` shows those in force.")
    with engine_session(installation.settings.engine_memory_limit) as engine:
        return kept_rejects(engine, installation.lake_folder, data_set)
