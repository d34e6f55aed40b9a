"""Where a rating plan runs."""
