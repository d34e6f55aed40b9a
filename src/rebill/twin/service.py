"""What the twin answers: the sign-in, Partner Center, Graph's billing export, and the storage it delivers to."""

import base64
import hashlib
import itertools
import json
import uuid
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl

from cryptography import x509
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from rebill.model.counting import counted
from rebill.twin.datasets import ExportedDataSet, blobs, month_of
from rebill.twin.faults import EVERYWHERE, Fault, Faults
from rebill.twin.signing_in import REFRESH_TOKEN, machine_refusal_of, refusal_of, seconds_now
from rebill.twin.state import TwinState
from rebill.twin.world import PARTNER_TENANT, TwinCustomer, TwinWorld

_RUNNING_POLLS: Final = 2
_ENDLESS_BYTES: Final = 2**30
_CALLS: Final = (*EVERYWHERE, Fault.TOKEN_REFUSED)
_SIGN_IN: Final = (Fault.THROTTLED, Fault.SERVER_ERROR)
_BILLING: Final = "/v1.0/reports/partners/billing"


class TwinService:
    """The services of one made-up partner; a handler for each route.

    ``edition``: which version of its data the billing export serves; the one before has not the last rows yet.
    """

    def __init__(self, world: TwinWorld, faults: Faults, page_size: int = 5) -> None:
        self.world = world
        self.faults = faults
        self.state = TwinState()
        self.edition = 2
        self.application_certificate: x509.Certificate | None = None
        self._page_size = page_size
        self._blobs = cache(lambda data_set, is_old: blobs(world, data_set, is_old))

    async def discovery(self, request: Request) -> Response:
        """OpenID's discovery document, from which sign-in libraries know where tokens are; of this tenant alone."""
        if request.path_params["tenant"] != PARTNER_TENANT:
            told = f"AADSTS90002: Tenant '{request.path_params['tenant']}' not found."
            return JSONResponse({"error": "invalid_tenant", "error_description": told}, 400)
        authority = f"{_origin(request)}/{request.path_params['tenant']}"
        return JSONResponse(
            {
                "issuer": f"{authority}/v2.0",
                "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
                "token_endpoint": f"{authority}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
            }
        )

    async def token(self, request: Request) -> Response:
        """A token for the application, or for the user whose refresh token it has."""
        form = dict(parse_qsl((await request.body()).decode()))
        fault = self._fault("sign-in", _SIGN_IN)
        if fault is not None:
            return self._failed(fault)
        endpoint = f"{_origin(request)}{request.url.path}"
        refusal = refusal_of(form, endpoint, self.application_certificate)
        if refusal is not None:
            return JSONResponse({"error": "invalid_client", "error_description": refusal}, 401)
        by_user = form.get("grant_type") == "refresh_token"
        resource = form.get("scope", "").split(" ")[0].removesuffix("/.default")
        answer = {"token_type": "Bearer", "expires_in": 3599, "access_token": self.state.new_token(resource)}
        return JSONResponse({**answer, "refresh_token": REFRESH_TOKEN} if by_user else answer)

    async def machine_token(self, request: Request) -> Response:
        """A token for the managed identity of a machine, as App Service and machines give it."""
        asked = request.query_params
        refusal = machine_refusal_of(request.url.path, request.headers, asked)
        if refusal is not None:
            return JSONResponse(refusal, 400)
        fault = self._fault("sign-in", _SIGN_IN)
        if fault is not None:
            return self._failed(fault)
        resource = asked["resource"].removesuffix("/.default")
        expiry = str(seconds_now() + 3599)
        answer = {"token_type": "Bearer", "expires_in": "3599", "expires_on": expiry, "resource": resource}
        return JSONResponse({**answer, "access_token": self.state.new_token(resource)})

    async def customers(self, request: Request) -> Response:
        """``GET /v1/customers``, page by page."""
        token = request.headers.get("MS-ContinuationToken", "")
        start = self.state.place_of(token)
        possible = (*_CALLS, Fault.REORDERED_PAGE, Fault.DUPLICATED_PAGE)
        fault, refused = self._asked(request, "https://api.partnercenter.microsoft.com", possible, f"from {start}")
        if refused is not None:
            return refused
        listed = self.world.customers
        page = [_customer(one) for one in listed[start : start + self._page_size]]
        if fault is Fault.REORDERED_PAGE:
            page.reverse()
        if fault is Fault.DUPLICATED_PAGE:
            page = [*(_customer(one) for one in listed[max(0, start - self._page_size) : start]), *page]
        links: dict[str, Any] = {"self": {"uri": "/customers?size=500", "method": "GET", "headers": []}}
        if start + self._page_size < len(listed):
            following = self.state.token_of(start + self._page_size)
            headers = [{"key": "MS-ContinuationToken", "value": following}]
            links["next"] = {"uri": "/customers?size=500&seekOperation=Next", "method": "GET", "headers": headers}
        return _with_byte_order_mark({**_collection(page, len(listed)), "links": links})

    async def subscriptions(self, request: Request) -> Response:
        """A customer's subscriptions: its Azure plan, a licence, and where the world has such a deleted Azure plan."""
        customer = self._customer(request)
        _, refused = self._asked(request, "https://api.partnercenter.microsoft.com", _CALLS)
        if refused is not None:
            return refused
        if customer is None:
            return _unknown()
        licence = {"id": str(uuid.uuid5(uuid.NAMESPACE_OID, customer.plan_id)), "offerName": "Microsoft 365"}
        plan = {"id": customer.plan_id, "offerName": "Azure plan", "billingType": "usage"}
        deleted = {**plan, "id": str(uuid.uuid5(uuid.NAMESPACE_URL, customer.plan_id)), "status": "deleted"}
        listed = [{**plan, "status": "active"}, {**licence, "status": "active"}]
        return JSONResponse(_collection(listed if self.world.deleted_plans is None else [deleted, *listed]))

    async def entitlements(self, request: Request) -> Response:
        """The Azure subscriptions under an Azure plan."""
        customer = self._customer(request)
        _, refused = self._asked(request, "https://api.partnercenter.microsoft.com", _CALLS)
        if refused is not None:
            return refused
        if customer is None or request.path_params["plan"] != customer.plan_id:
            return _unknown(self.world.deleted_plans or 404)
        items = [
            {
                "id": one.subscription_id.upper(),
                "friendlyName": one.name,
                "status": "active",
                "subscriptionId": customer.plan_id,
            }
            for one in customer.subscriptions
        ]
        return JSONResponse(_collection(items))

    async def invoices(self, request: Request) -> Response:
        """The partner's invoices: a modern one, and one of the old kind, which has no export."""
        _, refused = self._asked(request, "https://api.partnercenter.microsoft.com", _CALLS)
        if refused is not None:
            return refused
        month = self.world.month
        invoice = {
            "id": self.world.invoice_id,
            "invoiceDate": f"{month.following.first_day.replace(day=8).isoformat()}T08:00:00.1234567Z",
            "billingPeriodStartDate": f"{month.first_day.isoformat()}T00:00:00Z",
            "billingPeriodEndDate": f"{month.last_day.isoformat()}T23:59:59Z",
            "currencyCode": self.world.currency,
            "documentType": "invoice",
            "invoiceType": "OneTime",
            "totalCharges": json.loads(str(self.world.invoiced)),
            "amendments": self._notes(),
        }
        listed = [{**invoice, "id": "D000012345", "invoiceType": "Recurring"}]
        if self.world.is_invoiced:
            listed.append(invoice)
        if self.world.is_invoiced and self.world.reissued:
            later = f"{month.following.first_day.replace(day=10).isoformat()}T08:00:00Z"
            listed.append({**invoice, "id": self.world.reissued_id, "invoiceDate": later, "amendments": []})
        return JSONResponse(_collection(listed))

    def _notes(self) -> list[dict[str, Any]]:
        """The notes on the invoice, where there are any; their totals are written without a sign."""
        notes = []
        if self.world.credited != "0":
            notes.append(("N", "Credit Note", self.world.credited))
        if self.world.reissued:
            notes.append(("V", "void_note", str(self.world.invoiced)))
        told = {"amendsOf": self.world.invoice_id, "invoiceType": "OneTime"}
        return [
            {"id": self.world.invoice_id + mark, "documentType": kind, "totalCharges": json.loads(total), **told}
            for mark, kind, total in notes
        ]

    async def submit(self, request: Request) -> Response:
        """Ask for an export: 202 and where to look."""
        content = await request.body()
        possible = (Fault.THROTTLED, Fault.SERVER_ERROR, Fault.TOKEN_REFUSED)
        _, refused = self._asked(request, "https://graph.microsoft.com", possible, content.decode())
        if refused is not None:
            return refused
        asked = json.loads(content)
        is_billed = request.path_params["billing"] == "billed"
        invoice_id = asked["invoiceId"] if is_billed else ""
        period, currency = ("", "") if is_billed else (asked["billingPeriod"], asked["currencyCode"])
        wanted = ExportedDataSet(request.path_params["kind"], invoice_id, period, currency)
        operation = self.state.new_operation(wanted)
        location = f"{_origin(request)}{_BILLING}/operations/{operation}"
        return Response(status_code=202, headers={"Location": location, "Retry-After": "0"})

    async def operation(self, request: Request) -> Response:
        """How far an export is: always 200, the body tells."""
        number = request.path_params["operation"]
        _, refused = self._asked(request, "https://graph.microsoft.com", _CALLS)
        if refused is not None:
            return refused
        data_set, polls = self.state.poll(number)
        kind = "#microsoft.graph.partners.billing."
        head = {"id": number, "createdDateTime": "2024-10-09T06:00:00Z", "lastActionDateTime": "2024-10-09T06:00:00Z"}
        if polls <= _RUNNING_POLLS:
            running = {"@odata.type": f"{kind}runningOperation", **head, "status": "running"}
            return JSONResponse(running, headers={"Retry-After": "0"})
        if month_of(self.world, data_set) is None:
            error = {"message": "No data available", "code": "5000"}
            return JSONResponse({"@odata.type": f"{kind}failedOperation", **head, "status": "failed", "error": error})
        link = f"{_origin(request)}{_BILLING}/manifests/{number}"
        done = {"status": "succeeded", "resourceLocation@odata.navigationLink": link}
        return JSONResponse({"@odata.type": f"{kind}exportSuccessOperation", **head, **done})

    async def manifest(self, request: Request) -> Response:
        """What an export consists of, with a signature that lets its blobs be fetched."""
        number = request.path_params["operation"]
        data_set, _ = self.state.poll(number)
        fault, refused = self._asked(request, "https://graph.microsoft.com", (*_CALLS, Fault.NEW_VERSION))
        if refused is not None:
            return refused
        is_old = fault is Fault.NEW_VERSION and self.state.is_first(data_set)
        self.state.served(data_set)
        month = month_of(self.world, data_set)
        version = self.edition - is_old
        names = list(self._blobs(data_set, is_old))
        return JSONResponse(
            {
                "id": number,
                "schemaVersion": "1",
                "dataFormat": "compressedJSON",
                "createdDateTime": f"2024-10-09T06:{version:02}:00Z",
                "eTag": f"{data_set.name}-v{version}",
                "partnerTenantId": PARTNER_TENANT,
                "rootDirectory": f"{_origin(request)}/blobs/{data_set.kind}/v{version}/{data_set.name}"
                f"/BillingMonth={month.first_day:%Y%m}"  # type: ignore[union-attr] # it succeeded, so it has a month
                "/Fragment=full/PartitionType=default",
                "sasToken": f"sv=2023-01-03&sig={self.state.new_signature()}&sp=rl",
                "partitionType": "Default",
                "blobCount": len(names),
                "blobs": [{"name": name, "partitionValue": "default"} for name in names],
            }
        )

    async def blob(self, request: Request) -> Response:
        """A blob, for who has a signature that is still good."""
        kind, version, name, *_, blob = request.path_params["path"].split("/")
        data_set = next(one for one in self.state.data_sets if (one.kind, one.name) == (kind, name))
        possible = (*EVERYWHERE, Fault.EXPIRED_LINK, Fault.TRUNCATED_BLOB, Fault.ENDLESS_BLOB)
        fault = self._fault(f"blob {name} {blob}", possible)
        signature = request.query_params.get("sig", "")
        if fault is Fault.EXPIRED_LINK:
            self.state.expire(signature)
        if not self.state.is_signed(signature) or "authorization" in request.headers:
            return Response("<Error><Code>AuthenticationFailed</Code></Error>", 403, media_type="application/xml")
        content = self._blobs(data_set, version != f"v{self.edition}")[blob]
        if fault is Fault.TRUNCATED_BLOB:
            return Response(content[: len(content) // 2], media_type="application/octet-stream")
        if fault is Fault.ENDLESS_BLOB:
            return StreamingResponse(_endless(content), media_type="application/octet-stream")
        if fault is not None:
            return self._failed(fault, content)
        checksum = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        return Response(content, media_type="application/octet-stream", headers={"Content-MD5": checksum})

    def _customer(self, request: Request) -> TwinCustomer | None:
        wanted = request.path_params["customer"]
        return next((one for one in self.world.customers if one.tenant_id == wanted), None)

    def _asked(
        self, request: Request, resource: str, possible: Sequence[Fault], more: str = ""
    ) -> tuple[Fault | None, Response | None]:
        """The fault that a call suffers, and the answer it gets where that is not its own."""
        request_id = request.headers.get("MS-RequestId") or request.headers.get("client-request-id") or ""
        key = f"{request.method} {request.url.path} {more}"
        fault = self._fault(key, possible)
        self.state.note(key, request_id)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if fault is Fault.TOKEN_REFUSED:
            self.state.revoke(token)
        if not self.state.is_good(token, resource):
            return fault, JSONResponse({"code": "401", "description": "Unauthorized"}, 401)
        if fault in EVERYWHERE:
            return fault, self._failed(fault, b'{"totalCount": 1, "items": [')
        return fault, None

    def _fault(self, key: str, possible: Sequence[Fault]) -> Fault | None:
        return self.faults.next(key, possible)

    def _failed(self, fault: Fault, content: bytes = b"{}") -> Response:
        if fault is Fault.THROTTLED:
            seconds = self.faults.wait_seconds
            body = {"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {counted(seconds, 'second')}."}
            return JSONResponse(body, 429, headers={"Retry-After": str(seconds)})
        if fault is Fault.SERVER_ERROR:
            return JSONResponse({"code": "500", "description": "Internal error.", "data": []}, 500)
        return CutAnswer(content)


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _customer(customer: TwinCustomer) -> dict[str, Any]:
    profile = {"tenantId": customer.tenant_id, "domain": customer.domain, "companyName": customer.name}
    attributes = {"attributes": {"objectType": "CustomerCompanyProfile"}}
    return {
        "id": customer.tenant_id,
        "companyProfile": {**profile, **attributes},
        "relationshipToPartner": "reseller",
        "attributes": {"objectType": "Customer"},
    }


def _collection(items: Sequence[dict[str, Any]], count: int | None = None) -> dict[str, Any]:
    total = len(items) if count is None else count
    return {"totalCount": total, "items": list(items), "attributes": {"objectType": "Collection"}}


def _with_byte_order_mark(document: dict[str, Any]) -> Response:
    return Response(b"\xef\xbb\xbf" + json.dumps(document).encode(), media_type="application/json")


def _unknown(status: int = 404) -> Response:
    return JSONResponse({"code": "2000", "description": "Not found.", "data": [], "source": "PartnerFD"}, status)


def _endless(content: bytes) -> Iterator[bytes]:
    """A file over and over; the twin gives up when nobody should have listened for so long."""
    return itertools.repeat(content, _ENDLESS_BYTES // len(content))


class CutAnswer(Response):
    """An answer whose connection ends in the middle."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content[: len(content) // 2], media_type="application/octet-stream")
        self.headers["content-length"] = str(len(content) + 1)
