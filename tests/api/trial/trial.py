"""Runs Schemathesis, in the environment of its own, on a server that ``rebill serve`` started on a world.

Every check is on; what a check is told to expect stands in ``schemathesis.toml`` beside this file, with the reason.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.listing import Page
from rebill.model.statement import StatementFilter
from rebill.services.billing.read_statements import list_statements
from rebill.services.billing.start_run import runs_of_month
from rebill.services.costs.import_costs import list_data_sets
from rebill.services.parties.catalogue import list_catalogue
from rebill.services.parties.change_customer import change_customer
from rebill.settings import Settings
from tests.api.world import CATALOGUE, SUBSCRIPTIONS, World
from tests.services.accountant import AUGUST, Accountant, cost
from tests.services.months import SEPTEMBER

FOLDER = Path(__file__).parent
PROGRAM = Path(sys.prefix) / "api-trial/bin/schemathesis"
_GREATEST_SECONDS = 7200
_KNOWN = 0.7
"""How often a request names a thing that is there; otherwise the id is drawn at random."""
CUSTOMER_PLACES = (
    "path.client_api_id",
    "query.client_api_id",
    "query.target_client_api_id",
    "body.client_api_id",
    "body.customer_id",
    "body.target_client_api_id",
    "body.add_csp_customers[*]",
)
AZURE_CUSTOMER_PLACES = ("body.azure_customer_ids[*]", "body.azure_customer_id")
SUBSCRIPTION_PLACES = ("body.azure_ids[*]", "body.azure_subscription_ids[*]")


@contextmanager
def served(settings: Settings, folder: Path) -> Iterator[str]:
    """The address of a server on the record of ``settings``, by the command that its operator gives."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REBILL_")}
    environment |= {"REBILL_HOME": str(settings.home), "REBILL_DATABASE_URL": settings.database_url}
    if settings.openid is not None:
        environment |= {
            "REBILL_OPENID_ISSUER": settings.openid.issuer,
            "REBILL_OPENID_CLIENT_ID": settings.openid.client_id,
            "REBILL_OPENID_CLIENT_SECRET": settings.openid.client_secret,
            "REBILL_OPENID_REDIRECT_URL": settings.openid.redirect_url,
        }
    command = [sys.executable, "-m", "rebill", "serve", "--port", "0"]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    try:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        yield next(word for word in words if word.startswith("http://"))
    finally:
        process.terminate()
        process.communicate()


@dataclass(frozen=True)
class Things:
    """What stands in the world that is tried, so that requests meet it: ids by the parameter that takes them.

    Ids drawn at random name nothing, and nothing behind a 404 would ever be tried. Both customers have an issued
    statement, so that none of the calls that are tried can delete them.
    """

    client_api_id: Sequence[int]
    statement_id: Sequence[int]
    db_partner_customer_id: Sequence[int]
    data_set_id: Sequence[int]
    run_id: Sequence[int]

    @classmethod
    def of(cls, world: World) -> "Things":
        """What is to be met; makes the statements."""
        customers = (world.customer_id, world.neighbour_id)
        statement_ids = _billed(world, customers)
        listed = list_catalogue(world.installation, world.partner, Page()).items
        data_sets = list_data_sets(world.installation, world.partner)
        runs = runs_of_month(world.installation, world.partner, SEPTEMBER, 1)
        return cls(
            customers,
            statement_ids,
            [account.account_id for account in listed],
            [data_set.data_set_id for data_set in data_sets],
            [run.run_id for run in runs],
        )

    def configuration(self) -> str:
        """``schemathesis.toml`` with dictionaries of these, for what is drawn at random."""
        dictionaries: dict[str, tuple[Sequence[int | str], Sequence[str]]] = {
            "customers": (self.client_api_id, CUSTOMER_PLACES),
            "statements": (self.statement_id, ["path.statement_id"]),
            "catalogue": (self.db_partner_customer_id, ["path.db_partner_customer_id"]),
            "data_sets": (self.data_set_id, ["path.data_set_id"]),
            "runs": (self.run_id, ["path.run_id"]),
            "azure_customers": (CATALOGUE, AZURE_CUSTOMER_PLACES),
            "subscriptions": (SUBSCRIPTIONS, SUBSCRIPTION_PLACES),
        }
        parts = [(FOLDER / "schemathesis.toml").read_text(encoding="utf-8")]
        for name, (values, _) in dictionaries.items():
            parts.append(f"[dictionaries.{name}]\nvalues = {json.dumps(values)}\n")
        parts.append("[parameters]")
        for name, (_, places) in dictionaries.items():
            parts += [f'"{place}" = {{ dictionary = "{name}", probability = {_KNOWN} }}' for place in places]
        return "\n".join(parts) + "\n"


def _billed(world: World, customers: Sequence[int]) -> list[int]:
    """A month that is issued and one that is run, for each customer: their statements can be explained and verified."""
    accountant = Accountant(world.installation, world.partner, world.installation.settings.home)
    subscriptions = {customer_id: f"subscription of {customer_id}" for customer_id in customers}
    for month in (AUGUST, SEPTEMBER):
        charges = [cost(month, "10", subscription) for subscription in subscriptions.values()]
        accountant.deliver(month, *charges, scope=str(month))
    for customer_id, subscription in subscriptions.items():
        change = CustomerChange(terms=TermsChange(billing_enabled=True))
        change_customer(world.installation, world.partner, customer_id, change)
        accountant.subscriptions(customer_id, subscription)
    accountant.run(AUGUST)
    accountant.finalize(AUGUST, override="To be tried")
    accountant.run(SEPTEMBER)
    listed = list_statements(world.installation, world.partner, Page(), StatementFilter()).items
    found = [one.record.statement_id for one in listed if one.record.statement.customer_id in customers]
    assert len(found) == 2 * len(customers)
    return found


def try_api(world: World, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What Schemathesis says of a server on ``world``, called with its admin key."""
    assert PROGRAM.exists(), "build its environment first: make lint"
    things = Things.of(world)
    (folder / "schemathesis.toml").write_text(things.configuration(), encoding="utf-8")
    with served(world.installation.settings, folder) as address:
        command = [
            str(PROGRAM), "--config-file", str(folder / "schemathesis.toml"), "run", f"{address}/openapi.json",
            "--header", f"Authorization: Bearer {world.keys['admin']}", "--no-color",
            "--warnings=off", "--wait-for-schema=60", "--generation-database=none", "--continue-on-failure", *options,
        ]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": str(FOLDER), "NO_PROXY": "127.0.0.1"}
        environment |= {"TRIAL_THINGS": json.dumps(asdict(things))}
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=_GREATEST_SECONDS
        )
