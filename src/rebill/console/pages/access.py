"""Keys and users: who may call and sign in."""

from collections.abc import Sequence

from rebill.console.route import PageRoute
from rebill.console.visit import Fields, Page, PageAnswer, Redirect, Visit
from rebill.model.audit import Act
from rebill.model.callers import NewKey, NewUser, User, UserChange
from rebill.model.counting import counted
from rebill.model.errors import Invalid, Refusal
from rebill.model.listing import GREATEST_PER_PAGE
from rebill.model.listing import Page as ListPage
from rebill.model.party import Role
from rebill.services.acting.permission import Permission
from rebill.services.callers.change_user import change_user
from rebill.services.callers.create_user import create_user
from rebill.services.callers.keys import create_key_of_user, list_keys, revoke_key
from rebill.services.callers.passwords import set_password, sign_in_page
from rebill.services.callers.read_users import get_user, list_users
from rebill.services.parties.find_customers import customer_meant, names_of

_ROLES = [(one.value, one.value.replace("_", " ")) for one in Role]


def show_access(visit: Visit) -> Page:
    """Users and keys."""
    return _shown(visit)


def _shown(visit: Visit, refusal: Refusal | None = None) -> Page:
    page = ListPage(per_page=GREATEST_PER_PAGE, after_id=0)
    keys = list_keys(visit.installation, visit.caller, page)
    users = list_users(visit.installation, visit.caller, page)
    values = {
        "users": users.items,
        "keys": [one for one in keys.items if one.revoked_at is None],
        "revoked": counted(sum(one.revoked_at is not None for one in keys.items), "revoked key"),
        "names": {one.user_id: one.name for one in users.items},
        "customer_names": names_of(visit.installation, visit.caller, _customers(users.items)),
        "roles": _ROLES,
        "sign_in_page": sign_in_page(visit.caller.partner_id),
        "refusal": refusal,
        "faults": {} if refusal is None else refusal.fields,
    }
    return Page("access.html", values, 200 if refusal is None else 422)


def _customers(users: Sequence[User]) -> set[int]:
    """The customers that users are of."""
    return {one.customer_id for one in users if one.customer_id is not None}


def make_user(visit: Visit) -> PageAnswer:
    """Make a user."""
    form = visit.form
    try:
        role = _role(form)
        named = form.text("customer")
        customer_id = customer_meant(visit.installation, visit.caller, named) if named else None
        new = NewUser(form.text("name"), role, customer_id, form.text("email"))
        user = create_user(visit.installation, visit.caller, new)
    except Invalid as refusal:
        return _shown(visit, refusal)
    return Redirect(f"/access/users/{user.user_id}", f"{user.name} is a user now: give it a password or a key.")


def show_user(visit: Visit) -> Page:
    """One user."""
    return _user(visit)


def _user(visit: Visit, refusal: Refusal | None = None) -> Page:
    user = get_user(visit.installation, visit.caller, visit.ids["user_id"])
    values = {"user": user, "roles": _ROLES, "refusal": refusal, "faults": {} if refusal is None else refusal.fields}
    return Page("user.html", values, 200 if refusal is None else 422)


def give_password(visit: Visit) -> PageAnswer:
    """Set a user's password."""
    user_id, form = visit.ids["user_id"], visit.form
    password = form.values.get("password", ("",))[-1]
    try:
        named = set_password(visit.installation, visit.caller, user_id, password, form.text("sign_in_name"))
    except Invalid as refusal:
        return _user(visit, refusal)
    return Redirect(f"/access/users/{user_id}", f"The password is set; it signs in as {named.name} at {named.page}.")


def alter_user(visit: Visit) -> PageAnswer:
    """Disable or enable a user."""
    user_id = visit.ids["user_id"]
    user = change_user(visit.installation, visit.caller, user_id, UserChange(disabled=visit.form.has("disabled")))
    said = "enabled" if user.disabled_at is None else "disabled: its keys and sessions open nothing"
    return Redirect(f"/access/users/{user_id}", f"{user.name} is {said}.")


def make_key(visit: Visit) -> PageAnswer:
    """Make a key of a user: it is shown once."""
    user_id = visit.ids["user_id"]
    try:
        issued = create_key_of_user(visit.installation, visit.caller, NewKey(user_id, visit.form.text("name")))
    except Invalid as refusal:
        return _user(visit, refusal)
    return Page("key_made.html", {"issued": issued, "user_id": user_id})


def end_key(visit: Visit) -> PageAnswer:
    """Revoke a key."""
    revoke_key(visit.installation, visit.caller, visit.ids["key_id"])
    return Redirect("/access", "The key is revoked: it opens nothing any more.")


def _role(form: Fields) -> Role:
    if form.text("role") not in list(Role):
        raise Invalid("invalid_user", "No user was made.", {"role": "is required"})
    return Role(form.text("role"))


_READ, _DO = Permission.READ_ADMINISTRATION, Permission.ADMINISTER
ROUTES = (
    PageRoute("GET", "/access", show_access, _READ, "access"),
    PageRoute("POST", "/access/users", make_user, _DO, "access", Act.CREATE_USER),
    PageRoute("GET", "/access/users/{user_id}", show_user, _READ, "access"),
    PageRoute("POST", "/access/users/{user_id}", alter_user, _DO, "access", Act.CHANGE_USER),
    PageRoute("POST", "/access/users/{user_id}/password", give_password, _DO, "access", Act.SET_PASSWORD),
    PageRoute("POST", "/access/users/{user_id}/keys", make_key, _DO, "access", Act.CREATE_KEY, shows_secret=True),
    PageRoute("POST", "/access/keys/{key_id}/revoke", end_key, _DO, "access", Act.REVOKE_KEY),
)
