"""Partner Center in: the catalogue of the partner's Azure customers."""
