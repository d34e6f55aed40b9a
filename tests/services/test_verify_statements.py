"""Statements computed again from what their runs recorded: equal whatever came later, different where touched."""

import json
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from rebill.model import currencies
from rebill.model.billing_rule import (
    BillingRule,
    BillingRuleOrder,
    ChosenCustomers,
    CustomersChange,
    RuleAction,
    RuleCloud,
    RuleFrequency,
    RuleInForce,
    RuleScope,
    RuleSign,
    RuleTerms,
    RuleType,
    SpendTier,
    TierPricing,
)
from rebill.model.closing import LateCost
from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.errors import Conflict, Forbidden, NotFound, TooMany
from rebill.model.identifiers import AccountKind
from rebill.model.manual_line import ManualLine, NewManualLine
from rebill.model.money import text_of
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Role
from rebill.model.price_book import AccountBook, RecordedBook, Specification, SpecificationFormat
from rebill.model.rating import AccountBinding, RatingInputs, RefundRules
from rebill.model.terms import Basis, CommitmentsPolicy, CustomerTerms
from rebill.services.acting.installation import Installation
from rebill.services.parties.change_customer import change_customer
from rebill.services.pricing.create_billing_rule import create_billing_rule
from rebill.services.pricing.price_book_text import recorded_price_book
from rebill.services.proof.verify_statements import verify_month, verify_statement
from rebill.services.runs.recompute import place_of_proof
from rebill.services.runs.recorded_run import inputs_of
from rebill.services.runs.run_manifest import manifest_inputs
from tests.services.accountant import OCTOBER, Accountant, cost
from tests.services.months import SEPTEMBER

NOON = datetime(2024, 10, 1, 12, tzinfo=UTC)


@pytest.fixture
def accountant(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    return Accountant(installation, partner, tmp_path)


def verdicts(accountant: Accountant) -> list[str]:
    """What verifying September says of each document; what is missing comes last."""
    found = verify_month(accountant.installation, accountant.caller, SEPTEMBER)
    assert found.is_equal == (not any([*found.missing, *(one.difference for one in found.verifications)]))
    return [one.difference or "equal" for one in found.verifications] + list(found.missing)


def test_a_share_that_rounds_to_nothing_below_0_is_0_on_every_store(accountant: Accountant) -> None:
    first = accountant.customer("First")
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "-0.000000000001"))
    accountant.subscriptions(first, "s-1")
    for name, percent, sign in (("Small", "10", RuleSign.CHARGE), ("Nothing", "0", RuleSign.CREDIT)):
        rule = BillingRuleOrder(
            name=name,
            cloud=RuleCloud.AZURE,
            billing_rule_type=RuleType.CUSTOM,
            rule_action=RuleAction.SPEND_RATIO,
            apply_rate_in_percentage=Decimal(percent),
            type=sign,
            add_csp_customers=CustomersChange(everyone=True),
            product_name=name,
            product_description=name,
            start_month=SEPTEMBER,
            add_spend_ratio_as_custom_line_item=True,
        )
        create_billing_rule(accountant.installation, accountant.caller, rule)
    (record,) = accountant.run().statements
    shares = accountant.whole(record.statement_id).statement.lines[1:]
    assert [text_of(line.priced.exact_amount) for line in shares] == ["0.000000000000"] * 2
    assert verdicts(accountant) == ["equal"]


def billed(accountant: Accountant) -> int:
    """First has two services in September, marked up by an odd percent, and was run; its statement."""
    first = accountant.customer("First", markup_percent=Decimal("13.37"))
    accountant.deliver(
        SEPTEMBER,
        cost(SEPTEMBER, "10.004", ServiceName="Storage"),
        cost(SEPTEMBER, "5.007", ServiceName="Virtual Machines"),
        cost(SEPTEMBER, "1", "nobody's"),
    )
    accountant.subscriptions(first, "s-1")
    (statement,) = accountant.run().statements
    return statement.statement_id


def change(accountant: Accountant, statement: str, **values: object) -> None:
    """Somebody changes the record behind rebill's back."""
    with accountant.installation.database.writing() as connection:
        assert connection.execute(text(statement), values).rowcount


def in_lake(accountant: Accountant, pattern: str) -> Path:
    (found,) = accountant.installation.lake_folder.glob(pattern)
    return found


def test_a_statement_is_equal_whatever_changed_since_its_run(accountant: Accountant) -> None:
    statement_id = billed(accountant)
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "99", ServiceName="Other"))
    accountant.move(accountant.customer("Second"), "2024-09-01", "s-1")
    first = accountant.customers["First"].customer_id
    change_customer(accountant.installation, accountant.caller, first, CustomerChange(terms=TermsChange(False)))
    assert verify_statement(accountant.installation, accountant.caller, statement_id).difference == ""
    assert verdicts(accountant) == ["equal"]


def test_final_statements_notes_and_voids_are_equal(accountant: Accountant) -> None:
    first = billed(accountant)
    accountant.finalize(override="The rest is ours")
    for amounts in (("12.005", "5.007"), ("8.333333", "5.0049")):
        accountant.deliver(
            SEPTEMBER,
            cost(SEPTEMBER, amounts[0], ServiceName="Storage"),
            cost(SEPTEMBER, amounts[1], ServiceName="Virtual Machines"),
        )
        accountant.run()
        accountant.correct()
    assert verdicts(accountant) == ["equal"] * 3
    accountant.void(first)
    assert verdicts(accountant) == ["equal"] * 5
    accountant.finalize()
    assert verdicts(accountant) == ["equal"] * 5


def test_a_correction_on_the_next_statement_is_verified_with_it(accountant: Accountant) -> None:
    accountant.settle(late_cost=LateCost.NEXT, unassigned_threshold=Decimal(100))
    billed(accountant)
    accountant.finalize()
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "12", ServiceName="Storage"))
    accountant.run()
    accountant.correct()
    assert verdicts(accountant) == ["equal"]
    accountant.deliver(OCTOBER, cost(OCTOBER, "1"))
    (statement,) = accountant.run(OCTOBER).statements
    assert verify_statement(accountant.installation, accountant.caller, statement.statement_id).difference == ""
    accountant.finalize(OCTOBER, override="The customer wants it now")
    assert verify_statement(accountant.installation, accountant.caller, statement.statement_id).difference == ""
    assert verdicts(accountant) == ["equal"]


@pytest.mark.parametrize(
    ("edit", "difference"),
    [
        (
            "UPDATE statement_lines SET exact_amount = '11.000000000000' WHERE number = 1",
            "line 1 (Microsoft × s-1 × Storage × Usage): its exact amount is 11.000000000000, recomputed "
            "11.341534800000",
        ),
        (
            "UPDATE statement_lines SET amount_minor_units = amount_minor_units + 3 - 2 * number",
            "line 1 (Microsoft × s-1 × Storage × Usage): its amount is 11.35, recomputed 11.34",
        ),
        (
            "UPDATE statement_lines SET quantity = 2 WHERE number = 2",
            "line 2 (Microsoft × s-1 × Virtual Machines × Usage): its quantity is 2.00000000, recomputed 1.00000000",
        ),
        (
            "UPDATE statement_lines SET service = 'Strange' WHERE number = 2",
            "line 2 (Microsoft × s-1 × Virtual Machines × Usage): its key is Microsoft × s-1 × Strange × Usage, "
            "recomputed Microsoft × s-1 × Virtual Machines × Usage",
        ),
        (
            "DELETE FROM statement_lines WHERE number = 2",
            "line 2 (Microsoft × s-1 × Virtual Machines × Usage) is missing",
        ),
        ("UPDATE statements SET total_minor_units = 1", "its total is 0.01, its lines add up to 17.02"),
        (
            "UPDATE statements SET statement_cost = '0.5'",
            "its statement cost is 0.500000000000, recomputed 15.011000000000",
        ),
        (
            "UPDATE runs SET attention = '{\"no_retail\": 1}'",
            "is not as it was left: attention is {'no_retail': 1}, recomputed {}",
        ),
    ],
)
def test_an_edited_record_is_different_and_the_place_is_named(
    accountant: Accountant, edit: str, difference: str
) -> None:
    statement_id = billed(accountant)
    change(accountant, edit)
    found = verify_statement(accountant.installation, accountant.caller, statement_id).difference
    # Decimals are kept as text on one of the stores.
    assert difference in found.replace("0.5,", "0.500000000000,")


def test_a_line_that_nobody_computed_is_named(accountant: Accountant) -> None:
    statement_id = billed(accountant)
    change(
        accountant,
        "INSERT INTO statement_lines (statement_id, number, partner_id, line_kind, description, provider, "
        "exact_amount, amount_minor_units, charge_count) "
        "SELECT statement_id, 3, partner_id, line_kind, '', provider, exact_amount, amount_minor_units, 1 "
        "FROM statement_lines WHERE number = 1",
    )
    found = verify_statement(accountant.installation, accountant.caller, statement_id).difference
    assert found == "line 3 (Microsoft × – × – × –) stands there, but is not in what was recomputed"


def test_a_statement_that_is_gone_is_missing(accountant: Accountant) -> None:
    billed(accountant)
    change(accountant, "DELETE FROM statement_lines")
    change(accountant, "DELETE FROM statements")
    first = accountant.customers["First"].customer_id
    (said,) = verdicts(accountant)
    assert said.startswith(f"customer {first} has no statement in USD, which run ")


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("pattern", "damage", "said"),
    [
        ("*/costs/2024-09/*/part-00000.parquet", flip, "its SHA-256 is "),
        ("*/costs/2024-09/*/part-00000.parquet", Path.unlink, "it cannot be read (No such file or directory)"),
        ("*/costs/2024-09/*/manifest.json", flip, "its SHA-256 is "),
        ("*/runs/2024-09/*/rated_lines.parquet", flip, "its SHA-256 is "),
        ("*/runs/2024-09/*/prices.parquet", Path.unlink, "it cannot be read (No such file or directory)"),
        ("*/runs/2024-09/*/manifest.json", flip, "its SHA-256 is "),
        ("*/runs/2024-09/*/manifest.json", Path.unlink, "it cannot be read (No such file or directory)"),
    ],
)
def test_a_changed_file_of_the_lake_is_different_and_named(
    accountant: Accountant, pattern: str, damage: Callable[[Path], object], said: str
) -> None:
    billed(accountant)
    file = in_lake(accountant, pattern)
    damage(file)
    found, missing = verdicts(accountant)
    assert found == missing
    assert found.startswith(f"{file.relative_to(accountant.installation.lake_folder).as_posix()} is not as it was left")
    assert said in found


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("line_count", 2, "line_count is 2, recomputed 3"),
        ("balance", [], "balance is [], recomputed [{'currency': 'USD'"),
        ("outcome_sha256", "0" * 64, f"outcome_sha256 is {'0' * 64}, recomputed"),
        ("inputs_sha256", "0" * 64, f"inputs_sha256 is {'0' * 64}, recomputed"),
        ("inputs", {}, "its SHA-256 is "),
    ],
)
def test_a_changed_manifest_is_different(accountant: Accountant, name: str, value: object, said: str) -> None:
    billed(accountant)
    file = in_lake(accountant, "*/runs/2024-09/*/manifest.json")
    file.write_text(json.dumps({**json.loads(file.read_bytes()), name: value}))
    assert "its SHA-256 is " in verdicts(accountant)[0]
    change(accountant, "UPDATE runs SET manifest_file_sha256 = NULL")
    assert said in verdicts(accountant)[0]


@pytest.mark.parametrize(("content", "said"), [("{", "it is no JSON document"), ("[]", "it is no JSON object")])
def test_a_manifest_of_which_no_hash_was_kept_must_be_one(accountant: Accountant, content: str, said: str) -> None:
    billed(accountant)
    change(accountant, "UPDATE runs SET manifest_file_sha256 = NULL")
    in_lake(accountant, "*/runs/2024-09/*/manifest.json").write_text(content)
    assert said in verdicts(accountant)[0]


def test_a_run_of_a_version_that_told_less_is_equal(accountant: Accountant) -> None:
    billed(accountant)
    file = in_lake(accountant, "*/runs/2024-09/*/manifest.json")
    manifest = json.loads(file.read_bytes())
    del manifest["balance"][0]["unassigned_gross"]
    file.write_text(json.dumps(manifest))
    told_less = json.dumps(manifest["balance"])
    change(accountant, "UPDATE runs SET balance = :balance, manifest_file_sha256 = NULL", balance=told_less)
    assert verdicts(accountant) == ["equal"]
    del manifest["balance"][0]["imported"]
    file.write_text(json.dumps(manifest))
    assert "balance is" in verdicts(accountant)[0]


def test_a_changed_input_is_different_even_with_a_hash_that_fits_the_manifest(accountant: Accountant) -> None:
    billed(accountant)
    file = in_lake(accountant, "*/runs/2024-09/*/manifest.json")
    manifest = json.loads(file.read_bytes())
    manifest["inputs"]["terms"][0]["basis"] = "billed"
    file.write_text(json.dumps(manifest))
    assert "its SHA-256 is " in verdicts(accountant)[0]


def test_minor_units_are_those_of_the_currency_table_as_it_stood(
    accountant: Accountant, monkeypatch: pytest.MonkeyPatch
) -> None:
    billed(accountant)
    accountant.finalize(override="The rest is ours")
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "12.005", ServiceName="Storage"))
    accountant.run()
    accountant.correct()
    monkeypatch.setitem(currencies.MINOR_DIGITS, "USD", 0)
    assert verdicts(accountant) == ["equal", "equal"]


def test_runs_of_one_customer_are_verified_by_their_own_inputs(accountant: Accountant) -> None:
    billed(accountant)
    second = accountant.customer("Second")
    accountant.subscriptions(second, "nobody's")
    accountant.run(customer_id=second)
    assert verdicts(accountant) == ["equal", "equal"]


def test_a_month_without_a_run_and_an_unknown_statement_say_so(accountant: Accountant, other_partner: Caller) -> None:
    with pytest.raises(Conflict) as not_run:
        verify_month(accountant.installation, accountant.caller, OCTOBER)
    assert not_run.value.code == "month_not_run"
    statement_id = billed(accountant)
    for caller, unknown in ((other_partner, statement_id), (accountant.caller, 1)):
        with pytest.raises(NotFound) as refusal:
            verify_statement(accountant.installation, caller, unknown)
        assert refusal.value.code == "statement_not_found"


def test_a_customer_verifies_nothing(accountant: Accountant) -> None:
    statement_id = billed(accountant)
    first = accountant.customers["First"].customer_id
    caller = Caller(accountant.caller.partner_id, Role.CUSTOMER_READ_ONLY, customer_id=first)
    with pytest.raises(Forbidden):
        verify_statement(accountant.installation, caller, statement_id)


def test_only_so_many_months_are_recomputed_at_once(accountant: Accountant) -> None:
    statement_id = billed(accountant)
    with (
        place_of_proof(accountant.installation, accountant.caller),
        place_of_proof(accountant.installation, accountant.caller),
        pytest.raises(TooMany) as refusal,
    ):
        verify_statement(accountant.installation, accountant.caller, statement_id)
    assert refusal.value.code == "proofs_running"
    assert verify_statement(accountant.installation, accountant.caller, statement_id).difference == ""


def _inputs() -> RatingInputs:
    """Inputs of which every part says something."""
    specification = Specification(
        '<CHTBillingRules date="2024-01-01"><RuleGroup><BillingRule name="Off">'
        '<BasicBillingRule billingAdjustment="10" billingRuleType="percentDiscount"/>'
        '<Product productName="ANY"/></BillingRule></RuleGroup></CHTBillingRules>',
        SpecificationFormat.XML,
    )
    book = RecordedBook(7, "Book", "2024-02", specification, recorded_price_book(specification))
    return RatingInputs(
        month=SEPTEMBER,
        home_currency="EUR",
        bindings=(
            AccountBinding(AccountKind.SUBSCRIPTION, "s-1", 1, date(2024, 1, 1), date(2024, 9, 9)),
            AccountBinding(AccountKind.AZURE_CUSTOMER, "t-1", 2, None, None),
        ),
        terms=(
            CustomerTerms(1, True, Basis.BILLED, CommitmentsPolicy.AMORTIZED, Decimal("1.2345"), carry_forward=True),
            CustomerTerms(2, False, Basis.LIST, CommitmentsPolicy.RETAIL, Decimal("0.0000")),
        ),
        books=(book,),
        account_books=(AccountBook(1, None, 7), AccountBook(1, "s-1", 7)),
        bill_input_tax=True,
        billing_rules=(RuleInForce(4, _rule(fee=Decimal("1.5"))), RuleInForce(5, _tiers())),
        departed=(3,),
        manual_lines=(
            ManualLine(8, 1, NewManualLine(1, SEPTEMBER, Decimal("1.500000000000"), "Set-up"), NOON),
            ManualLine(9, 2, NewManualLine(2, SEPTEMBER, Decimal(-2), "Back", "USD", Decimal("0.25"), "G1"), NOON),
        ),
        refund_rules=(
            RefundRules(
                BillingMonth(2024, 7),
                ("G-7", "G-7b"),
                (CustomerTerms(1, True, Basis.LIST, CommitmentsPolicy.RETAIL, Decimal("2.5000")),),
                (book,),
                (AccountBook(1, "s-2", 7),),
                (RuleInForce(4, _rule(fee=Decimal("2.5"))),),
            ),
        ),
    )


def _rule(**terms: Any) -> BillingRule:
    given = RuleTerms(
        BillingMonth(2024, 2),
        BillingMonth(2025, 1),
        RuleFrequency.RECURRING,
        sign=RuleSign.CREDIT,
        currency="EUR",
        product_name="Product",
        product_description="What it is for",
        csp_customers=ChosenCustomers(customer_ids=(1, 2)),
        target_customers=ChosenCustomers(everyone=True),
        enterprise_agreements=((1, (12, 13)),),
        **terms,
    )
    return BillingRule("Rule", RuleCloud.AZURE, RuleType.CUSTOM, RuleAction.FLAT_FEE, given)


def _tiers() -> BillingRule:
    tiers = (SpendTier(Decimal(0), Decimal("2.5")), SpendTier(Decimal(1000), Decimal("1.1111")))
    terms = RuleTerms(
        BillingMonth(2024, 2), scope=RuleScope.PER_BILLING_FAMILY, tier_pricing=TierPricing(Decimal(9), tiers)
    )
    return BillingRule("Tiers", RuleCloud.AWS, RuleType.SUPPORT, RuleAction.CUSTOM_TIER, terms)


def test_a_manifest_holds_every_input_and_gives_it_back() -> None:
    inputs = _inputs()
    silent = [field.name for field in fields(inputs) if getattr(inputs, field.name) == field.default]
    assert not silent, f"give these inputs of a run a value here, and write them into its manifest: {silent}"
    document: dict[str, Any] = json.loads(json.dumps(manifest_inputs(inputs, ())))
    assert inputs_of(document) == inputs
