"""A specification is a book, or every fault in it at once, by line and rule; alike in XML and in YAML."""

from datetime import date
from decimal import Decimal

import pytest

from rebill.model.errors import Invalid
from rebill.model.price_book import (
    EVERYTHING,
    Adjustment,
    AdjustmentKind,
    InstanceCondition,
    PatternKind,
    PriceBook,
    PriceRule,
    ProductCondition,
    RuleGroup,
    SpecificationFormat,
    TextPattern,
    name_pattern,
)
from rebill.price_books.reading import format_of, read_price_book

XML, YAML = SpecificationFormat.XML, SpecificationFormat.YAML

EVERY_WORD_XML = """<?xml version="1.0" encoding="UTF-8"?>
<CHTBillingRules createdBy="finance@example.com" date="09/01/2024">
  <Comment>Everything a book may say.</Comment>
  <RuleGroup startDate="09/01/2024" endDate="2024-12-31" enabled="true">
    <BillingRule name="Compute" includeDataTransfer="false">
      <Comment>Off retail.</Comment>
      <BasicBillingRule billingAdjustment="12.5" billingRuleType="percentDiscount"/>
      <Region name="eastus"/>
      <Product productName="Virtual Machines" includeDataTransfer="true" includeRIPurchases="false">
        <Region name="west*"/>
        <Region name="*europe"/>
        <UsageType name="*v3*"/>
        <Operation name="RunInstances"/>
        <RecordType name="SavingsPlan*"/>
        <SavingsPlanOfferingType name="ComputeSavingsPlans"/>
        <InstanceProperties instanceType="m5*" instanceSize="large" reserved="true"/>
        <InstanceProperties/>
        <LineItemDescription name="*per hour*"/>
        <LineItemDescription startsWith="$0." contains="100%" matchesRegex="(?i).*windows.*"/>
      </Product>
      <Product productName="ANY"/>
    </BillingRule>
    <BillingRule name="Disks">
      <BasicBillingRule billingAdjustment="0.04" billingRuleType="fixedRate" currency="EUR" unit="1 GB/Month"/>
    </BillingRule>
  </RuleGroup>
  <RuleGroup enabled="false">
    <BillingRule name="Off" includeRIPurchases="false">
      <BasicBillingRule billingAdjustment="100" billingRuleType="percentIncrease"/>
    </BillingRule>
  </RuleGroup>
</CHTBillingRules>
"""

EVERY_WORD_YAML = """\
createdBy: finance@example.com
date: 09/01/2024
Comment: Everything a book may say.
RuleGroup:
  - startDate: 09/01/2024
    endDate: 2024-12-31
    enabled: true
    BillingRule:
      - Product:
          - productName: Virtual Machines
            includeDataTransfer: true
            includeRIPurchases: false
            Region: [west*, "*europe"]
            UsageType: "*v3*"
            Operation: RunInstances
            RecordType: {name: SavingsPlan*}
            SavingsPlanOfferingType: ComputeSavingsPlans
            InstanceProperties:
              - {instanceType: m5*, instanceSize: large, reserved: true}
              - {}
            LineItemDescription:
              - "*per hour*"
              - startsWith: $0.
                contains: 100%
                matchesRegex: (?i).*windows.*
          - ANY
        name: Compute
        Comment: Off retail.
        percentDiscount: 12.5
        includeDataTransfer: false
        Region: eastus
      - name: Disks
        fixedRate: {billingAdjustment: 0.04, currency: EUR, unit: 1 GB/Month}
  - enabled: false
    BillingRule:
      name: Off
      includeRIPurchases: false
      BasicBillingRule: {billingAdjustment: 100, billingRuleType: percentIncrease}
"""


def like(text: str) -> tuple[TextPattern, ...]:
    return (name_pattern(text),)


EVERY_WORD = PriceBook(
    (
        RuleGroup(
            (
                PriceRule(
                    1,
                    "Compute",
                    Adjustment(AdjustmentKind.PERCENT_DISCOUNT, Decimal("12.5")),
                    (
                        ProductCondition(
                            product_name="Virtual Machines",
                            include_data_transfer=True,
                            include_commitment_purchases=False,
                            regions=(
                                TextPattern(PatternKind.STARTS_WITH, "west"),
                                TextPattern(PatternKind.ENDS_WITH, "europe"),
                            ),
                            usage_types=(TextPattern(PatternKind.CONTAINS, "v3"),),
                            operations=like("RunInstances"),
                            record_types=like("SavingsPlan*"),
                            savings_plan_offering_types=like("ComputeSavingsPlans"),
                            instances=(
                                InstanceCondition(name_pattern("m5*"), name_pattern("large"), reserved=True),
                                InstanceCondition(),
                            ),
                            descriptions=(
                                like("*per hour*"),
                                (
                                    TextPattern(PatternKind.STARTS_WITH, "$0."),
                                    TextPattern(PatternKind.CONTAINS, "100%"),
                                    TextPattern(PatternKind.REGULAR_EXPRESSION, "(?i).*windows.*"),
                                ),
                            ),
                        ),
                        ProductCondition(include_data_transfer=False),
                    ),
                    like("eastus"),
                ),
                PriceRule(2, "Disks", Adjustment(AdjustmentKind.FIXED_RATE, Decimal("0.04"), "EUR", "1 GB/Month")),
            ),
            date(2024, 9, 1),
            date(2024, 12, 31),
        ),
        RuleGroup(
            (
                PriceRule(
                    3,
                    "Off",
                    Adjustment(AdjustmentKind.PERCENT_INCREASE, Decimal(100)),
                    (ProductCondition(include_commitment_purchases=False),),
                ),
            ),
            enabled=False,
        ),
    )
)


def in_xml(*rules: str, group: str = "") -> str:
    return f'<CHTBillingRules date="2024-09-01"><RuleGroup{group}>{"".join(rules)}</RuleGroup></CHTBillingRules>'


def rule_xml(inside: str = "", adjustment: str = '10" billingRuleType="percentDiscount') -> str:
    return f'<BillingRule name="A"><BasicBillingRule billingAdjustment="{adjustment}"/>{inside}</BillingRule>'


def faults_of(text: str) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        read_price_book(text, format_of(text))
    assert refused.value.code == "invalid_specification"
    return refused.value.fields


def fault_of(text: str) -> str:
    fields = faults_of(text)
    assert len(fields) == 1, fields
    return next(iter(fields.values()))


@pytest.mark.parametrize("text", [EVERY_WORD_XML, EVERY_WORD_YAML], ids=["xml", "yaml"])
def test_every_word_of_the_language_is_read_alike_in_both_ways_of_writing(text: str) -> None:
    assert read_price_book(text, format_of(text)) == EVERY_WORD


def test_the_way_of_writing_is_told_from_the_text() -> None:
    assert format_of("\ufeff\r\n <CHTBillingRules/>") is XML
    assert format_of("date: 2024-09-01") is YAML


def test_a_rule_without_a_product_is_over_everything_and_a_byte_order_mark_is_let_pass() -> None:
    book = read_price_book("\ufeff" + in_xml(rule_xml()), XML)
    assert book.groups[0].rules[0].products == (EVERYTHING,)
    assert book == read_price_book(
        "\ufeffdate: 2024-09-01\nRuleGroup: {BillingRule: {name: A, percentDiscount: 10}}", YAML
    )


def test_the_date_of_a_book_may_have_a_time() -> None:
    assert read_price_book('<CHTBillingRules date="2024-09-01T10:00:00Z"/>', XML) == PriceBook(())
    assert "write a day as" in fault_of('<CHTBillingRules date="yesterday"/>')


def test_a_book_may_be_dated_as_those_that_partners_have() -> None:
    for text in ("11/07/18", "11/07/2018", "2018-11-07"):
        assert read_price_book(f'<CHTBillingRules date="{text}"/>', XML) == PriceBook(())
    assert "no such day" in fault_of('<CHTBillingRules date="13/07/18"/>')
    group = '<CHTBillingRules date="2018-11-07"><RuleGroup startDate="11/07/18"/></CHTBillingRules>'
    assert "write a day as" in fault_of(group)


def test_the_root_may_be_spelt_as_the_published_description_has_it() -> None:
    assert read_price_book('<CHBillingRules createdBy="x" date="2018-01-01"/>', XML) == PriceBook(())
    assert "has no place" in fault_of('<CHTBillingRules date="2018-01-01"><CHBillingRules/></CHTBillingRules>')


def test_the_root_may_say_whose_book_it_is_as_the_published_description_has_it() -> None:
    """Whose it is, its assignments say; which accounts it prices, too, and so what would limit it is refused."""
    named = '<CHBillingRules customerID="12" customerName="Acme &amp; Co" createdBy="x" date="2018-01-01"/>'
    assert read_price_book(named, XML) == PriceBook(())
    limited = '<CHBillingRules payerAccounts="123456789012" date="2018-01-01"/>'
    assert "name the accounts in price book account assignments instead" in fault_of(limited)


def test_every_fault_is_told_with_its_line_and_its_rule() -> None:
    text = """<CHTBillingRules by="me">
  <RuleGroup startDate="2024-12-01" endDate="11/30/2024" payerAccounts="1" enabled="yes">
    <BillingRule name="First">
      <BasicBillingRule billingAdjustment="100.5" billingRuleType="percentDiscount"/>
      <Product productName="EC2*">
        <Region name="u*s"/><Region name="*"/>
        <Tag name="x"><Deep/></Tag>
        <RecordType name="usage"/>
      </Product>
    </BillingRule>
    <BillingRule>
      loose
      <BasicBillingRule billingAdjustment="1.00001" billingRuleType="percentIncrease" currency="USD"/>
      <BasicBillingRule billingAdjustment="1e9" billingRuleType="fixedRate" currency="usd"/>
    </BillingRule>
    <BillingRule name="Third"><Product/></BillingRule>
  </RuleGroup>
  <RuleGroup startDate="2024-02-30" endDate="1066-10-14"/>
</CHTBillingRules>
"""
    assert faults_of(text) == {
        "specification[line 1]": "CHTBillingRules has no attribute 'by'; it has: date, createdBy, customerID, "
        "customerName; CHTBillingRules needs the attribute date",
        "specification[line 2]": "RuleGroup has no attribute 'payerAccounts'; name the accounts in price book account "
        "assignments instead; RuleGroup enabled is 'yes'; write true or false; "
        "the rule group ends on 2024-11-30, before it begins on 2024-12-01",
        "specification[line 4]": "rule 1 (First): BasicBillingRule billingAdjustment is 100.5; a percentDiscount lies "
        "between 0 and 100, with at most four decimals",
        "specification[line 5]": "rule 1 (First): Product productName is exact and takes no asterisk; write ANY for "
        "every product",
        "specification[line 6]": "rule 1 (First): Region name may have an asterisk only at its beginning and at its "
        "end; rule 1 (First): Region name needs a word; to match everything leave the condition out",
        "specification[line 7]": "rule 1 (First): 'Tag' has no place in Product; it may hold Region, UsageType, "
        "Operation, RecordType, SavingsPlanOfferingType, InstanceProperties, LineItemDescription, Comment",
        "specification[line 8]": "rule 1 (First): RecordType name is 'usage', which is no record type; there are "
        "Usage, DiscountedUsage, SavingsPlanCoveredUsage, Fee, RIFee, SavingsPlanUpfrontFee, "
        "SavingsPlanRecurringFee, Refund, Credit, Tax, Purchase, Adjustment, BundledDiscount, Discount, "
        "EdpDiscount, PrivateRateDiscount, RiVolumeDiscount, SavingsPlanNegation",
        "specification[line 11]": "rule 2: text stands in BillingRule; only a Comment holds text; "
        "rule 2: BillingRule needs the attribute name; "
        "rule 2: BillingRule needs exactly one BasicBillingRule and has 2",
        "specification[line 13]": "rule 2: BasicBillingRule billingAdjustment is 1.00001; a percentIncrease lies "
        "between 0 and 99899.9999, with at most four decimals; "
        "rule 2: currency is for a fixedRate only; a percentIncrease has none",
        "specification[line 14]": "rule 2: BasicBillingRule currency is 'usd', no ISO 4217 code such as USD; "
        "rule 2: BasicBillingRule billingAdjustment is 1e9; a fixedRate lies between -9999999.9999999999 and "
        "9999999.9999999999",
        "specification[line 16]": "rule 3 (Third): Product needs the attribute productName; "
        "rule 3 (Third): BillingRule needs exactly one BasicBillingRule and has 0",
        "specification[line 18]": "RuleGroup startDate is '2024-02-30'; there is no such day; "
        "RuleGroup endDate is '1066-10-14'; days lie from 1900 to 2999",
    }


@pytest.mark.parametrize(
    ("adjustment", "said"),
    [
        ('100.0001" billingRuleType="percentDiscount', "between 0 and 100, with at most four decimals"),
        ('-1" billingRuleType="percentDiscount', "between 0 and 100"),
        ('0.00001" billingRuleType="percentDiscount', "at most four decimals"),
        ('99900" billingRuleType="percentIncrease', "between 0 and 99899.9999"),
        ('1e999999999" billingRuleType="percentIncrease', "between 0 and 99899.9999"),
        ('1e-999999999" billingRuleType="percentIncrease', "at most four decimals"),
        ('NaN" billingRuleType="percentIncrease', "write digits"),
        ('1,5" billingRuleType="percentIncrease', "write digits"),
        ('٣" billingRuleType="percentIncrease', "write digits"),
        (f'{"1" * 41}" billingRuleType="percentIncrease', "write digits"),
        ('10000000" billingRuleType="fixedRate', "a fixedRate lies between -9999999.9999999999 and"),
        ('-1e999999999" billingRuleType="fixedRate', "a fixedRate lies between -9999999.9999999999 and"),
        ('1" billingRuleType="fixedRate" currency="XYZW', "no ISO 4217 code"),
        ('1" billingRuleType="fixedRate" unit=" ', "unit is empty"),
        ('1" billingRuleType="percentdiscount', "it is one of percentDiscount, percentIncrease, fixedRate"),
    ],
)
def test_an_adjustment_out_of_bounds_is_refused_and_never_rounded(adjustment: str, said: str) -> None:
    assert said in fault_of(in_xml(rule_xml(adjustment=adjustment)))


def test_a_fixed_rate_is_kept_with_ten_decimals_half_away_from_zero() -> None:
    for text, kept in (
        ("0.00000000005", "0.0000000001"),
        ("-0.00000000005", "-0.0000000001"),
        ("1E-3", "0.0010000000"),
    ):
        book = read_price_book(in_xml(rule_xml(adjustment=f'{text}" billingRuleType="fixedRate')), XML)
        assert next(book.rules).adjustment.value == Decimal(kept)


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ('<Region name=""/>', "Region name is empty"),
        ('<Region name="**"/>', "needs a word"),
        (f'<Region name="{"x" * 1001}"/>', "longer than 1,000 characters"),
        ('<Product productName=" "/>', "productName is empty"),
        ('<Product productName="ANY"><LineItemDescription/></Product>', "needs one of name, startsWith"),
        ('<Product productName="ANY"><InstanceProperties reserved="1"/></Product>', "write true or false"),
        ('<Product productName="ANY"><Product productName="ANY"/></Product>', "has no place in Product"),
        ("<BillingRule/>", "has no place in BillingRule"),
    ],
)
def test_what_cannot_be_meant_is_refused(inside: str, said: str) -> None:
    assert said in fault_of(in_xml(rule_xml(inside)))


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("(?=a)b", "uses look-around"),
        ("a(?!b)", "uses look-around"),
        ("(?&lt;=a)b", "uses look-around"),
        ("(?&lt;!a)b", "uses look-around"),
        (r"(a)\1", "is no regular expression in RE2 syntax"),
        ("(", "is no regular expression in RE2 syntax: missing )"),
        ("a{1,100000}", "is no regular expression in RE2 syntax"),
        ("((a{1,1000}){1,1000}){1,1000}", "is no regular expression in RE2 syntax"),
    ],
)
def test_a_regular_expression_without_a_bound_on_its_time_is_refused(expression: str, said: str) -> None:
    inside = f'<Product productName="ANY"><LineItemDescription matchesRegex="{expression}"/></Product>'
    assert said in fault_of(in_xml(rule_xml(inside)))


def test_a_hundred_faults_are_told_and_the_others_counted() -> None:
    text = in_xml("\n".join([rule_xml('<Region name=""/>')] * 150))
    with pytest.raises(Invalid, match=r"has 150 faults, the first 100 are named here by line") as refused:
        read_price_book(text, XML)
    assert len(refused.value.fields) == 100
