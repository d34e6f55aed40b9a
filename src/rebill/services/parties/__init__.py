"""The partner's settings, its customers, and the Azure accounts that are assigned to them."""
