"""Cost Management exports, read by the manifest that Microsoft writes beside every run."""
