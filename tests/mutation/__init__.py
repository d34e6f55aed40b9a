"""Faults put into rating one at a time: a mutant that no test notices shows what is not tested."""
