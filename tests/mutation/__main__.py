"""``python -m tests.mutation``: put faults into rating, one at a time, and see which of them no test notices."""

import argparse
import json
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from tests.mutation.corpus import Month, kept_months
from tests.mutation.harmless import is_harmless
from tests.mutation.killers import killers_of, months_tell_of, plain_tests_of
from tests.mutation.mutant import PROJECT, RATING, Mutant, original
from tests.mutation.record import KEPT, Record, digest_of
from tests.mutation.sql_mutants import sql_mutants
from tests.mutation.trial import Outcome, Trial, Verdict, import_what_is_not_rating, tried

_MUTMUT = PROJECT / ".venv" / "mutmut" / "bin" / "python"
_QUICK_MONTHS = 5
_MAKER = Path(__file__).with_name("python_mutants.py")


def python_mutants(files: Sequence[str]) -> Iterator[Mutant]:
    """The mutants that mutmut makes of files of rating; it takes long, so that those of a file are kept."""
    kept = {file: KEPT / f"{file}-{digest_of(RATING / file, _MAKER)}.jsonl" for file in files}
    KEPT.mkdir(parents=True, exist_ok=True)
    for file, told in kept.items():
        if not told.exists():
            made = subprocess.run([str(_MUTMUT), str(_MAKER), str(RATING / file)], check=True, capture_output=True)
            for older in KEPT.glob(f"{file}-*"):
                older.unlink()
            told.write_bytes(made.stdout)
        for line in told.read_text(encoding="utf-8").splitlines():
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
    """So many of each family and kind, by chance as ``seed`` says, or all of them without a number.

    They come in an order by chance too, so that as many as were tried when one stops are a fair sample.
    """
    kinds: dict[tuple[str, str], list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        kinds[mutant.family, mutant.kind].append(mutant)
    chance = random.Random(seed)
    chosen = []
    for _, found in sorted(kinds.items()):
        chosen += found if of_each_kind is None else chance.sample(found, min(of_each_kind, len(found)))
    chance.shuffle(chosen)
    return chosen


class Trials:
    """Mutants tried one after the other; the months that noticed one last are rated first for the next."""

    def __init__(self, months: Sequence[Month], at_length: bool = False, quick: bool = False) -> None:
        self._months = list(enumerate(months))
        self._at_length = at_length
        self.quick = quick

    def runs_tests_of(self, file: str) -> bool:
        """Whether tests are run beside the months."""
        return not (self.quick and months_tell_of(file))

    def of(self, mutant: Mutant) -> Verdict:
        """What becomes of a mutant."""
        by_months = months_tell_of(mutant.file)
        killers = killers_of(mutant.file, self._at_length) if self.runs_tests_of(mutant.file) else ()
        most_rated = _QUICK_MONTHS if self.quick else None
        months = self._months if by_months else []
        verdict = tried(mutant, Trial(months, killers, most_rated, plain_tests_of(mutant.file)))
        if verdict.noticed_by is not None:
            self._months.sort(key=lambda month: month[0] != verdict.noticed_by)
        return verdict

    def of_nothing(self, files: Iterable[str]) -> Verdict:
        """What becomes of rebill as it is."""
        if self.quick:
            return tried(None, Trial(self._months, ()))
        every = dict.fromkeys(killer for file in files for killer in killers_of(file, self._at_length))
        return tried(None, Trial(self._months, tuple(every)))


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def try_all(mutants: Sequence[Mutant], numbers: Collection[int], trials: Trials, again: bool = False) -> list[Mutant]:
    """Try the mutants of these numbers and tell what became of each; those that should have been noticed.

    What was noticed before is not tried ``again`` unless that is asked, and what survived only at length.
    """
    survivors = []
    record = Record()
    counted: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for number, mutant in enumerate(mutants, 1):
        if number not in numbers:
            continue
        source = original(mutant.file)
        seconds = 0.0
        known = record.outcome(mutant, source)
        if is_harmless(mutant, source):
            said = "harmless"
        elif known is not None and not again and (trials.quick or known != Outcome.SURVIVED.value):
            said = known
        else:
            verdict = trials.of(mutant)
            said, seconds = verdict.outcome.value, verdict.seconds
            by = "tests" if verdict.noticed_by is None and trials.runs_tests_of(mutant.file) else "months"
            record.add(mutant, source, said, by, verdict.seconds)
        counted[mutant.family, mutant.kind][said] += 1
        told = f"{mutant.family} {mutant.kind}  {mutant.file}:{mutant.line_number(source)}"
        tell(f"{number}/{len(mutants)} {said:8} {seconds:5.1f} s  {told}")
        if said == Outcome.SURVIVED.value:
            survivors.append(mutant)
            before, after = mutant.lines(source)
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
    parser.add_argument("--first", type=int, default=1, help="begin with this one of them: those before were tried (1)")
    parser.add_argument("--number", type=int, action="append", help="only this one of them, as it was told before")
    parser.add_argument("--quick", action="store_true", help="by a few kept months alone, where those tell of a file")
    parser.add_argument("--at-length", action="store_true", help="with random months beside the kept ones: slow")
    parser.add_argument(
        "--unchecked", action="store_true", help="do not run the tests as it is first: they are known to pass"
    )
    parser.add_argument("--again", action="store_true", help="try what the record in build/mutation knows, too")
    given = parser.parse_args()
    files = given.file or sorted(path.name for path in RATING.glob("[a-z]*.py"))
    mutants = all_mutants(given.family or ("python", "sql"), files)
    mutants = [mutant for mutant in mutants if given.kind is None or mutant.kind in given.kind]
    chosen = sampled(mutants, given.seed, given.sample)
    return _tried(chosen, len(mutants), given)


def _tried(chosen: Sequence[Mutant], of_count: int, given: argparse.Namespace) -> int:
    """Try the chosen ones of so many mutants; 0 when every one that makes a difference was noticed."""
    trials = Trials(kept_months(), given.at_length, given.quick)
    import_what_is_not_rating()
    tell(f"{len(chosen)} of {of_count} mutants, seed {given.seed}")
    files_chosen = dict.fromkeys(mutant.file for mutant in chosen)
    if not given.unchecked and trials.of_nothing(files_chosen).outcome is not Outcome.SURVIVED:
        tell("The tests fail as it is, so that they tell nothing of mutants: run tests/rating and tests/scenarios.")
        return 2
    survivors = try_all(chosen, given.number or range(given.first, len(chosen) + 1), trials, given.again)
    tell(f"{len(survivors)} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())
