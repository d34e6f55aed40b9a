"""Specifications that rebill writes itself."""

from datetime import date

from rebill.model.money import text_of
from rebill.model.price_book import Adjustment

_MARKUP = """<?xml version="1.0" encoding="UTF-8"?>
<CHTBillingRules createdBy="rebill" date="{day}">
  <RuleGroup>
    <BillingRule name="Markup">
      <BasicBillingRule billingAdjustment="{percent}" billingRuleType="{kind}"/>
    </BillingRule>
  </RuleGroup>
</CHTBillingRules>
"""


def markup_specification(adjustment: Adjustment, day: date) -> str:
    """The specification, in XML, of a book with one rule over everything: ``adjustment``, a percent."""
    return _MARKUP.format(day=day.isoformat(), percent=text_of(adjustment.value), kind=adjustment.kind)
