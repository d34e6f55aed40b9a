"""Why a month is another than before: told by customer, service and cause."""

from tests.console.conftest import NOBODYS, Office
from tests.console.visitor import Visitor


def test_each_service_that_a_cause_changed_is_told(office: Office, admin: Visitor) -> None:
    admin.open("/bills?month=2024-09")
    admin.send("/bills/run")
    office.month.subscriptions(office.neighbour, NOBODYS)
    admin.open("/bills?month=2024-09")
    admin.send("/bills/run")
    told = admin.open("/bills/differences?month=2024-09").text
    assert "Customer Service Cause Difference, exact Neighbour Ltd Virtual Machines assignment +8.00 USD" in told, told


def test_where_nothing_differs_no_service_is_told(office: Office, admin: Visitor) -> None:
    for _ in range(2):
        admin.open("/bills?month=2024-09")
        admin.send("/bills/run")
    told = admin.open("/bills/differences?month=2024-09").text
    assert "Every total is what it was" in told and "By service" not in told
