"""A run as it stood: everything it was computed from, read back from its manifest, not from what is in force today."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from rebill.lake.evidence import recorded_data_set, require_sha256, run_manifest
from rebill.lake.runs import MANIFEST
from rebill.model.currencies import minor_digits
from rebill.model.data_set import DataSet
from rebill.model.errors import ProgramError
from rebill.model.identifiers import AccountKind
from rebill.model.months import BillingMonth
from rebill.model.price_book import AccountBook, RecordedBook, Specification, SpecificationFormat
from rebill.model.rating import AccountBinding, RatingInputs, RefundRules
from rebill.model.terms import Basis, CommitmentsPolicy, CustomerTerms, Guards
from rebill.services.acting.installation import Installation
from rebill.services.pricing.price_book_text import recorded_price_book
from rebill.services.runs.recorded_manual_lines import manual_line_of
from rebill.services.runs.recorded_rules import billing_rule_of
from rebill.services.runs.run_manifest import sha256_of_inputs
from rebill.store.closing import RecordedRun

_SAID_OF_WHAT_CAN_BE_ISSUED: Final = frozenset({"home_currency", "price_book_accounts"})
"""What every run says since statements can be issued. What came later has a value that stands for none."""


@dataclass(frozen=True)
class RunInputs:
    """What a run was computed from, by its manifest: ``document``, the same as JSON values.

    ``files``: the hashes of the tables it left, by file name; none of runs of before they were kept.
    """

    run: RecordedRun
    document: Mapping[str, Any]
    inputs: RatingInputs
    files: Mapping[str, str]

    @property
    def minor_digits(self) -> Mapping[str, int]:
        """Currency → decimals of its minor unit, by the table as it stood."""
        found: Mapping[str, int] = self.document["currencies"]
        return found

    def digits_of(self, currency: str) -> int:
        """Decimals of the minor unit of ``currency``, by the table as it stood.

        A run that takes a currency back altogether has no cost in it left and says nothing of it: then ISO 4217 does.
        """
        found = self.minor_digits.get(currency)
        return minor_digits(currency) if found is None else found

    @property
    def part_paths(self) -> tuple[str, ...]:
        """The Parquet files of its cost lines, in the order in which rated lines count them."""
        return tuple(path for found in self.document["data_sets"] for path, *_ in found["parts"])


def run_inputs(installation: Installation, run: RecordedRun, customer_id: int | None = None) -> RunInputs:
    """Read a run's manifest. Raises ``ProgramError`` where it, or its inputs, do not have the hash that was recorded.

    ``customer_id``: the inputs leave out what is of other customers alone.
    """
    manifest = run_manifest(installation.lake_folder, run.folder, run.manifest_file_sha256)
    document = manifest.get("inputs", {})
    if run.manifest_file_sha256 is None:  # Else every byte of the manifest was compared.
        require_sha256(f"{run.folder}/{MANIFEST}", sha256_of_inputs(document), run.inputs_sha256)
    wanted = document if customer_id is None else _of_customer(document, customer_id)
    return RunInputs(run, document, inputs_of(wanted), manifest.get("files", {}))


def _of_customer(document: Mapping[str, Any], customer_id: int) -> dict[str, Any]:
    """The document without assignments, terms and chosen books of other customers."""
    own = {
        "terms": [found for found in document["terms"] if found["customer_id"] == customer_id],
        "price_book_accounts": [found for found in document["price_book_accounts"] if found[0] == customer_id],
    }
    if "assignments" in document:
        own["assignments"] = [found for found in document["assignments"] if found[2] == customer_id]
    if "refund_rules" in document:
        own["refund_rules"] = [_of_customer(found, customer_id) for found in document["refund_rules"]]
    return {**document, **own}


def data_sets_of_run(installation: Installation, run: RunInputs, with_parts: bool = False) -> tuple[DataSet, ...]:
    """The data sets that a run's manifest names, as they were imported; ``with_parts``: every part is read whole.

    Raises ``ProgramError`` for the first data set or part that does not have the hash that was recorded of it.
    """
    recorded = run.document["data_sets"]
    return tuple(recorded_data_set(installation.lake_folder, found, with_parts) for found in recorded)


def inputs_of(document: Mapping[str, Any]) -> RatingInputs:
    """The inputs of which ``document`` is what ``manifest_inputs`` wrote down.

    Raises ``ProgramError`` (``run_of_older_version``) where a version wrote it down that could not issue documents yet.
    """
    if missing := sorted(_SAID_OF_WHAT_CAN_BE_ISSUED - document.keys()):
        raise ProgramError(
            "run_of_older_version",
            f"The run of {document['billing_month']} is of an older version of rebill, which did not write down "
            f"{', '.join(missing)}: rebill bill run --period {document['billing_month']} computes the month anew.",
        )
    return RatingInputs(
        month=BillingMonth.parse(document["billing_month"]),
        home_currency=document["home_currency"],
        bindings=tuple(
            AccountBinding(AccountKind(kind), key, customer_id, _day(first), _day(until))
            for kind, key, customer_id, first, until in document["assignments"]
        ),
        bill_input_tax=document["bill_input_tax"],
        **_pricing(document),
        # Runs of before there were entries or refunds of other months say nothing of them.
        refund_rules=tuple(
            RefundRules(BillingMonth.parse(found["billing_month"]), tuple(found["invoices"]), **_pricing(found))
            for found in document.get("refund_rules", ())
        ),
        departed=tuple(document.get("departed_customers", ())),
        manual_lines=tuple(manual_line_of(found) for found in document.get("manual_lines", ())),
    )


def _pricing(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "terms": tuple(_terms(found) for found in document["terms"]),
        "books": tuple(_book(found) for found in document["price_books"]),
        "account_books": tuple(AccountBook(*choice) for choice in document["price_book_accounts"]),
        # Runs of before there were rules say nothing of them.
        "billing_rules": tuple(billing_rule_of(found) for found in document.get("billing_rules", ())),
    }


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _terms(document: Mapping[str, Any]) -> CustomerTerms:
    guards = dict(document.get("guards", {}))
    if "margin_floor_percent" in guards:
        guards["margin_floor_percent"] = Decimal(guards["margin_floor_percent"])
    of_partner = {name: guards.pop(name) for name in document.get("guards_of_partner", ())}
    return CustomerTerms(
        document["customer_id"],
        document["billing_enabled"],
        Basis(document["basis"]),
        CommitmentsPolicy(document["commitments"]),
        Decimal(document["fallback_markup_percent"]),
        carry_forward=document.get("carry_forward", False),
        home_currency=document.get("home_currency"),
        **guards,
        partner_guards=Guards(**of_partner),
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
