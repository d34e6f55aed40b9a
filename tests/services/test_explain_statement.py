"""Every line of every document, explained down to its charges: the printed arithmetic alone gives what is shown."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from rebill.model.billing_rule import (
    BillingRuleOrder,
    CustomersChange,
    RuleAction,
    RuleCloud,
    RuleFrequency,
    RuleSign,
    RuleType,
)
from rebill.model.closing import LateCost
from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.errors import Forbidden, Invalid, NotFound, ProgramError
from rebill.model.manual_line import NewManualLine
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Role
from rebill.model.source_row import SourceRow
from rebill.model.statement import StatementFilter
from rebill.model.terms import Basis, LateCostTerm
from rebill.services.acting.installation import Installation
from rebill.services.billing.read_statements import every_statement
from rebill.services.costs.enter_manual_line import enter_manual_line
from rebill.services.costs.withdraw_manual_line import withdraw_manual_line
from rebill.services.parties.change_customer import change_customer
from rebill.services.pricing.create_billing_rule import create_billing_rule
from rebill.services.proof.explain_statement import explain_statement
from rebill.services.proof.told import explanation_document
from tests.rating.calculator import computed
from tests.services.accountant import AUGUST, NOVEMBER, OCTOBER, Accountant, cost
from tests.services.months import SEPTEMBER, charge


@pytest.fixture
def accountant(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    return Accountant(installation, partner, tmp_path)


def explained(accountant: Accountant, statement_id: int, **asked: Any) -> Any:
    """The explanation as ``--json`` shows it."""
    return explanation_document(explain_statement(accountant.installation, accountant.caller, statement_id, **asked))


def checked(accountant: Accountant, statement_id: int) -> Any:
    """A document of which every line was computed again, by its printed steps alone; as ``--json`` shows it."""
    whole = explained(accountant, statement_id)
    units = Decimal(0)
    for line in whole["lines"]:
        (detailed,) = explained(accountant, statement_id, line_number=line["n"])["lines"]
        results = computed(detailed["steps"])
        assert results["shown"] == Decimal(line["amount"])
        assert results["exact"] == Decimal(line["exact"])
        if line["correction_of"] is None:
            units += results["unit"]
        if detailed["priced_alike"]:
            assert sum(one["charges"] for one in detailed["priced_alike"]) == len(detailed["charges"])
            assert results["charges"] == sum(computed(one["steps"])["price"] for one in detailed["charges"])
    results = computed(whole["steps"])
    assert results["units to deal"] == units
    own = [line for line in whole["lines"] if line["correction_of"] is None]
    assert sum(Decimal(line["amount"]) for line in own) * 100 == results["total in minor units"]
    return whole


def uneven(accountant: Accountant) -> int:
    """First's September, with services and an odd markup, of which two lines get a unit more; its statement."""
    first = accountant.customer("First", markup_percent=Decimal("13.37"))
    accountant.deliver(
        SEPTEMBER,
        *(
            cost(SEPTEMBER, amount, ServiceName=service)
            for service in ("Storage", "Virtual Machines", "Network")
            for amount in ("0.0049", "1.2345678", "-0.333333333333")
        ),
        cost(SEPTEMBER, "1", "nobody's"),
    )
    accountant.subscriptions(first, "s-1")
    (statement,) = accountant.run().statements
    return statement.statement_id


def test_every_line_is_shown_as_its_charges_and_its_unit_give(accountant: Accountant) -> None:
    whole = checked(accountant, uneven(accountant))
    assert [line["service"] for line in whole["lines"]] == ["Network", "Storage", "Virtual Machines"]
    # 0.0049, 1.2345678 and -0.333333333333 × 1.1337 are 1.027284644860: three lines of 102 units, and two to deal.
    assert [line["amount"] for line in whole["lines"]] == ["1.03", "1.03", "1.02"]
    assert computed(whole["steps"]) == {
        "exact total": Decimal("3.081853934580"),
        "total in minor units": Decimal(308),
        "floors": Decimal(306),
        "units to deal": Decimal(2),
    }


def test_a_charge_tells_its_source_owner_base_rule_and_price(accountant: Accountant) -> None:
    statement_id = uneven(accountant)
    (line,) = explained(accountant, statement_id, charge=SourceRow(2))["lines"]
    (found,) = line["charges"]
    told = {step["step"]: step for step in found["steps"]}
    assert list(told) == ["source", "owner", "base", "rule", "factor", "price"]
    assert told["source"]["facts"]["file"] == "cost-2024-09-1.csv"
    assert (told["owner"]["facts"]["bound_by"], told["owner"]["facts"]["account"]) == ("subscription", "s-1")
    assert (told["base"]["facts"]["base_kind"], told["base"]["result"]) == ("list", "1.234567800000")
    assert told["rule"]["facts"]["adjustment"] == "percentIncrease"
    assert told["factor"]["result"] == "1.133700"
    assert told["price"]["result"] == "1.399629514860"


def test_a_line_of_very_many_charges_is_told_by_totals_and_its_first_charges(accountant: Accountant) -> None:
    first = accountant.customer("First")
    accountant.deliver(SEPTEMBER, *(cost(SEPTEMBER, f"0.{number:04d}") for number in range(1, 400)))
    accountant.subscriptions(first, "s-1")
    (statement,) = accountant.run().statements
    (line,) = explained(accountant, statement.statement_id, line_number=1, shown_charges=3)["lines"]
    assert (line["charge_count"], [found["row"] for found in line["charges"]]) == (399, [1, 2, 3])
    (total,) = line["priced_alike"]
    amounts = (total["billed_cost"], total["statement_cost"], total["price"], line["exact"])
    assert (total["charges"], set(amounts)) == (399, {"7.980000000000"})
    assert computed(line["steps"])["charges"] == Decimal("7.98")


def test_notes_and_voids_derive_to_what_was_issued(accountant: Accountant) -> None:
    statement_id = uneven(accountant)
    accountant.finalize(override="The rest is ours")
    for amounts in (("1.005", "2.0051"), ("1.0049", "2.0051"), ("0.3333", "1.1")):
        accountant.deliver(
            SEPTEMBER,
            cost(SEPTEMBER, amounts[0], ServiceName="Storage"),
            cost(SEPTEMBER, amounts[1], ServiceName="Other"),
        )
        accountant.run()
        accountant.correct()
    accountant.void(statement_id)
    records = {told.split()[2] for told in accountant.documents()}
    notes = sorted(number for number in records if number.startswith("N"))
    assert len(notes) >= 3
    for number in ["S2024-000001", *notes]:
        checked(accountant, accountant.statement_id(number))
    void = explained(accountant, accountant.statement_id(notes[-1]))
    assert void["steps"][0]["operands"] == []
    (first_step, *_) = explained(accountant, accountant.statement_id(notes[0]))["lines"][0]["steps"]
    assert [operand["name"] for operand in first_step["operands"]][1:] == [f"statement {statement_id}"]


def test_lines_that_a_month_has_no_more_derive_to_what_takes_them_back(accountant: Accountant) -> None:
    first = accountant.customer("First")
    support = BillingRuleOrder(
        name="Support",
        cloud=RuleCloud.AWS,
        billing_rule_type=RuleType.SUPPORT,
        rule_action=RuleAction.FLAT_FEE,
        flat_fee_cost=Decimal("7.005"),
        start_month=SEPTEMBER,
        add_target_customers=CustomersChange(customer_ids=(first,)),
        product_description="Support",
    )
    rule_id = create_billing_rule(accountant.installation, accountant.caller, support).billing_rule_id
    remaining, gone = (cost(SEPTEMBER, "10", account, ProviderName="AWS") for account in ("s-1", "s-2"))
    accountant.deliver(SEPTEMBER, remaining, gone)
    accountant.subscriptions(first, "s-1", "s-2")
    _, entry = (
        enter_manual_line(
            accountant.installation, accountant.caller, NewManualLine(first, SEPTEMBER, Decimal(amount), "Set-up")
        )
        for amount in ("3.333", "1")
    )
    accountant.run()
    accountant.finalize()
    withdraw_manual_line(accountant.installation, accountant.caller, entry.manual_line_id)
    accountant.deliver(SEPTEMBER, remaining)
    accountant.run()
    accountant.correct()
    note = checked(accountant, accountant.statement_id("N2024-000001"))
    assert [(line["kind"], line["exact"].rstrip("0")) for line in note["lines"]] == [
        ("charges", "-10."),
        ("support", "-7.005"),
        ("manual", "-1."),
    ]
    named = [operand["name"] for operand in note["steps"][0]["operands"]]
    assert named == ["AWS × s-1 × Virtual Machines × Usage", f"support rule {rule_id}, account s-1", "entry 1"]


def test_a_correction_that_stands_on_the_next_statement_is_explained_there(accountant: Accountant) -> None:
    accountant.settle(late_cost=LateCost.NEXT, unassigned_threshold=Decimal(100))
    first = accountant.customer("First")
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "10.004"))
    accountant.subscriptions(first, "s-1")
    accountant.run()
    accountant.finalize()
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "12.006"))
    accountant.run()
    accountant.correct()
    accountant.deliver(OCTOBER, cost(OCTOBER, "1"))
    (statement,) = accountant.run(OCTOBER).statements
    whole = checked(accountant, statement.statement_id)
    shown = [(line["amount"], line["correction_of"]) for line in whole["lines"]]
    assert (whole["total"], shown) == ("3.01", [("1.00", None), ("2.01", "2024-09")])


def test_carry_lines_derive_from_the_ledger_of_issued_statements(accountant: Accountant) -> None:
    first = accountant.customer("First", carry_forward=True, late_cost=LateCostTerm.NEXT)
    for month, amount in ((AUGUST, "-3"), (SEPTEMBER, "-7.015"), (OCTOBER, "4"), (NOVEMBER, "20")):
        accountant.deliver(month, cost(month, amount))
    accountant.subscriptions(first, "s-1")
    for month in (AUGUST, SEPTEMBER, OCTOBER):
        accountant.run(month)
        accountant.finalize(month, override="Early")
    accountant.deliver(OCTOBER, cost(OCTOBER, "4.5"))
    accountant.run(OCTOBER)
    accountant.correct(OCTOBER)
    accountant.run(NOVEMBER)
    records = every_statement(accountant.installation, accountant.caller, StatementFilter())
    ids = {record.statement.month: record.statement_id for record in records}
    # 3.00 and 7.02 are carried; October takes 4.00 of it, November the rest of its 20.00 and the 0.50 of October.
    expected = {
        SEPTEMBER: ({"total before carry": -702, "carried forward": 702}, "7.02", 0),
        OCTOBER: (
            {"total before carry": 400, "open credit": 1002, "taken up": 400, "brought forward": -400},
            "-4.00",
            0,
        ),
        NOVEMBER: (
            {"total before carry": 2050, "open credit": 602, "taken up": 602, "brought forward": -602},
            "-6.02",
            1448,
        ),
    }
    for month, (steps, shown, total) in expected.items():
        whole = explained(accountant, ids[month])
        (line,) = explained(accountant, ids[month], line_number=len(whole["lines"]))["lines"]
        assert line["amount"] == shown
        assert computed(line["steps"]) == {**steps, "shown": Decimal(shown)}
        assert computed(whole["steps"])["whole total"] == total
    (of_november,) = explained(accountant, ids[NOVEMBER], line_number=3)["lines"]
    (credit,) = [step for step in of_november["steps"] if step["step"] == "open credit"]
    assert [operand["value"] for operand in credit["operands"]] == ["300", "702", "-400"]


def test_a_final_statement_is_explained_by_the_terms_and_cost_of_its_time(accountant: Accountant) -> None:
    statement_id = uneven(accountant)
    accountant.finalize(override="The rest is ours")
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "77"))
    first = accountant.customers["First"].customer_id
    change = CustomerChange(terms=TermsChange(basis=Basis.BILLED, from_month=OCTOBER))
    change_customer(accountant.installation, accountant.caller, first, change)
    accountant.run()
    assert checked(accountant, statement_id)["total"] == "3.08"


def test_a_row_that_several_files_have_asks_for_the_file(accountant: Accountant) -> None:
    first = accountant.customer("First")
    accountant.cost(cost(SEPTEMBER, "1"), scope="one", name="one.csv")
    accountant.subscriptions(first, "s-1")
    later = {**cost(SEPTEMBER, "2"), "ChargePeriodStart": "2024-09-09T00:00:00Z"}
    accountant.cost(later, scope="two", name="two.csv")
    (statement,) = accountant.run().statements
    with pytest.raises(Invalid) as refusal:
        explained(accountant, statement.statement_id, charge=SourceRow(1))
    assert (refusal.value.code, set(refusal.value.fields)) == ("charge_ambiguous", {"one.csv", "two.csv"})
    (line,) = explained(accountant, statement.statement_id, charge=SourceRow(1, "two.csv"))["lines"]
    assert [found["price"] for found in line["charges"]] == ["2.000000000000"]


def test_what_is_not_on_the_document_is_not_found(accountant: Accountant, other_partner: Caller) -> None:
    statement_id = uneven(accountant)
    for asked, code in (
        ({"line_number": 4}, "line_not_found"),
        ({"charge": SourceRow(10)}, "charge_not_found"),
        ({"charge": SourceRow(999)}, "charge_not_found"),
        ({"charge": SourceRow(1, "other.csv")}, "charge_not_found"),
        ({"charge": SourceRow(1), "line_number": 1}, "charge_not_found"),
    ):
        with pytest.raises(NotFound) as refusal:
            explained(accountant, statement_id, **asked)
        assert refusal.value.code == code
    with pytest.raises(NotFound):
        explain_statement(accountant.installation, other_partner, statement_id)
    first = accountant.customers["First"].customer_id
    customer = Caller(accountant.caller.partner_id, Role.CUSTOMER_READ_ONLY, customer_id=first)
    with pytest.raises(Forbidden):
        explain_statement(accountant.installation, customer, statement_id)


def test_an_edited_line_does_not_derive(accountant: Accountant) -> None:
    statement_id = uneven(accountant)
    with accountant.installation.database.writing() as connection:
        connection.execute(text("UPDATE statement_lines SET exact_amount = '1.03' WHERE number = 1"))
    with pytest.raises(ProgramError) as fault:
        explained(accountant, statement_id, line_number=1)
    assert fault.value.code == "derivation_differs"


def test_tenants_credits_and_costs_without_retail_say_why(accountant: Accountant) -> None:
    first = accountant.customer("First", markup_percent=Decimal(-10), fallback_markup_percent=Decimal("2.5"))
    accountant.deliver(
        SEPTEMBER,
        charge("2024-09-03", "4", "", SubAccountId="s-1"),
        charge("2024-09-03", "5", "0", SubAccountId="s-1"),
        charge("2024-09-03", "6", "8", SubAccountId="s-1"),
        charge("2024-09-03", "-1", "", SubAccountId="s-1", ChargeCategory="Credit"),
        charge("2024-09-03", "2", "", SubAccountId="s-1", ChargeCategory="Tax"),
    )
    accountant.subscriptions(first, "s-1")
    (statement,) = accountant.run().statements
    found = {
        one["row"]: {step["step"]: step["sentence"] for step in one["steps"]} | {"price": one["price"]}
        for number in (1, 2, 3)
        for one in explained(accountant, statement.statement_id, line_number=number)["lines"][0]["charges"]
    }
    assert [found[row]["price"] for row in sorted(found)] == [
        "4.100000000000",
        "5.125000000000",
        "7.200000000000",
        "-1.000000000000",
        "0.000000000000",
    ]
    assert found[1]["base"] == "The base is BilledCost, because ListCost is absent."
    assert found[2]["base"] == "The base is BilledCost, because ListCost is 0 while BilledCost is not."
    assert "fallback markup counts instead: 2.5 %" in found[1]["factor"]
    assert found[4]["base"] == "The base is BilledCost, because the charge is of category Credit."
    assert found[5]["base"] == "The base is 0: it is the partner's own input tax."


def test_lines_and_shares_of_billing_rules_derive_too(accountant: Accountant) -> None:
    first = accountant.customer("First")
    everyone = CustomersChange(everyone=True)
    shared: dict[str, Any] = {
        "cloud": RuleCloud.AZURE,
        "billing_rule_type": RuleType.CUSTOM,
        "start_month": BillingMonth(2024, 1),
    }
    shared |= {
        "product_name": "Care",
        "frequency": RuleFrequency.RECURRING,
        "add_csp_customers": everyone,
        "product_description": "Service",
    }
    ratio = {"rule_action": RuleAction.SPEND_RATIO, "apply_rate_in_percentage": Decimal("3.3333")}
    for rule in (
        {"name": "Spread", **ratio},
        {"name": "Credit", **ratio, "type": RuleSign.CREDIT, "apply_rate_in_percentage": Decimal("0.7")},
        {"name": "Line", **ratio, "add_spend_ratio_as_custom_line_item": True},
        {"name": "Fee", "rule_action": RuleAction.FLAT_FEE, "apply_flat_fee_cost": Decimal("2.505")},
    ):
        create_billing_rule(accountant.installation, accountant.caller, BillingRuleOrder(**{**shared, **rule}))
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "10.007"), cost(SEPTEMBER, "5.003", ServiceName="Storage"))
    accountant.subscriptions(first, "s-1")
    (statement,) = accountant.run().statements
    whole = checked(accountant, statement.statement_id)
    assert [line["kind"] for line in whole["lines"]] == ["charges", "charges", "custom", "custom"]
    (line,) = explained(accountant, statement.statement_id, line_number=1)["lines"]
    names = [step["step"] for step in line["charges"][0]["steps"]]
    assert names[:5] == ["source", "owner", "base", "rule", "price of the book"]
    assert len(names) == 8
    accountant.finalize()
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "11"))
    accountant.run()
    accountant.correct()
    checked(accountant, accountant.statement_id("N2024-000001"))


def test_a_statement_of_fees_alone_derives(accountant: Accountant) -> None:
    accountant.customer("First")
    fee = BillingRuleOrder(
        name="Fee",
        cloud=RuleCloud.AZURE,
        billing_rule_type=RuleType.CUSTOM,
        rule_action=RuleAction.FLAT_FEE,
        apply_flat_fee_cost=Decimal("2.505"),
        start_month=SEPTEMBER,
        add_csp_customers=CustomersChange(everyone=True),
        product_name="Care",
        product_description="Service",
    )
    create_billing_rule(accountant.installation, accountant.caller, fee)
    (statement,) = accountant.run().statements
    assert checked(accountant, statement.statement_id)["total"] == "2.51"
