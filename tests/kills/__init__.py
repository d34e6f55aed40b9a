"""``kill -9`` at random moments of runs and closings, as often as one likes."""
