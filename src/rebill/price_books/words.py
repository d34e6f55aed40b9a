"""The words of the price book language: which elements there are, and what may stand in each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

ROOT: Final = "CHTBillingRules"
ROOT_AS_PUBLISHED: Final = "CHBillingRules"
"""How the published description of the language spells its root; the books that partners have say ``ROOT``."""
COMMENT: Final = "Comment"


@dataclass(frozen=True)
class Word:
    """An element of the language: what must and may stand in it. ``main``: the attribute that says most of it."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    main: str | None = None


_NAMED = Word(required=("name",), main="name")
_INCLUDES = ("includeDataTransfer", "includeRIPurchases")
WORDS: Final[dict[str, Word]] = {
    ROOT: Word(required=("date",), optional=("createdBy", "customerID", "customerName"), children=("RuleGroup",)),
    "RuleGroup": Word(optional=("startDate", "endDate", "enabled"), children=("BillingRule",)),
    "BillingRule": Word(
        required=("name",), optional=_INCLUDES, children=("BasicBillingRule", "Region", "Product"), main="name"
    ),
    "BasicBillingRule": Word(required=("billingAdjustment", "billingRuleType"), optional=("currency", "unit")),
    "Product": Word(
        required=("productName",),
        optional=_INCLUDES,
        children=(
            "Region",
            "UsageType",
            "Operation",
            "RecordType",
            "SavingsPlanOfferingType",
            "InstanceProperties",
            "LineItemDescription",
        ),
        main="productName",
    ),
    "Region": _NAMED,
    "UsageType": _NAMED,
    "Operation": _NAMED,
    "RecordType": _NAMED,
    "SavingsPlanOfferingType": _NAMED,
    "InstanceProperties": Word(optional=("instanceType", "instanceSize", "reserved")),
    "LineItemDescription": Word(optional=("name", "startsWith", "contains", "matchesRegex"), main="name"),
    COMMENT: Word(),
}
_WHICH_ACCOUNTS: Final = "; name the accounts in price book account assignments instead"
HINTS: Final = {(ROOT, "payerAccounts"): _WHICH_ACCOUNTS, ("RuleGroup", "payerAccounts"): _WHICH_ACCOUNTS}
"""What to do instead, for attributes that other dialects of the language have."""


@dataclass(slots=True)
class Element:
    """A word as it stands in a specification. ``line``: where it begins; ``lines``: where its attributes stand."""

    name: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    children: list["Element"] = field(default_factory=list)
    holds_text: bool = False

    def all(self, name: str) -> Sequence["Element"]:
        """The elements of this name in it, in order."""
        return [child for child in self.children if child.name == name]
