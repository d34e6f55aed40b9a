"""Assign accounts to a customer, and move them from whoever has them. The rules stand in ``assignment_plan``."""

from rebill.model.assignment import AssignmentOrder, AssignmentOutcome
from rebill.model.audit import Act
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.parties.assignment_act import do_and_tell


def assign_accounts(installation: Installation, caller: Caller, order: AssignmentOrder) -> AssignmentOutcome:
    """Assign accounts to a customer for billing; an account record of the customer is made where it has none.

    All or nothing: one fault, and nothing of the order is stored. What is this customer's already on the
    wanted days (see ``plan_assign``) is a success that changes nothing. Raises ``Forbidden``; ``NotFound`` for the
    customer; ``Invalid`` for ids or days that cannot be read.
    """
    return do_and_tell(installation, caller, Act.ASSIGN_ACCOUNTS, order)


def move_accounts(installation: Installation, caller: Caller, order: AssignmentOrder) -> AssignmentOutcome:
    """End whatever assignments stand and begin this customer's, in one act; no day lies between.

    Answers, holds together and refuses as ``assign_accounts``; only an unknown account is at fault.
    """
    return do_and_tell(installation, caller, Act.MOVE_ACCOUNTS, order)
