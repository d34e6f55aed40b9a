"""What is measured: for each act the requests that make it, by name."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.api.application import NOTHING, TRANSACTION
from benchmarks.api.traffic import Request
from benchmarks.api.world import World, identifier

ADD: Final = "/v1/azure_partner_customer_accounts/add"
LIST: Final = "/v1/azure_partner_customer_accounts/list"


@dataclass(frozen=True)
class Act:
    """Requests that are sent over many connections at once, or over one (``is_lone``)."""

    title: str
    requests: Callable[[World], Sequence[Request]]
    is_lone: bool = False


def body_of(numbers: range) -> str:
    """The body that names these accounts of the catalogue."""
    return json.dumps({"azure_customer_ids": [identifier(number) for number in numbers]})


def _least(path: str) -> Callable[[World], list[Request]]:
    def requests(world: World) -> list[Request]:
        return [Request("PUT", path, body_of(range(number, number + 1))) for number in range(world.sizes.calls)]

    return requests


def _fresh(world: World, count: int, size: int) -> list[Request]:
    """``count`` requests that each assign ``size`` accounts that nobody has, to customers in turn."""
    if count * size > world.sizes.free:
        raise AssertionError("the catalogue has too few free accounts")
    first = world.first_free
    owners = itertools.cycle(world.growing_ids)
    return [
        Request("PUT", f"{ADD}/{next(owners)}", body_of(range(start, start + size)), 207, size)
        for start in range(first, first + count * size, size)
    ]


def _again(world: World) -> list[Request]:
    """Each assigns an account to the customer that has it."""
    numbers = [place * 7919 % world.sizes.many for place in range(world.sizes.calls)]
    path = f"{ADD}/{world.many_id}"
    return [Request("PUT", path, body_of(range(number, number + 1)), 207) for number in numbers]


def _pages(customer: str, per_page: int, by_key: bool = False, share: int = 4) -> Callable[[World], list[Request]]:
    """Pages of one customer's list, from all over it; one where ``share`` of the small calls are sent."""

    def requests(world: World) -> list[Request]:
        customer_id, size = (world.many_id, world.sizes.many) if customer == "many" else (world.few_id, world.sizes.few)
        places: Iterator[str] = itertools.cycle(
            [f"after_id={one}" for one in world.assignment_ids]
            if by_key
            else [f"page={one * 7919 % max(1, size // per_page) + 1}" for one in range(200)]
        )
        count = max(1, world.sizes.calls // share)
        return [Request("GET", f"{LIST}/{customer_id}?per_page={per_page}&{next(places)}") for _ in range(count)]

    return requests


def _mixed(world: World) -> list[Request]:
    """Of ten calls: three pages, two customers, two pages of the catalogue, two assignments, and one repeated."""
    count = max(1, world.sizes.calls // 20)
    fresh, again = iter(_fresh(world, 2 * count, 1)), iter(_again(world))
    pages = itertools.cycle(_pages("many", 100)(world))
    calls: list[Request] = []
    for place in range(count):
        catalogue = f"/v1/azure_partner_customers?per_page=100&page={place % 5 + 1}"
        calls += [next(fresh), next(pages), Request("GET", f"/v1/customers/{world.few_id}"), next(pages)]
        calls += [Request("GET", catalogue), next(fresh), next(again), next(pages)]
        calls += [Request("GET", f"/v1/customers/{world.many_id}"), Request("GET", catalogue)]
    return calls


ACTS: Final[dict[str, Act]] = {
    "nothing": Act("a route that does nothing", _least(NOTHING)),
    "transaction": Act("a bare transaction of one INSERT", _least(TRANSACTION)),
    "add_one": Act("add 1 id", lambda world: _fresh(world, world.sizes.calls, 1)),
    "add_one_again": Act("add 1 id that it has", _again),
    "add_thousand": Act("add 1,000 ids", lambda world: _fresh(world, world.sizes.thousands, world.sizes.thousand)),
    "add_ten_thousand": Act(
        "add 10,000 ids", lambda world: _fresh(world, world.sizes.ten_thousands, world.sizes.ten_thousand)
    ),
    "lone_add_one": Act("alone: add 1 id", lambda world: _fresh(world, world.sizes.lone_calls, 1), True),
    "lone_add_ten_thousand": Act(
        "alone: add 10,000 ids",
        lambda world: _fresh(world, world.sizes.lone_ten_thousands, world.sizes.ten_thousand),
        True,
    ),
    "page_of_few": Act("page of 100 out of few", _pages("few", 100)),
    "page_of_many": Act("page of 100 out of many", _pages("many", 100)),
    "page_of_many_by_key": Act("page of 100 out of many, after_id", _pages("many", 100, by_key=True)),
    "long_page_of_many": Act("page of 1,000 out of many", _pages("many", 1_000, share=20)),
    "long_page_of_many_by_key": Act("page of 1,000 out of many, after_id", _pages("many", 1_000, True, 20)),
    "mixed": Act("mixed traffic", _mixed),
}
