"""What partners bill with instead: scripts in pandas and Polars, and CloudKitty's rating (``benchmarks/README.md``)."""
