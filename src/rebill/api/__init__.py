"""The partner API: the only place that knows HTTP. What it promises its users stands in ``docs/api.md``."""
