"""A made-up partner of any size, for trials, tests and load: its customers and its month of cost.

``tables.sql`` makes the partner, ``lines.sql`` its cost lines in the columns of FOCUS, which two more statements
show in those of other layouts; the CSV files beside them say how often what occurs (``kinds.csv`` has one row for
each kind of line there is). The same seed and sizes always
give the same bytes. No name, id or price in it belongs to anyone.
"""

from rebill.sources.synthetic.customers_answer import customer_pages
from rebill.sources.synthetic.partner import CostFileFormat, CostFileLayout, SyntheticCustomer, SyntheticPartner

__all__ = ["CostFileFormat", "CostFileLayout", "SyntheticCustomer", "SyntheticPartner", "customer_pages"]
