"""Imported cost beside Microsoft's invoices."""
