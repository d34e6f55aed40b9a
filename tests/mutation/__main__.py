"""``python -m tests.mutation``: put faults into rating, one at a time, and see which of them no test notices."""

import argparse
import json
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

from tests.mutation.harmless import is_harmless
from tests.mutation.killers import killers_of
from tests.mutation.mutant import PROJECT, RATING, Mutant, original
from tests.mutation.sql_mutants import sql_mutants
from tests.mutation.trial import Outcome, import_what_is_not_rebill, tried

_MUTMUT = PROJECT / ".venv" / "mutmut" / "bin" / "python"
_MAKER = Path(__file__).with_name("python_mutants.py")


def python_mutants(files: Sequence[str]) -> Iterator[Mutant]:
    """The mutants that mutmut makes of files of rating."""
    paths = [str(RATING / file) for file in files]
    made = subprocess.run([str(_MUTMUT), str(_MAKER), *paths], check=True, capture_output=True, text=True, cwd=PROJECT)
    for line in made.stdout.splitlines():
        yield Mutant("python", *json.loads(line))


def all_mutants(families: Sequence[str], files: Sequence[str]) -> list[Mutant]:
    """Every mutant of the files, each once."""
    found: list[Mutant] = []
    if "sql" in families:
        found += [mutant for file in files for mutant in sql_mutants(file, original(file))]
    if "python" in families:
        found += python_mutants(files)
    return sorted(set(found))


def sampled(mutants: Iterable[Mutant], seed: int, of_each_kind: int | None) -> list[Mutant]:
    """So many of each family and kind, by chance as ``seed`` says; all of them without a number."""
    kinds: dict[tuple[str, str], list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        kinds[mutant.family, mutant.kind].append(mutant)
    chance = random.Random(seed)
    chosen = []
    for _, found in sorted(kinds.items()):
        chosen += found if of_each_kind is None else chance.sample(found, min(of_each_kind, len(found)))
    return chosen


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def try_all(mutants: Sequence[Mutant]) -> list[Mutant]:
    """Try every mutant, tell what became of it, and answer those that should have been noticed."""
    survivors = []
    counted: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for number, mutant in enumerate(mutants, 1):
        source = original(mutant.file)
        begun = perf_counter()
        outcome = tried(mutant, killers_of(mutant.file))
        said = outcome.value
        if outcome is Outcome.SURVIVED:
            said = "harmless" if is_harmless(mutant, source) else "survived"
        counted[mutant.family, mutant.kind][said] += 1
        told = f"{mutant.family} {mutant.kind}  {mutant.file}:{mutant.line_number(source)}"
        before, after = mutant.lines(source)
        tell(f"{number}/{len(mutants)} {said:8} {perf_counter() - begun:5.0f} s  {told}")
        if said == "survived":
            survivors.append(mutant)
            tell(f"    - {before}\n    + {after}")
    for (family, kind), outcomes in sorted(counted.items()):
        tell(f"{family:7}{kind:18}" + ", ".join(f"{count} {said}" for said, count in sorted(outcomes.items())))
    return survivors


def main() -> int:
    """0 when every mutant that makes a difference was noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--family", choices=("python", "sql"), action="append", help="only those of mutmut, or of SQL")
    parser.add_argument("--file", action="append", help="only of this file of rating")
    parser.add_argument("--kind", action="append", help="only of this kind")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (1)")
    parser.add_argument("--sample", type=int, help="only so many of each kind, instead of all")
    parser.add_argument(
        "--unchecked", action="store_true", help="do not run the tests as it is first: they are known to pass"
    )
    given = parser.parse_args()
    files = given.file or sorted(path.name for path in RATING.glob("[a-z]*.py"))
    mutants = all_mutants(given.family or ("python", "sql"), files)
    mutants = [mutant for mutant in mutants if given.kind is None or mutant.kind in given.kind]
    chosen = sampled(mutants, given.seed, given.sample)
    import_what_is_not_rebill()
    tell(f"{len(chosen)} of {len(mutants)} mutants, seed {given.seed}")
    every_killer = dict.fromkeys(killer for mutant in chosen for killer in killers_of(mutant.file))
    if not given.unchecked and tried(None, tuple(every_killer)) is not Outcome.SURVIVED:
        tell("The tests fail as it is, so that they tell nothing of mutants: run tests/rating and tests/scenarios.")
        return 2
    survivors = try_all(chosen)
    tell(f"{len(survivors)} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())
