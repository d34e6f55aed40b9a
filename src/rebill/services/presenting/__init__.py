"""Statements as the documents that customers get."""
