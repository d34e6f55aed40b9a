"""The vocabulary of partner billing: standard library only, no file, clock, network or random number."""
