"""How fast the API answers, on SQLite and on a PostgreSQL that keeps what it stores.

``python -m benchmarks.api``; see ``README.md`` in ``benchmarks``. All traffic stays on this machine's loopback
address, every act is bounded in count and in time, and whatever was started is stopped at the end.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.api.acts import ACTS, Act
from benchmarks.api.application import FACTORY
from benchmarks.api.processor import processor_milliseconds
from benchmarks.api.report import Report, StoreReport
from benchmarks.api.traffic import Measured, Trouble, send, wrk_program
from benchmarks.api.world import STORES, Sizes, World, engine_version, filled_world
from tests.api.server import Servers

_FOLDER: Final = Path("build/bench-api")
_WARMING_CALLS: Final = 20

Say = Callable[[str], None]


def measured_store(
    store: str, folder: Path, sizes: Sizes, repetitions: int, names: Collection[str], say: Say
) -> StoreReport:
    """Fill a record, start servers on it, and measure the acts in turn, ``repetitions`` times over."""
    say(f"{store}: filling the record")
    found: dict[str, list[Measured]] = defaultdict(list)
    with filled_world(store, folder, sizes) as world:
        # A connection without a request left waits for the others' answers: the server must not close it meanwhile.
        patience = sizes.greatest_seconds
        servers = Servers(world.installation.settings, folder / f"{store}.log", FACTORY, patience)
        try:
            servers.start(sizes.processes)
            _warm_up(servers, world, names)
            for repetition in range(1, repetitions + 1):
                for name in names:
                    say(f"{store}: {ACTS[name].title}, {repetition} of {repetitions}")
                    found[name].append(_measured(servers, world, ACTS[name]))
        finally:
            servers.close()
        return StoreReport(store, engine_version(world), dict(found))


def _measured(servers: Servers, world: World, act: Act) -> Measured:
    """Carry out an act, see that everything it asked for was stored, and clear it away."""
    requests = act.requests(world)
    sizes = world.sizes
    processes = servers.process_ids, world.database_processes()
    before = [processor_milliseconds(some) for some in processes]
    connections = 1 if act.is_lone else sizes.connections
    measured = send(servers.address, world.key, requests, connections, sizes.greatest_seconds)
    server, database = (
        (processor_milliseconds(some) - taken) / len(requests) for some, taken in zip(processes, before, strict=True)
    )
    asked = sum(one.assigns for one in requests)
    if asked:
        stored = world.grown()
        if stored != asked:
            raise Trouble(f"{act.title}: {asked} accounts were assigned, {stored} are stored")
        world.clear()
    return replace(measured, server=server, database=database)


def _warm_up(servers: Servers, world: World, names: Collection[str]) -> None:
    """Let the server meet every statement once before any is measured."""
    sizes = world.sizes
    little = replace(
        sizes,
        calls=min(sizes.calls, sizes.connections * _WARMING_CALLS),
        thousands=1,
        ten_thousands=1,
        lone_calls=1,
        lone_ten_thousands=1,
    )
    few = replace(world, sizes=little)
    for name in names:
        _measured(servers, few, ACTS[name])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api", description=__doc__)
    parser.add_argument("--store", choices=STORES, action="append", help="only this one; may be given several times")
    parser.add_argument("--act", choices=tuple(ACTS), action="append", help="only this one; may be given several times")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--connections", type=int, default=Sizes.connections)
    parser.add_argument("--processes", type=int, default=Sizes.processes, help="server processes")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--calls", type=int, default=Sizes.calls, help="small calls of one act")
    asked = parser.parse_args(arguments)
    sizes = Sizes(connections=asked.connections, calls=asked.calls, processes=asked.processes)
    wrk_program()

    def say(text: str) -> None:
        sys.stderr.write(text + "\n")

    _FOLDER.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=_FOLDER.absolute()))
    try:
        names = [name for name in ACTS if not asked.act or name in asked.act]
        stores = [
            measured_store(store, folder, sizes, asked.repetitions, names, say) for store in asked.store or STORES
        ]
    finally:
        shutil.rmtree(folder)
    report = Report(sizes, asked.repetitions, stores)
    sys.stdout.write(json.dumps(report.document(), indent=1) + "\n" if asked.json else report.text())
