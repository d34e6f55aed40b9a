"""One computation of a month: from cost and rules to rated lines, with all that it was made of recorded."""
