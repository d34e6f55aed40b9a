"""``python -m tests.properties``: the property tests with examples drawn at random, many times over, on both stores.

``make test`` draws the same examples each time, so that what fails is what was changed. Here every round has a seed of
its own, which is told first: ``--times 1 --seed THAT`` draws its examples again. The first round that fails ends it.
"""

import argparse
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, settings

from tests.postgresql_server import URL_VARIABLE, running_server

SAME_EACH_TIME: Final = "same-each-time"
AT_RANDOM: Final = "at-random"
_TESTS: Final = Path(__file__).parent
_DRAWS_EXAMPLES: Final = re.compile(r"^from hypothesis import .*\bgiven\b", re.MULTILINE)
_USUAL_TIMES: Final = 10


def register_profiles() -> None:
    """Make both ways of drawing known; examples are the same each time unless ``--hypothesis-profile`` says else."""
    # How long an example takes says more of the machine, and of what else runs there, than of what is tested.
    patient = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile(SAME_EACH_TIME, patient, derandomize=True)
    settings.register_profile(AT_RANDOM, patient, derandomize=False)
    settings.load_profile(SAME_EACH_TIME)


def files_with_properties() -> list[Path]:
    """The files of tests that draw examples."""
    return [file for file in sorted(_TESTS.rglob("test_*.py")) if _DRAWS_EXAMPLES.search(file.read_text())]


def tried(seed: int, url: str) -> int:
    """Draw every property's examples once, with one seed; what pytest answers with."""
    drawn = ("-m", "hypothesis", f"--hypothesis-profile={AT_RANDOM}", f"--hypothesis-seed={seed}")
    command = (sys.executable, "-m", "pytest", "-q", "-n", "auto", *drawn, *map(str, files_with_properties()))
    return subprocess.run(command, env={**os.environ, URL_VARIABLE: url}, check=False).returncode


def main() -> int:
    """0 when no round failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.properties", description=__doc__)
    parser.add_argument("--times", type=int, default=_USUAL_TIMES, help=f"rounds of another seed each ({_USUAL_TIMES})")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="of the first round (any)")
    given = parser.parse_args()
    with running_server() as server:
        for seed in range(given.seed, given.seed + given.times):
            sys.stdout.write(f"seed {seed}\n")
            sys.stdout.flush()
            code = tried(seed, server.url)
            if code:
                return code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
