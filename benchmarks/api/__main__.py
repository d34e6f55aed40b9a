"""``make bench-api``."""

from benchmarks.api.measuring import main

main()
