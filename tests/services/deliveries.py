"""Steps that stories of deliveries are told in: an issued month, and installations that deliver."""

from dataclasses import replace
from pathlib import Path

from rebill.model.closing import ClosingAct, ClosingOrder
from rebill.model.customer import CustomerChange
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.billing.finalize_month import finalize_month
from rebill.services.billing.run_bill import run_bill
from rebill.services.parties.billing_details import BillingDetailsChange, change_billing_details
from rebill.services.parties.change_customer import change_customer
from rebill.settings import DeliverySettings, SmtpSecurity
from tests.services.months import SEPTEMBER, Month, charge

BY_MAIL = DeliverySettings(smtp_host="127.0.0.1", smtp_security=SmtpSecurity.NONE, sender="billing@contoso.example")
WITHOUT_INVOICE = (
    "the PDF is without the electronic invoice: letterhead.address.country is needed, "
    "tax_rules is needed, letterhead.tax_id is needed"
)
"""What a delivery tells whose partner has no letterhead."""


def delivering(installation: Installation, delivery: DeliverySettings) -> Installation:
    """The same installation with these settings of delivery."""
    return replace(installation, settings=replace(installation.settings, delivery=delivery))


def delivering_by_mail(installation: Installation, port: int) -> Installation:
    return delivering(installation, replace(BY_MAIL, smtp_port=port))


def delivering_to(installation: Installation, folder: str) -> Installation:
    return delivering(installation, DeliverySettings(folder=folder))


def ready(installation: Installation, partner: Caller, folder: Path) -> int:
    """September is run for Indigo, which has a folder and addresses, and for one that has neither; Indigo's id."""
    month = Month(installation, partner, folder)
    one, other = month.customer("Indigo"), month.customer("Neighbour")
    month.cost(charge("2024-09-05", "100", SubAccountId="sub-1"), charge("2024-09-05", "50", SubAccountId="sub-2"))
    month.subscriptions(one, "sub-1")
    month.subscriptions(other, "sub-2")
    change_customer(installation, partner, one, CustomerChange(billing_folder="indigo/bills"))
    change_billing_details(
        installation, partner, one, BillingDetailsChange({"email": "ap@indigo.example, cfo@indigo.example"})
    )
    run_bill(installation, partner, SEPTEMBER)
    return one


def finalized(installation: Installation, partner: Caller) -> None:
    """September is finalized."""
    finalize_month(installation, partner, ClosingOrder(ClosingAct.FINALIZE, SEPTEMBER, reason="All is well"))


def issued(installation: Installation, partner: Caller, folder: Path) -> int:
    """September is ready and issued; Indigo's id."""
    one = ready(installation, partner, folder)
    finalized(installation, partner)
    return one


def files_below(root: Path) -> dict[str, int]:
    """Every file below a folder, and when it was written."""
    return {file.relative_to(root).as_posix(): file.stat().st_mtime_ns for file in root.rglob("*") if file.is_file()}
