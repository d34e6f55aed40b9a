"""Issued documents brought to customers: into folders, and by electronic mail."""
