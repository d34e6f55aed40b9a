"""An electronic invoice in the syntax OASIS Universal Business Language 2.1: an Invoice or a CreditNote."""

from rebill.documents.electronic_invoice import (
    ONE_PIECE,
    SPECIFICATION,
    ElectronicInvoice,
    InvoiceLine,
    InvoiceParty,
    InvoiceTax,
)
from rebill.documents.xml_writing import Element, XmlWriter, written

_UBL = "urn:oasis:names:specification:ubl:schema:xsd"


def ubl(invoice: ElectronicInvoice) -> str:
    """The invoice as an XML document in UTF-8."""
    return written(_Writing(invoice).document())


class _Writing:
    """Writes one invoice; what an Invoice and a CreditNote call otherwise, it knows."""

    def __init__(self, invoice: ElectronicInvoice) -> None:
        self._invoice = invoice
        self._kind = "CreditNote" if invoice.is_credit_note else "Invoice"
        self._quantity = "CreditedQuantity" if invoice.is_credit_note else "InvoicedQuantity"
        self._xml = XmlWriter(
            {
                "": f"{_UBL}:{self._kind}-2",
                "cac": f"{_UBL}:CommonAggregateComponents-2",
                "cbc": f"{_UBL}:CommonBasicComponents-2",
            }
        )

    def document(self) -> Element:
        root, invoice, text = self._xml.root(self._kind), self._invoice, self._xml.text
        text(root, "cbc:CustomizationID", SPECIFICATION)
        text(root, "cbc:ID", invoice.number)
        text(root, "cbc:IssueDate", invoice.issue_date.isoformat())
        if invoice.due_date is not None and not invoice.is_credit_note:
            text(root, "cbc:DueDate", invoice.due_date.isoformat())
        text(root, f"cbc:{self._kind}TypeCode", invoice.type_code)
        text(root, "cbc:Note", invoice.note)
        text(root, "cbc:DocumentCurrencyCode", invoice.currency)
        text(root, "cbc:BuyerReference", invoice.buyer_reference)
        period = self._xml.inside(root, "cac:InvoicePeriod")
        text(period, "cbc:StartDate", invoice.first_day.isoformat())
        text(period, "cbc:EndDate", invoice.last_day.isoformat())
        for number, day in invoice.preceding:
            reference = self._xml.inside(root, "cac:BillingReference/cac:InvoiceDocumentReference")
            text(reference, "cbc:ID", number)
            text(reference, "cbc:IssueDate", None if day is None else day.isoformat())
        self._party(self._xml.inside(root, "cac:AccountingSupplierParty/cac:Party"), invoice.seller)
        self._party(self._xml.inside(root, "cac:AccountingCustomerParty/cac:Party"), invoice.buyer)
        self._payment(root)
        self._taxes(root)
        self._sums(root)
        for line in invoice.lines:
            self._line(root, line)
        return root

    def _party(self, element: Element, party: InvoiceParty) -> None:
        text = self._xml.text
        text(element, "cbc:EndpointID", party.email, schemeID="EM")
        address = self._xml.inside(element, "cac:PostalAddress")
        text(address, "cbc:StreetName", party.address.street1)
        text(address, "cbc:AdditionalStreetName", party.address.street2)
        text(address, "cbc:CityName", party.address.city)
        text(address, "cbc:PostalZone", party.address.zipcode)
        text(address, "cbc:CountrySubentity", party.address.state)
        text(address, "cac:Country/cbc:IdentificationCode", party.country)
        if party.tax_id:
            scheme = self._xml.inside(element, "cac:PartyTaxScheme")
            text(scheme, "cbc:CompanyID", party.tax_id)
            text(scheme, "cac:TaxScheme/cbc:ID", "VAT")
        entity = self._xml.inside(element, "cac:PartyLegalEntity")
        text(entity, "cbc:RegistrationName", party.name)
        text(entity, "cbc:CompanyID", party.registration_id)
        if party.contact or party.phone:
            contact = self._xml.inside(element, "cac:Contact")
            text(contact, "cbc:Name", party.contact)
            text(contact, "cbc:Telephone", party.phone)
            text(contact, "cbc:ElectronicMail", party.email)

    def _payment(self, root: Element) -> None:
        text, invoice = self._xml.text, self._invoice
        delivery = self._xml.inside(root, "cac:Delivery")
        text(delivery, "cbc:ActualDeliveryDate", invoice.last_day.isoformat())
        if invoice.delivers_abroad:
            country = "cac:DeliveryLocation/cac:Address/cac:Country/cbc:IdentificationCode"
            text(delivery, country, invoice.buyer.country)
        if invoice.iban:
            means = self._xml.inside(root, "cac:PaymentMeans")
            text(means, "cbc:PaymentMeansCode", invoice.means_of_payment)
            account = self._xml.inside(means, "cac:PayeeFinancialAccount")
            text(account, "cbc:ID", invoice.iban)
            text(account, "cac:FinancialInstitutionBranch/cbc:ID", invoice.bic)
        text(root, "cac:PaymentTerms/cbc:Note", invoice.payment_terms)

    def _taxes(self, root: Element) -> None:
        total = self._xml.inside(root, "cac:TaxTotal")
        self._amount(total, "cbc:TaxAmount", self._invoice.tax)
        for part in self._invoice.taxes:
            subtotal = self._xml.inside(total, "cac:TaxSubtotal")
            self._amount(subtotal, "cbc:TaxableAmount", part.base)
            self._amount(subtotal, "cbc:TaxAmount", part.tax)
            self._category(subtotal, "cac:TaxCategory", part)

    def _category(self, parent: Element, name: str, taxed: InvoiceTax | InvoiceLine) -> None:
        category, text = self._xml.inside(parent, name), self._xml.text
        text(category, "cbc:ID", taxed.category)
        text(category, "cbc:Percent", taxed.percent)
        if isinstance(taxed, InvoiceTax):
            text(category, "cbc:TaxExemptionReasonCode", taxed.reason_code)
            text(category, "cbc:TaxExemptionReason", taxed.reason)
        text(category, "cac:TaxScheme/cbc:ID", "VAT")

    def _sums(self, root: Element) -> None:
        sums = self._xml.inside(root, "cac:LegalMonetaryTotal")
        self._amount(sums, "cbc:LineExtensionAmount", self._invoice.net)
        self._amount(sums, "cbc:TaxExclusiveAmount", self._invoice.net)
        self._amount(sums, "cbc:TaxInclusiveAmount", self._invoice.payable)
        self._amount(sums, "cbc:PayableAmount", self._invoice.payable)

    def _line(self, root: Element, line: InvoiceLine) -> None:
        element, text = self._xml.inside(root, f"cac:{self._kind}Line"), self._xml.text
        text(element, "cbc:ID", str(line.number))
        text(element, f"cbc:{self._quantity}", line.quantity, unitCode=ONE_PIECE)
        self._amount(element, "cbc:LineExtensionAmount", line.amount)
        item = self._xml.inside(element, "cac:Item")
        text(item, "cbc:Description", line.description)
        text(item, "cbc:Name", line.name)
        self._category(item, "cac:ClassifiedTaxCategory", line)
        self._amount(element, "cac:Price/cbc:PriceAmount", line.price)

    def _amount(self, parent: Element, path: str, amount: str) -> None:
        self._xml.text(parent, path, amount, currencyID=self._invoice.currency)
