"""How fast the API answers, against the least that a call can do on the same stack and store (see ``README.md``)."""
