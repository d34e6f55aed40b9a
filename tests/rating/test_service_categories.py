"""The words for what a service is for are those of FOCUS, all of them."""

from rebill.rating.service_categories import OTHER, SERVICE_CATEGORIES, other_of
from tests.documents.focus_rules import rules


def test_categories_and_their_subcategories_are_those_that_focus_allows() -> None:
    pairs = [
        {one["ColumnName"]: one["Value"] for one in both["Items"]}
        for both in rules()["ServiceSubcategory-C-004-M"]["Requirement"]["Items"]
    ]
    allowed = sorted((pair["ServiceCategory"], pair["ServiceSubcategory"]) for pair in pairs)
    ours = [(category, name) for category, names in SERVICE_CATEGORIES.items() for name in (*names, other_of(category))]
    assert sorted(ours) == allowed
    assert OTHER in SERVICE_CATEGORIES
