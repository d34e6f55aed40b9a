"""Every page of the console and the portal."""

from rebill.console.pages.accounts import ROUTES as ACCOUNTS
from rebill.console.pages.bills import ROUTES as BILLS
from rebill.console.pages.customers import ROUTES as CUSTOMERS
from rebill.console.pages.home import ROUTES as HOME
from rebill.console.pages.portal import ROUTES as PORTAL
from rebill.console.pages.statements import ROUTES as STATEMENTS
from rebill.console.route import PageRoute

ROUTES: tuple[PageRoute, ...] = (*HOME, *ACCOUNTS, *CUSTOMERS, *BILLS, *STATEMENTS, *PORTAL)
