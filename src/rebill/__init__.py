"""rebill: partner-generated billing for Microsoft cloud partners."""

from importlib.metadata import version

__version__ = version("rebill")
