"""Azure accounts: look for them, choose many, see what an act would do, do it; and the history of each."""

from dataclasses import replace
from datetime import date
from enum import StrEnum
from urllib.parse import urlencode

from rebill.console.route import PageRoute
from rebill.console.visit import Fields, Page, PageAnswer, Redirect, Visit
from rebill.model.assignment import AccountFault, AssignmentOrder
from rebill.model.audit import Act
from rebill.model.counting import counted
from rebill.model.errors import Conflict, Invalid, Refusal
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Listing
from rebill.model.listing import Page as ListPage
from rebill.model.months import parse_day
from rebill.services.acting.permission import Permission
from rebill.services.parties.assignment_act import carry_out, do_and_tell, look_ahead
from rebill.services.parties.browse_accounts import AccountSearch, Owner, account_history, find_accounts
from rebill.services.parties.find_customers import customer_meant, customer_names_in_order
from rebill.services.parties.issued_lines import NOTHING_FOUND, FoundLines
from rebill.services.syncing.read_plan_subscriptions import list_plan_subscriptions
from rebill.store.browsed_accounts import BrowsedAccount

_PER_PAGE = 50
_SUGGESTED_NAMES = 200
_CHOSEN = ("kind", "owner", "text", "after", "of", "account", "doing", "customer", "day")
"""What the address of a preview holds."""
_GREATEST_ADDRESS = 4000
"""Characters that every browser, proxy and server lets pass."""
KIND_WORDS = {
    AccountKind.AZURE_CUSTOMER: "Azure customers",
    AccountKind.SUBSCRIPTION: "Subscriptions",
    AccountKind.COMMITMENT: "Commitments",
    AccountKind.CHARGE_KIND: "Kinds of charges",
}


class Doing(StrEnum):
    """What can be done to accounts that were chosen."""

    ASSIGN = "assign"
    MOVE = "move"
    REMOVE = "remove"


_ACTS = {Doing.ASSIGN: Act.ASSIGN_ACCOUNTS, Doing.MOVE: Act.MOVE_ACCOUNTS, Doing.REMOVE: Act.REMOVE_ACCOUNTS}
_WORDS = {
    Doing.ASSIGN: ("Assign to a customer", "assigned to"),
    Doing.MOVE: ("Transfer to a customer", "transferred to"),
    Doing.REMOVE: ("Take away from a customer", "taken away from"),
}


def show_accounts(visit: Visit) -> Page:
    """The accounts of a kind, those that are looked for."""
    return _listed(visit)


def _listed(visit: Visit, refusal: Refusal | None = None) -> Page:
    asked = _asked(visit)
    owner = Owner(asked.text("owner")) if asked.text("owner") in list(Owner) else Owner.ANYBODY
    search = AccountSearch(_kind(asked.text("kind")), owner, asked.number("of"), asked.text("text"))
    after = asked.number("after") or 0
    page = ListPage(per_page=_PER_PAGE, after_id=after)
    search, listing = _found(visit, search, page, asked.has("kind"))
    values = {
        "search": search,
        "listing": listing,
        "kinds": [(one.value, words) for one, words in KIND_WORDS.items()],
        "owners": [("anybody", "Anybody’s"), ("nobody", "Nobody’s"), ("somebody", "Somebody’s")],
        "doings": [(one.value, words[0]) for one, words in _WORDS.items()],
        "names": customer_names_in_order(visit.installation, visit.caller)[:_SUGGESTED_NAMES],
        "chosen": set(asked.all("account")),
        "form": asked,
        "refusal": refusal,
        "faults": {} if refusal is None else refusal.fields,
        "after": after,
    }
    return Page("accounts.html", values, 200 if refusal is None else 422)


def _found(
    visit: Visit, search: AccountSearch, page: ListPage, is_of_kind: bool
) -> tuple[AccountSearch, Listing[BrowsedAccount]]:
    """What is looked for; where no kind is asked for, of the first kind that has any."""
    listing = find_accounts(visit.installation, visit.caller, search, page)
    if is_of_kind or listing.items:
        return search, listing
    for other in (replace(search, kind=kind) for kind in KIND_WORDS if kind is not search.kind):
        found = find_accounts(visit.installation, visit.caller, other, page)
        if found.items:
            return other, found
    return search, listing


def go_to_preview(visit: Visit) -> PageAnswer:
    """To the page that holds the choice in its address, so that one can go back to it.

    A choice that no address has room for is shown at once, and so is what is wrong with one.
    """
    chosen = [(name, value) for name in _CHOSEN for value in visit.form.all(name)]
    path = f"/accounts/preview?{urlencode(chosen)}"
    try:
        _order(visit)
    except Invalid as refusal:
        return _listed(visit, refusal)
    return Redirect(path) if len(path) <= _GREATEST_ADDRESS else show_preview(visit)


def show_preview(visit: Visit) -> PageAnswer:
    """What an act on the chosen accounts would do: nothing is done yet."""
    if not _asked(visit).all("account"):
        return Redirect("/accounts")
    try:
        doing, order = _order(visit)
        outcome = do_and_tell(visit.installation, visit.caller, _ACTS[doing], replace(order, dry_run=True))
    except Invalid as refusal:
        return _listed(visit, refusal)
    values = {
        "doing": doing,
        "form": _asked(visit),
        "words": _WORDS[doing],
        "order": order,
        "outcome": outcome,
        "faults_by_account": {one.identifier: one.sentence for one in outcome.faults},
        "may_be_done": not outcome.faults,
        "is_so_already": not any(isinstance(one, AccountFault) or one.changes for one in outcome.entries),
        "changes_issued": any("correct_issued" in one.sentence for one in outcome.faults),
    }
    return Page("accounts_preview.html", values)


def do_act(visit: Visit) -> PageAnswer:
    """Do what was looked at before."""
    doing, order = _order(visit)
    outcome = carry_out(visit.installation, visit.caller, _ACTS[doing], order, visit.found_ahead).outcome
    if outcome.faults:
        fields = {one.identifier: one.sentence for one in outcome.faults}
        refusal = Conflict("accounts_at_fault", "Nothing was done: some of these accounts are at fault.", fields)
        refusal.is_recorded = True
        raise refusal
    accounts = counted(len(outcome.entries), "account")
    said = f"{accounts} {'is' if len(outcome.entries) == 1 else 'are'} {_WORDS[doing][1]} {outcome.customer_name}."
    return Redirect(f"/accounts?kind={order.kind.value}&of={order.customer_id}", said)


def _look_ahead(visit: Visit) -> FoundLines:
    try:
        doing, order = _order(visit)
    except Refusal:
        return NOTHING_FOUND  # the act says it
    return look_ahead(visit.installation, visit.caller, _ACTS[doing], order)


def show_account(visit: Visit) -> Page:
    """One account, and whose it was, is and will be."""
    history = account_history(visit.installation, visit.caller, visit.ids["account_id"])
    account = history.account
    values = {
        "history": history,
        "kind_words": KIND_WORDS[account.kind],
        "plan_subscriptions": list_plan_subscriptions(visit.installation, visit.caller, account.identifier),
    }
    return Page("account.html", values)


def _kind(text: str) -> AccountKind:
    return AccountKind(text) if text in list(AccountKind) else AccountKind.SUBSCRIPTION


def _asked(visit: Visit) -> Fields:
    return visit.form if visit.method == "POST" else visit.query


def _order(visit: Visit) -> tuple[Doing, AssignmentOrder]:
    """What the form asks for. Raises ``Invalid``."""
    form = _asked(visit)
    doing = Doing(form.text("doing")) if form.text("doing") in list(Doing) else Doing.ASSIGN
    chosen = tuple(form.all("account"))
    if not chosen:
        raise Invalid("nothing_chosen", "Choose at least one account.", {})
    day = _day(form.text("day"))
    customer_id = customer_meant(visit.installation, visit.caller, form.text("customer"))
    order = AssignmentOrder(
        _kind(form.text("kind")),
        customer_id,
        chosen,
        effective_from=None if doing is Doing.REMOVE else day,
        effective_to=day if doing is Doing.REMOVE else None,
        correct_issued=form.has("correct_issued"),
    )
    return doing, order


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return parse_day(text)
    except ValueError as error:
        raise Invalid("invalid_day", "Write the day as YYYY-MM-DD.", {"day": str(error)}) from None


ROUTES = (
    PageRoute("GET", "/accounts", show_accounts, Permission.READ, "accounts"),
    PageRoute("GET", "/accounts/{account_id}", show_account, Permission.READ, "accounts"),
    PageRoute("GET", "/accounts/preview", show_preview, Permission.CHANGE, "accounts"),
    PageRoute("POST", "/accounts/preview", go_to_preview, Permission.CHANGE, "accounts", long=True),
    PageRoute(
        "POST", "/accounts/assign", do_act, Permission.CHANGE, "accounts", Act.ASSIGN_ACCOUNTS, ahead=_look_ahead
    ),
)
