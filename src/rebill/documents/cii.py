"""An electronic invoice in the syntax UN/CEFACT Cross Industry Invoice (D16B), as Factur-X has it inside."""

from datetime import date

from rebill.documents.electronic_invoice import ONE_PIECE, SPECIFICATION, ElectronicInvoice, InvoiceLine, InvoiceParty
from rebill.documents.xml_writing import Element, XmlWriter, written

_XML = XmlWriter(
    {
        "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
        "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
        "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
        "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    }
)
_DAY = "102"
"""The form of a day by UNTDID 2379: ``YYYYMMDD``."""


def cii(invoice: ElectronicInvoice) -> str:
    """The invoice as an XML document in UTF-8."""
    root = _XML.root("rsm:CrossIndustryInvoice")
    guideline = "rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"
    _XML.text(root, guideline, SPECIFICATION)
    document = _XML.inside(root, "rsm:ExchangedDocument")
    _XML.text(document, "ram:ID", invoice.number)
    _XML.text(document, "ram:TypeCode", invoice.type_code)
    _day(document, "ram:IssueDateTime", invoice.issue_date)
    _XML.text(document, "ram:IncludedNote/ram:Content", invoice.note)
    trade = _XML.inside(root, "rsm:SupplyChainTradeTransaction")
    for line in invoice.lines:
        _line(trade, line)
    agreement = _XML.inside(trade, "ram:ApplicableHeaderTradeAgreement")
    _XML.text(agreement, "ram:BuyerReference", invoice.buyer_reference)
    _party(agreement, "ram:SellerTradeParty", invoice.seller)
    _party(agreement, "ram:BuyerTradeParty", invoice.buyer)
    delivery = _XML.inside(trade, "ram:ApplicableHeaderTradeDelivery")
    if invoice.delivers_abroad:
        _XML.text(delivery, "ram:ShipToTradeParty/ram:PostalTradeAddress/ram:CountryID", invoice.buyer.country)
    _day(delivery, "ram:ActualDeliverySupplyChainEvent/ram:OccurrenceDateTime", invoice.last_day)
    _settlement(trade, invoice)
    return written(root)


def _line(trade: Element, line: InvoiceLine) -> None:
    item = _XML.inside(trade, "ram:IncludedSupplyChainTradeLineItem")
    _XML.text(item, "ram:AssociatedDocumentLineDocument/ram:LineID", str(line.number))
    product = _XML.inside(item, "ram:SpecifiedTradeProduct")
    _XML.text(product, "ram:Name", line.name)
    _XML.text(product, "ram:Description", line.description)
    price = "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/ram:ChargeAmount"
    _XML.text(item, price, line.price)
    _XML.text(item, "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity", line.quantity, unitCode=ONE_PIECE)
    settlement = _XML.inside(item, "ram:SpecifiedLineTradeSettlement")
    tax = _XML.inside(settlement, "ram:ApplicableTradeTax")
    _XML.text(tax, "ram:TypeCode", "VAT")
    _XML.text(tax, "ram:CategoryCode", line.category)
    _XML.text(tax, "ram:RateApplicablePercent", line.percent)
    total = "ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"
    _XML.text(settlement, total, line.amount)


def _party(agreement: Element, name: str, party: InvoiceParty) -> None:
    element = _XML.inside(agreement, name)
    _XML.text(element, "ram:Name", party.name)
    _XML.text(element, "ram:SpecifiedLegalOrganization/ram:ID", party.registration_id)
    if party.contact or party.phone:
        contact = _XML.inside(element, "ram:DefinedTradeContact")
        _XML.text(contact, "ram:PersonName", party.contact)
        _XML.text(contact, "ram:TelephoneUniversalCommunication/ram:CompleteNumber", party.phone)
        _XML.text(contact, "ram:EmailURIUniversalCommunication/ram:URIID", party.email)
    address = _XML.inside(element, "ram:PostalTradeAddress")
    _XML.text(address, "ram:PostcodeCode", party.address.zipcode)
    _XML.text(address, "ram:LineOne", party.address.street1)
    _XML.text(address, "ram:LineTwo", party.address.street2)
    _XML.text(address, "ram:CityName", party.address.city)
    _XML.text(address, "ram:CountryID", party.country)
    _XML.text(address, "ram:CountrySubDivisionName", party.address.state)
    _XML.text(element, "ram:URIUniversalCommunication/ram:URIID", party.email, schemeID="EM")
    _XML.text(element, "ram:SpecifiedTaxRegistration/ram:ID", party.tax_id, schemeID="VA")


def _settlement(trade: Element, invoice: ElectronicInvoice) -> None:
    settlement = _XML.inside(trade, "ram:ApplicableHeaderTradeSettlement")
    _XML.text(settlement, "ram:InvoiceCurrencyCode", invoice.currency)
    if invoice.iban:
        means = _XML.inside(settlement, "ram:SpecifiedTradeSettlementPaymentMeans")
        _XML.text(means, "ram:TypeCode", invoice.means_of_payment)
        _XML.text(means, "ram:PayeePartyCreditorFinancialAccount/ram:IBANID", invoice.iban)
        _XML.text(means, "ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID", invoice.bic)
    for part in invoice.taxes:
        tax = _XML.inside(settlement, "ram:ApplicableTradeTax")
        _XML.text(tax, "ram:CalculatedAmount", part.tax)
        _XML.text(tax, "ram:TypeCode", "VAT")
        _XML.text(tax, "ram:ExemptionReason", part.reason)
        _XML.text(tax, "ram:BasisAmount", part.base)
        _XML.text(tax, "ram:CategoryCode", part.category)
        _XML.text(tax, "ram:ExemptionReasonCode", part.reason_code)
        _XML.text(tax, "ram:RateApplicablePercent", part.percent)
    period = _XML.inside(settlement, "ram:BillingSpecifiedPeriod")
    _day(period, "ram:StartDateTime", invoice.first_day)
    _day(period, "ram:EndDateTime", invoice.last_day)
    terms = _XML.inside(settlement, "ram:SpecifiedTradePaymentTerms")
    _XML.text(terms, "ram:Description", invoice.payment_terms)
    _day(terms, "ram:DueDateDateTime", invoice.due_date)
    sums = _XML.inside(settlement, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    _XML.text(sums, "ram:LineTotalAmount", invoice.net)
    _XML.text(sums, "ram:TaxBasisTotalAmount", invoice.net)
    _XML.text(sums, "ram:TaxTotalAmount", invoice.tax, currencyID=invoice.currency)
    _XML.text(sums, "ram:GrandTotalAmount", invoice.payable)
    _XML.text(sums, "ram:DuePayableAmount", invoice.payable)
    for number, day in invoice.preceding:
        reference = _XML.inside(settlement, "ram:InvoiceReferencedDocument")
        _XML.text(reference, "ram:IssuerAssignedID", number)
        _day(reference, "ram:FormattedIssueDateTime", day, "qdt")


def _day(parent: Element, path: str, day: date | None, prefix: str = "udt") -> None:
    text = None if day is None else day.strftime("%Y%m%d")
    _XML.text(parent, f"{path}/{prefix}:DateTimeString", text, format=_DAY)
