"""Compute a month aside: from inputs that somebody holds, in a place of its own, without storing anything."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rebill.engines.engine import Engine
from rebill.engines.opening import open_engine
from rebill.lake.places import PLACES, Work, take_place
from rebill.lake.runs import SCRATCH
from rebill.model.data_set import DataSet
from rebill.model.engine_name import EngineName
from rebill.model.errors import TooMany
from rebill.model.party import Caller
from rebill.model.rating import RatedMonth, RatingInputs
from rebill.services.acting.installation import Installation
from rebill.services.runs.imported_cost import imported_cost
from rebill.services.runs.rate_month import rate_month

_WAIT_SECONDS: Final = 5
Watch = Callable[[Engine], None]
"""Told each engine before it computes, for whoever may have to interrupt it."""


@contextmanager
def place_of_proof(installation: Installation, caller: Caller) -> Iterator[Path]:
    """An empty folder to compute in, gone afterwards. Raises ``TooMany`` while all the partner's places are taken."""
    place = take_place(installation.lake_folder, caller.partner_id, Work.PROOF)
    if place is None:
        sentence = f"{PLACES} months are recomputed for this partner already: try again when one has ended."
        raise TooMany("proofs_running", sentence, _WAIT_SECONDS)
    try:
        yield place.folder
    finally:
        place.leave()


def recomputed(
    installation: Installation,
    inputs: RatingInputs,
    data_sets: Sequence[DataSet],
    folder: Path,
    watch: Watch | None = None,
    engine_name: EngineName | None = None,
) -> RatedMonth:
    """The month that ``inputs`` give on these data sets; ``folder`` is made, and holds its rated lines afterwards.

    ``engine_name``: where it is computed, if not where the settings say. Raises ``ProgramError`` as a run does.
    """
    (folder / SCRATCH).mkdir(parents=True)
    chosen = engine_name or installation.settings.engine
    with open_engine(chosen, folder / SCRATCH, installation.settings) as engine:
        if watch is not None:
            watch(engine)
        return rate_month(engine, inputs, imported_cost(installation, data_sets), folder)
