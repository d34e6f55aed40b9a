"""A run as it stood: everything it was computed from, read back from its manifest, not from what is in force today."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from rebill.lake.evidence import recorded_data_set, require_sha256, run_manifest
from rebill.lake.runs import MANIFEST
from rebill.model.data_set import DataSet
from rebill.model.identifiers import AccountKind
from rebill.model.months import BillingMonth
from rebill.model.price_book import AccountBook, RecordedBook, Specification, SpecificationFormat
from rebill.model.rating import AccountBinding, RatingInputs
from rebill.model.terms import Basis, CommitmentsPolicy, CustomerTerms
from rebill.services.installation import Installation
from rebill.services.price_book_text import recorded_price_book
from rebill.services.recorded_rules import billing_rule_of
from rebill.services.run_manifest import sha256_of_inputs
from rebill.store.closing import RecordedRun


@dataclass(frozen=True)
class RunEvidence:
    """What a run left: ``manifest``, the ``inputs`` and ``data_sets`` it names, the minor digits of its currencies."""

    run: RecordedRun
    manifest: Mapping[str, Any]
    inputs: RatingInputs
    data_sets: tuple[DataSet, ...]
    minor_digits: Mapping[str, int]


def run_evidence(installation: Installation, run: RecordedRun) -> RunEvidence:
    """Read a run's manifest and everything it points to, each against its recorded hash.

    Raises ``ProgramError`` for the first that is not what the run left: manifest, data set or part.
    """
    manifest = run_manifest(installation.lake_folder, run.folder)
    document = manifest.get("inputs", {})
    require_sha256(f"{run.folder}/{MANIFEST}", sha256_of_inputs(document), run.inputs_sha256)
    return RunEvidence(
        run,
        manifest,
        inputs_of(document),
        tuple(recorded_data_set(installation.lake_folder, found) for found in document["data_sets"]),
        document["currencies"],
    )


def inputs_of(document: Mapping[str, Any]) -> RatingInputs:
    """The inputs of which ``document`` is what ``manifest_inputs`` wrote down."""
    return RatingInputs(
        month=BillingMonth.parse(document["billing_month"]),
        home_currency=document["home_currency"],
        bindings=tuple(
            AccountBinding(AccountKind(kind), key, customer_id, _day(first), _day(until))
            for kind, key, customer_id, first, until in document["assignments"]
        ),
        terms=tuple(_terms(found) for found in document["terms"]),
        books=tuple(_book(found) for found in document["price_books"]),
        account_books=tuple(AccountBook(*choice) for choice in document["price_book_accounts"]),
        bill_input_tax=document["bill_input_tax"],
        # Runs of before there were rules say nothing of them.
        billing_rules=tuple(billing_rule_of(found) for found in document.get("billing_rules", ())),
        departed=tuple(document.get("departed_customers", ())),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _terms(document: Mapping[str, Any]) -> CustomerTerms:
    return CustomerTerms(
        document["customer_id"],
        document["billing_enabled"],
        Basis(document["basis"]),
        CommitmentsPolicy(document["commitments"]),
        Decimal(document["fallback_markup_percent"]),
    )


def _book(document: Mapping[str, Any]) -> RecordedBook:
    specification = Specification(document["specification"], SpecificationFormat(document["format"]))
    return RecordedBook(
        document["price_book_id"],
        document["name"],
        document["from_month"],
        specification,
        recorded_price_book(specification),
    )
