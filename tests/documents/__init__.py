"""Documents of statements."""
