"""Why a month is another than before: told by customer, service and cause."""

from tests.console.conftest import NOBODYS, OWN, Office
from tests.console.visitor import Visitor
from tests.services.months import charge


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


def test_why_a_customer_pays_more_than_last_month_is_told_by_cause_and_line(office: Office, admin: Visitor) -> None:
    """From the figure on the bills: what is new, gone, used more, and what a unit came to."""
    office.month.cost(
        charge("2024-10-03", "150", "180", SubAccountId=OWN, PricingQuantity="2", BillingPeriodStart="2024-10-01"),
        charge("2024-10-04", "8", "9", SubAccountId=OWN, ServiceName="Backup", BillingPeriodStart="2024-10-01"),
        scope="october",
    )
    for month in ("2024-09", "2024-10"):
        admin.open(f"/bills?month={month}")
        admin.send("/bills/run")
    bills = admin.open("/bills?month=2024-10&text=Indigo")
    place = bills.answer.text.partition("/last-month")[0].rpartition('href="')[2]
    told = admin.open(f"{place}/last-month").text
    assert "Difference +57.00 USD" in told, told
    assert "Lines that are new 1 +9.00 USD Lines that are gone 1 -12.00 USD" in told.replace("−", "-"), told
    assert "Virtual Machines" in told
    assert "Beside last month" in admin.open(place).text
    first = admin.open("/bills?month=2024-09&text=Indigo")
    own = first.answer.text.partition("/statements/")[2].partition('"')[0]
    assert "Beside last month" not in admin.open(f"/statements/{own}").text
    alone = admin.open(f"/statements/{own}/last-month")
    assert (alone.status, "all of this one is new" in alone.text) == (404, True)


def test_a_month_that_was_taken_back_leads_to_what_is_gone_with_it(office: Office, admin: Visitor) -> None:
    october = {"BillingPeriodStart": "2024-10-01", "BillingPeriodEnd": "2024-11-01"}
    office.month.cost(charge("2024-10-03", "150", "180", SubAccountId=OWN, **october), scope="october")
    for month in ("2024-09", "2024-10"):
        admin.open(f"/bills?month={month}")
        admin.send("/bills/run")
        admin.open(f"/bills?month={month}")
        admin.send("/bills/finalize", reason="The rest is ours")
    bills = admin.open("/bills?month=2024-10")
    assert "Customers of September 2024 without a bill, in USD -40.00 USD" in bills.text.replace("−", "-"), bills.text
    place = bills.answer.text.partition("/last-month")[0].rpartition('href="')[2]
    admin.open(place)
    admin.send(f"{place}/void", reason="Wrong address")
    again = admin.open("/bills?month=2024-10")
    assert f'href="{place}/last-month"' in again.answer.text
    assert again.text.replace("−", "-").count("-132.00 USD") == 1, again.text
    told = admin.open(f"{place}/last-month").text.replace("−", "-")
    assert "The statement is taken back: nothing stands of the month." in told
    assert "Difference -132.00 USD" in told, told
    assert "Lines that are gone 2 -132.00 USD" in told, told
