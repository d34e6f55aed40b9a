"""How a document comes from the total of its own lines to its whole total: its blocks, and its carry line, as steps."""

from collections.abc import Sequence
from decimal import Decimal

from rebill.model.derivation import Operand, Operation, Step, added, multiplied
from rebill.model.statement import CARRY_KINDS
from rebill.services.proof.charge_steps import not_derived
from rebill.store.stored_documents import StoredDocument


def whole_total_steps(document: StoredDocument, blocks: Sequence[StoredDocument]) -> tuple[Step, ...]:
    """From the total of its own lines to that of the whole document; none where nothing goes with them."""
    if not blocks and not document.carried:
        return ()
    return (_with_blocks(document, blocks), *((_with_carried(document),) if document.carried else ()))


def carry_steps(
    document: StoredDocument, blocks: Sequence[StoredDocument], before: Sequence[StoredDocument], digits: int
) -> tuple[Step, ...]:
    """What a carry line comes to; ``before``: the statements that carried before this one.

    Raises ``ProgramError`` where that is not what the line shows.
    """
    total = _with_blocks(document, blocks)
    steps: tuple[Step, ...]
    if document.carried > 0:
        sentence = "The total is below 0: as much is carried forward, so that nothing is to be paid."
        steps = (total, Step("carried forward", sentence, Operation.SUBTRACT, (_NOTHING, total.operand)))
    else:
        credit = added(
            "open credit",
            "What statements carried forward before this one, less what they brought forward, in minor units.",
            [Operand(f"statement {one.statement_id} of {one.month}", Decimal(one.carried)) for one in before],
        )
        sentence = "The open credit, but no more than the total."
        taken_up = Step("taken up", sentence, Operation.LESSER, (credit.operand, total.operand))
        brought = Step("brought forward", "It is taken off.", Operation.SUBTRACT, (_NOTHING, taken_up.operand))
        steps = (total, credit, taken_up, brought)
    shown = sum(line.amount_minor_units for line in document.lines if line.priced.kind in CARRY_KINDS)
    if steps[-1].amount != shown:
        raise not_derived(f"the carry line derives to {steps[-1].amount} units, shown are {shown}")
    unit = Operand("one minor unit", Decimal(1).scaleb(-digits))
    return (*steps, multiplied("shown", "What is shown.", steps[-1].operand, unit, decimals=digits))


_NOTHING = Operand("nothing", Decimal(0))


def _with_blocks(document: StoredDocument, blocks: Sequence[StoredDocument]) -> Step:
    own = Operand("total in minor units", Decimal(document.own_total))
    corrections = [Operand(f"correction of {one.month}", Decimal(one.own_total)) for one in blocks]
    sentence = "The total of its own lines, in minor units" + (", and those of its corrections." if blocks else ".")
    return added("total before carry", sentence, [own, *corrections])


def _with_carried(document: StoredDocument) -> Step:
    before = Operand("total before carry", Decimal(document.own_total + document.blocks))
    carried = Operand("carried", Decimal(document.carried))
    found = added("whole total", "With what is carried, in minor units.", [before, carried])
    if found.amount != document.total:
        raise not_derived(f"the whole total derives to {found.amount} units, shown are {document.total}")
    return found
