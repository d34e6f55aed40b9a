"""The life of a bill: run, look through, approve, number, finalize, correct, void."""
