"""What makes prices, on the pages: billing rules of every kind, price books assigned to accounts, manual lines."""

import re

import pytest

from rebill.model.billing_rule import BillingRuleOrder, CustomersChange
from rebill.model.months import BillingMonth
from rebill.model.party import Role
from rebill.services.billing.run_bill import run_bill
from rebill.services.keeping.read_audit_trail import newest_audit_entries
from rebill.services.pricing.update_billing_rule import update_billing_rule
from rebill.store.audit_entries import AuditFilter
from tests.console.conftest import OWN, Office
from tests.console.test_every_page import BOOK
from tests.console.visitor import SAME_SITE, Shown, Visitor
from tests.documents.test_statement_pdf import PICTURE
from tests.services.months import charge, stored

MONTH = BillingMonth(2024, 9)
FEE = {
    "name": "Care",
    "action": "flat_fee",
    "fee": "10.50",
    "start_month": "2024-09",
    "product_name": "Care",
    "product_description": "Somebody looks after it",
}


def _totals(office: Office) -> dict[str, int]:
    run_bill(office.installation, office.partner, MONTH)
    found = stored(office.installation, office.partner)
    return {one.customer_name: one.statement.total_minor_units for one in found}


def _console_acts(office: Office) -> list[str]:
    entries = newest_audit_entries(office.installation, office.partner, AuditFilter(), 50)
    acts = [one.entry.act for one in entries if one.entry.by.channel == "console"]
    return [act for act in acts if act != "refused"]


def _made(admin: Visitor, **values: str) -> Shown:
    admin.open("/billing-rules/new")
    return admin.send("/billing-rules/new", **values)


def test_a_fee_is_checked_tried_made_ended_and_deleted(office: Office, admin: Visitor) -> None:
    assert _totals(office) == {"Indigo": 13200, "Neighbour Ltd": 4000}
    wrong = _made(admin, **{**FEE, "fee": "much", "name": ""})
    assert wrong.status == 422
    assert "fee must be a number" in wrong.text
    assert "Name is required" in wrong.text
    kept = dict(wrong.form("/billing-rules/new").fields)
    assert (kept["fee"], kept["product_description"]) == ("much", "Somebody looks after it")
    admin.open("/billing-rules/new")
    assert "This is a sound rule." in admin.send("/billing-rules/check", **FEE).text if _has_check(admin) else True
    made = _made(admin, **FEE)
    assert "Care stands" in made.text
    assert _totals(office) == {"Indigo": 14250, "Neighbour Ltd": 5050}
    ended = admin.send_form(admin.open(made.path).form(made.path), end_month="2024-09", fee="11")
    assert "Care is changed" in ended.text
    assert dict(ended.form(made.path).fields)["end_month"] == "2024-09"
    assert _totals(office) == {"Indigo": 14300, "Neighbour Ltd": 5100}
    gone = admin.send_form(admin.open(made.path).form(f"{made.path}/delete"), reason="Not agreed")
    assert "Care is deleted" in gone.text
    assert _totals(office) == {"Indigo": 13200, "Neighbour Ltd": 4000}
    assert admin.open(made.path).status == 404


def _has_check(admin: Visitor) -> bool:
    """Without scripts the check is another button of the form."""
    shown = admin.shown
    assert shown is not None
    assert 'formaction="/billing-rules/check"' in shown.answer.text
    shown.form("/billing-rules/new").action = "/billing-rules/check"
    return True


@pytest.mark.parametrize(
    "values",
    [
        {"action": "spend_ratio", "percent": "5"},
        {"action": "spend_ratio", "percent": "5", "as_line": "yes"},
        {"sign": "credit"},
        {"frequency": "one_time"},
        {"cloud": "aws"},
        {"cloud": "aws", "rule_type": "support", "product_name": "", "scope": "per_billing_family"},
        {"cloud": "aws", "rule_type": "support", "action": "list_price", "fee": "", "support_tier": "enterprise"},
        {"cloud": "aws", "rule_type": "support", "action": "percentage_discount", "percent": "7"},
        {"cloud": "aws", "rule_type": "support", "action": "suppress_charge", "fee": ""},
        {
            "cloud": "aws",
            "rule_type": "support",
            "action": "custom_tier",
            "tiers": "0 10\n10000: 7%",
            "minimum_fee": "9",
        },
    ],
    ids=lambda values: " ".join(values.values()).replace("\n", " "),
)
def test_every_kind_of_rule_is_made_and_changed(values: dict[str, str], office: Office, admin: Visitor) -> None:
    given = {**FEE, **values, "everyone": "", "customers": "Indigo"}
    if given["action"] != "flat_fee":
        given["fee"] = ""
    made = _made(admin, **given)
    assert "Care stands" in made.text, made.text
    assert "Care" in admin.open("/price-books").text
    form = made.form(made.path)
    shown = dict(form.fields)
    assert shown["customers"] == "Indigo"
    changed = admin.send_form(form, name="Care and more", customers=f"{office.neighbour}\nIndigo", everyone="")
    assert "Care and more is changed" in changed.text, changed.text
    assert "Neighbour Ltd" in dict(changed.form(made.path).fields)["customers"]
    both = admin.send_form(admin.open(made.path).form(made.path), everyone="yes")
    assert "is changed" in both.text, both.text
    run_bill(office.installation, office.partner, MONTH)


def test_agreements_and_customers_that_nobody_knows_are_told(office: Office, admin: Visitor) -> None:
    made = _made(admin, **FEE, everyone="", customers="", agreements="Indigo: 4721, 4722")
    assert "Indigo: 4721, 4722" in made.answer.text
    wrong = admin.send_form(made.form(made.path), agreements="Indigo 4711", customers="Nobody at all", end_month="2024")
    assert wrong.status == 422
    assert "must say a customer, a colon and ids" in wrong.text
    assert "is no customer's name or id" in wrong.text
    assert "must be a month" in wrong.text
    left = admin.send_form(admin.open(made.path).form(made.path), agreements="Neighbour: 5")
    assert "Neighbour Ltd: 5" in left.answer.text
    assert "4721" not in left.answer.text


def test_customers_of_a_rule_are_one_list_under_whichever_name_a_call_chose_them(
    office: Office, admin: Visitor
) -> None:
    path = _made(admin, **{**FEE, "everyone": "", "customers": "Indigo"}).path
    rule_id = int(path.rsplit("/", 1)[-1])
    neighbour = CustomersChange(customer_ids=(office.neighbour,))
    update_billing_rule(office.installation, office.partner, rule_id, BillingRuleOrder(add_target_customers=neighbour))
    form = admin.open(path).form(path)
    assert dict(form.fields)["customers"].split("\n") == ["Indigo", "Neighbour Ltd"]
    assert _totals(office) == {"Indigo": 14250, "Neighbour Ltd": 5050}
    admin.send_form(form, customers="Indigo")
    assert _totals(office) == {"Indigo": 14250, "Neighbour Ltd": 4000}


def test_a_rule_is_tried_on_a_real_month_and_nothing_is_kept(office: Office, admin: Visitor) -> None:
    made = _made(admin, **FEE)
    before = _totals(office)
    form = admin.open(made.path).form(made.path)
    form.action = "/billing-rules/what-if"
    tried = admin.send_form(form, fee="20", month="2024-09")
    assert "2 customers would pay another amount" in tried.text
    assert "+19.00 USD" in tried.text
    assert _totals(office) == before
    assert admin.send_form(form, fee="x").status == 422


def test_a_form_of_prices_that_is_sent_twice_acts_once(office: Office, admin: Visitor) -> None:
    form = admin.open("/billing-rules/new").form("/billing-rules/new")
    assert admin.send_form(form, SAME_SITE, **FEE).path == admin.send_form(form, SAME_SITE, **FEE).path
    place = f"/customers/{office.own}/prices"
    form = admin.open(place).form(f"{place}/lines")
    line = {"month": "2024-09", "amount": "-1.25", "line_reason": "Goodwill"}
    assert [admin.send_form(form, SAME_SITE, **line).status for _ in range(2)] == [200, 200]
    assert _console_acts(office) == ["create_billing_rule", "enter_manual_line"]
    assert _totals(office)["Indigo"] == 13200 + 1050 - 125


def test_a_manual_line_needs_a_reason_and_is_taken_back(office: Office, admin: Visitor) -> None:
    place = f"/customers/{office.own}/prices"
    admin.open(place)
    wrong = admin.send(f"{place}/lines", month="2024-09", amount="=cmd()", line_reason="")
    assert wrong.status == 422
    assert "must be a number" in wrong.text
    nothing = admin.send_form(wrong.form(f"{place}/lines"), amount="", line_reason="")
    assert "Reason, as the customer reads it is required" in nothing.text
    entered = admin.send_form(nothing.form(f"{place}/lines"), amount="5", line_reason="=cmd() <b>")
    assert "=cmd() <b>" in entered.text
    assert _totals(office)["Indigo"] == 13700
    action = next(one.action for one in admin.open(place).forms if one.action.endswith("/withdraw"))
    assert "is taken back" in admin.send(action).text
    assert _totals(office)["Indigo"] == 13200


def test_a_price_book_is_assigned_to_accounts_and_ends(office: Office, admin: Visitor) -> None:
    admin.open("/price-books/new")
    admin.send("/price-books/new", book_name="Ten", specification=BOOK)
    place = f"/customers/{office.own}/prices"
    admin.open(place)
    wrong = admin.send(f"{place}/books", accounts="x" * 300, from_month="2024-09")
    assert wrong.status == 422
    assert "may have at most 255 characters" in wrong.text
    done = admin.send_form(wrong.form(f"{place}/books"), accounts=f"{OWN}\n{OWN.upper()}", from_month="2024-09")
    assert "The price book is assigned" in done.text
    assert OWN in done.text
    assert _totals(office)["Indigo"] == 14520, "ten percent above list"
    again = admin.send(f"{place}/books", accounts=OWN, from_month="2024-09")
    assert again.status == 422
    ends = [one.action for one in admin.open(place).forms if one.action.endswith("/end")]
    assert len(ends) == 2
    for action in sorted(ends):
        assert "issued months stay priced" in admin.send(action).text
        admin.open(place)
    assert _totals(office)["Indigo"] == 13200


def test_who_may_only_read_is_offered_no_change(office: Office, admin: Visitor) -> None:
    made = _made(admin, **FEE)
    admin.sign_in(office.key(Role.READ_ONLY))
    for path in (f"/customers/{office.own}/prices", made.path, f"/customers/{office.own}/details"):
        shown = admin.open(path)
        assert shown.status == 200
        assert not re.search(r">(Change|Make|Delete|Enter|Assign) (it|them)<", shown.answer.text)
    assert admin.open("/billing-rules/new").status == 403


def test_a_rule_that_was_typed_at_length_outlives_the_session(office: Office, stranger: Visitor) -> None:
    key = office.key()
    stranger.sign_in(key)
    form = stranger.open("/billing-rules/new").form("/billing-rules/new")
    stranger.client.cookies.clear()
    names = "Indigo\r\nNeighbour Ltd"
    shown = stranger.send_form(form, SAME_SITE, **{**FEE, "name": "<b> ولد 🏦 =cmd()"}, everyone="", customers=names)
    assert shown.status == 401
    assert _console_acts(office) == []
    again = stranger.send_form(shown.forms[1], api_key=key)
    made = stranger.send_form(again.form("/billing-rules/new"))
    assert "<b> ولد 🏦 =cmd() stands" in made.text
    assert dict(made.form(made.path).fields)["customers"].split() == ["Indigo", "Neighbour", "Ltd"]
    assert _totals(office) == {"Indigo": 14250, "Neighbour Ltd": 5050}


def test_a_file_of_a_form_whose_session_ended_is_chosen_again(office: Office, stranger: Visitor) -> None:
    key = office.key()
    stranger.sign_in(key)
    stranger.open("/settings/letterhead")
    stranger.client.cookies.clear()
    shown = stranger.upload("/settings/letterhead", "logo", "logo.png", PICTURE, portal_title="Typed")
    assert shown.status == 401
    assert "Files are not: choose them again." in shown.text
    again = stranger.send_form(shown.forms[1], api_key=key)
    assert "Logo Choose it again: you had chosen “logo.png”, and no page can keep a chosen file." in again.text
    changed = stranger.upload("/settings/letterhead", "logo", "logo.png", PICTURE)
    assert dict(changed.form("/settings/letterhead").fields)["portal_title"] == "Typed"
    assert stranger.ask("/settings/letterhead/logo").content == PICTURE


def test_a_file_of_a_form_that_was_refused_is_chosen_again(admin: Visitor) -> None:
    """Everything else stays as it was, boxes too."""
    place, name = "/settings/letterhead", "<b>my logo.png"
    admin.open(place)
    refused = admin.upload(place, "logo", name, PICTURE, tax_id="DE1", portal_title="Typed", no_logo="yes")
    assert refused.status == 422
    assert f"Choose it again: you had chosen “{name}”" in refused.text
    assert dict(refused.form(place).fields)["portal_title"] == "Typed"
    admin.open("/costs")
    refused = admin.upload("/costs/import", "file", "cost.csv", b"no cost", scope="typed", accept_rejects="yes")
    assert refused.status == 422
    assert "Choose it again: you had chosen “cost.csv”" in refused.text
    assert {"scope": "typed", "accept_rejects": "yes"}.items() <= dict(refused.form("/costs/import").fields).items()


def test_the_same_form_with_another_file_is_another_act(admin: Visitor) -> None:
    place = "/settings/letterhead"
    admin.open(place)
    assert admin.shown is not None
    form = admin.shown.form(place)
    first = admin.upload(place, "logo", "logo.png", PICTURE)
    assert first.status == 200
    admin.shown = Shown(first.answer, place, [form], "")
    assert admin.upload(place, "logo", "logo.png", PICTURE).path == first.path
    admin.shown = Shown(first.answer, place, [form], "")
    assert admin.upload(place, "logo", "logo.png", PICTURE + b" ").status == 422


def test_fixed_rates_that_miss_lines_are_told_at_the_book_and_at_the_bills(office: Office, admin: Visitor) -> None:
    storage = {"SubAccountId": OWN, "ServiceName": "Storage"}
    others = ({"PricingUnit": ""}, {"PricingUnit": "GB", "PricingQuantity": ""}, {"BillingCurrency": "EUR"})
    office.month.cost(*(charge("2024-09-07", "1", "2", **storage, **one) for one in others), scope="more")
    text = (
        '<CHTBillingRules date="2024-09-01"><RuleGroup><BillingRule name="Per GB"><BasicBillingRule '
        'billingAdjustment="0.5" billingRuleType="fixedRate" unit="GB"/><Product productName="Storage"/></BillingRule>'
        "</RuleGroup></CHTBillingRules>"
    )
    admin.open("/price-books/new")
    made = admin.send("/price-books/new", book_name="Units", specification=text)
    place = f"{made.path}/notices"
    assert f'hx-get="{place}"' in made.answer.text
    for is_page in (True, False):
        told = admin.request("GET", place, headers={} if is_page else {"HX-Request": "true"}).text
        assert "rule 1 (Per GB): its fixed rate does not price lines of 2024-09 that the rule is for" in told
        assert "<summary>1 more</summary>" in told
        assert ("<html" in told) is is_page
    admin.open(f"/customers/{office.own}/prices")
    admin.send(f"/customers/{office.own}/prices/books", accounts=OWN, from_month="2024-09")
    before = admin.open("/bills?month=2024-09").answer.text
    assert "does not price" not in before
    bills = admin.send("/bills/run")
    assert "Price book Units, rule 1 (Per GB): its fixed rate does not price lines of 2024-09" in bills.text
    assert "<summary>1 more</summary>" in bills.answer.text


def test_a_book_that_misses_nothing_says_so(admin: Visitor) -> None:
    admin.open("/price-books/new")
    made = admin.send("/price-books/new", book_name="Ten", specification=BOOK)
    assert "its fixed rates price the lines" in admin.open(f"{made.path}/notices").text
