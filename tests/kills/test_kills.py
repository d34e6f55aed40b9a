"""A short campaign on each store, so that the long one (``make kills``) is known to find its way."""

import subprocess
import sys


def test_acts_that_are_killed_leave_all_or_nothing_and_the_next_completes(migrated_url: str) -> None:
    command = [sys.executable, "-m", "tests.kills", "--times", "1", "--seed", "20240917", "--url", migrated_url]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert " kills\n" in told.stdout
