"""Customers as Partner Center lists them (``GET /v1/customers``), page by page."""

from collections.abc import Sequence
from typing import Any

from rebill.sources.synthetic.partner import SyntheticCustomer

CUSTOMERS_A_PAGE = 500


def customer_pages(customers: Sequence[SyntheticCustomer]) -> list[dict[str, Any]]:
    """The answer's pages in order, as JSON objects; every page but the last links to the next."""
    starts = range(0, len(customers), CUSTOMERS_A_PAGE)
    return [
        {
            "totalCount": len(customers),
            "items": [_item(customer) for customer in customers[start : start + CUSTOMERS_A_PAGE]],
            "links": _links(number, len(starts)),
            "attributes": {"objectType": "Collection"},
        }
        for number, start in enumerate(starts)
    ]


def _item(customer: SyntheticCustomer) -> dict[str, Any]:
    return {
        "id": customer.customer_id,
        "companyProfile": {
            "tenantId": customer.customer_id,
            "domain": customer.domain,
            "companyName": customer.name,
            "attributes": {"objectType": "CustomerCompanyProfile"},
        },
        "relationshipToPartner": "reseller",
        "attributes": {"objectType": "Customer"},
    }


def _links(page_number: int, page_count: int) -> dict[str, Any]:
    uri = f"/v1/customers?size={CUSTOMERS_A_PAGE}"
    links: dict[str, Any] = {"self": {"uri": uri, "method": "GET", "headers": []}}
    if page_number + 1 < page_count:
        token = [{"key": "MS-ContinuationToken", "value": f"page-{page_number + 2}"}]
        links["next"] = {"uri": f"{uri}&seekOperation=Next", "method": "GET", "headers": token}
    return links
