"""The commands put together, and what becomes of an error that no command expected."""

import os
import sys
import traceback
from collections.abc import Callable
from copy import copy
from errno import EACCES, EDQUOT, EEXIST, EISDIR, ENOSPC, ENOTDIR, EPERM, EROFS
from functools import cache
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from rebill.cli import (
    allocations,
    approvals,
    assignments,
    attention,
    audit,
    azure_customers,
    backups,
    billing_rules,
    bills,
    checklist,
    closing,
    comparing,
    costs,
    customers,
    deliver,
    demo,
    differences,
    document_settings,
    explaining,
    initialise,
    invoices,
    keys,
    manual_lines,
    margins,
    partners,
    price_books,
    proof,
    reconciling,
    sample_data,
    serve,
    statements,
    syncing,
    trying,
    users,
)
from rebill.cli.output import Output, fault_document, print_document

_FOREWORD = "Value error, "
"""What stands before the sentence about a wrong choice, and says nothing to whoever typed it."""


class _Commands(TyperGroup):
    """All commands; a wrong choice is told by its sentence alone."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.TyperException as error:
            error.message = error.message.removeprefix(_FOREWORD)
            raise


application = typer.Typer(
    name="rebill",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
partners.commands.command("letterhead")(document_settings.letterhead)
customers.commands.command("details")(document_settings.details)
application.command("init")(initialise.init)
application.add_typer(partners.commands, name="partners")
application.command("serve")(serve.serve)
application.command("demo")(demo.demo)
application.command("sync")(syncing.sync)
application.add_typer(azure_customers.commands, name="azure-customers")
application.add_typer(customers.commands, name="customers")
application.add_typer(price_books.commands, name="price-books")
application.add_typer(billing_rules.commands, name="billing-rules")
application.add_typer(manual_lines.commands, name="manual-lines")
application.command("assign")(assignments.assign)
application.command("unassign")(assignments.unassign)
application.command("move")(assignments.move)
costs.commands.command("reconcile")(reconciling.reconcile)
application.add_typer(allocations.commands, name="allocations")
application.add_typer(costs.commands, name="costs")
application.add_typer(invoices.commands, name="invoices")
bills.commands.command("diff")(differences.diff)
bills.commands.command("what-if")(trying.what_if)
bills.commands.command("checklist")(checklist.checklist)
bills.commands.command("finalize")(closing.finalize)
bills.commands.command("correct")(closing.correct)
bills.commands.command("void")(closing.void)
bills.commands.command("compare")(comparing.compare)
bills.commands.command("proposals")(approvals.proposals)
bills.commands.command("approve")(approvals.approve)
bills.commands.command("withdraw")(approvals.withdraw)
bills.commands.command("attention")(attention.attention)
bills.commands.command("accept")(attention.accept)
bills.commands.command("reopen")(attention.reopen)
application.add_typer(bills.commands, name="bill")
application.command("deliver")(deliver.deliver)
application.add_typer(document_settings.tax, name="tax")
application.add_typer(statements.commands, name="statements")
application.add_typer(keys.commands, name="keys")
application.add_typer(users.commands, name="users")
application.command("margins")(margins.margins)
application.command("explain")(explaining.explain)
application.command("verify")(proof.verify)
application.command("audit")(audit.audit)
application.command("backup")(backups.backup)
application.command("restore")(backups.restore)
application.command("sample-data")(sample_data.sample_data)

_OF_THE_MACHINE = (EACCES, EDQUOT, EEXIST, EISDIR, ENOSPC, ENOTDIR, EPERM, EROFS)
"""Errors that are no fault of rebill's: no room, no right, a file in the place of a folder."""


def _show_version(wanted: bool) -> None:
    if wanted:
        from rebill import __version__

        sys.stdout.write(f"rebill {__version__}\n")
        raise typer.Exit


@application.callback()
def _every_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Partner-generated billing for Microsoft cloud partners: assign accounts, take in cost, bill each customer."""


@cache
def command_of(first_word: str) -> Callable[..., Any]:
    """What answers a command line of this first word: its command alone, or all where it names none.

    To build every command takes longer than most of them work.
    """
    groups = [one for one in application.registered_groups if one.name == first_word]
    commands = [one for one in application.registered_commands if one.name == first_word]
    if not groups and not commands:
        return get_command(application)
    narrowed = copy(application)
    narrowed.registered_groups, narrowed.registered_commands = groups, commands
    return get_command(narrowed)


def run() -> None:
    """Run the command that ``sys.argv`` names and end the process with its exit code."""
    as_json = "--json" in sys.argv
    try:
        code = command_of(sys.argv[1] if len(sys.argv) > 1 else "")(standalone_mode=not as_json)
    except typer.TyperException as error:
        print_document(fault_document(error.format_message(), "wrong_usage"))
        code = error.exit_code
    except BrokenPipeError:
        # Whoever read the answer had enough of it. What is left to be written at the end has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:  # noqa: BLE001 - the outermost edge: whatever happened, the caller gets exit code 1
        if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
            place = f" ({error.filename})" if error.filename else ""
            Output(as_json).fault(
                f"{os.strerror(error.errno)}{place}: name another place, make room there, or let whoever runs rebill "
                "write there, and run the command again.",
                "machine_refused",
            )
        else:
            traceback.print_exception(error)
            Output(as_json).fault(
                "rebill failed in a way it should not have; the trace on the error output says where. "
                "Please report it.",
                "internal_error",
            )
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
