"""What data sets hold, as rating takes it: their files, their lines and their sums."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from rebill.lake.cost_data_sets import line_key_paths, part_paths
from rebill.lake.session import engine_session
from rebill.model.data_set import DataSet
from rebill.model.errors import ProgramError
from rebill.model.money import ZERO
from rebill.services.acting.installation import Installation
from rebill.services.runs.rate_month import ImportedCost


def imported_cost(installation: Installation, data_sets: Sequence[DataSet]) -> ImportedCost:
    """The cost lines of these data sets. Raises ``ProgramError`` when a source file stands in two of them."""
    files = [file.sha256 for data_set in data_sets for file in data_set.files if file.rows]
    if len(set(files)) != len(files):
        raise ProgramError(
            "source_row_twice",
            "The run was refused: a source file stands in two data sets of the month, so its rows would be billed "
            "twice. Please report this with the list of `rebill costs list`.",
        )
    with engine_session(installation.settings.engine_memory_limit) as connection:
        parts = part_paths(connection, installation.lake_folder, data_sets)
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for data_set in data_sets:
        for found in data_set.sums:
            sums[found.currency] += found.partner_cost
    return ImportedCost(
        parts,
        sum(data_set.rated_rows for data_set in data_sets),
        dict(sums),
        line_key_paths(installation.lake_folder, data_sets),
    )
