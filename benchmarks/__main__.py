"""``make bench``."""

from benchmarks.bill_run import main

main()
