"""Every page of the console and the portal."""

from rebill.console.pages.accounts import ROUTES as ACCOUNTS
from rebill.console.pages.customers import ROUTES as CUSTOMERS
from rebill.console.pages.home import ROUTES as HOME
from rebill.console.route import PageRoute

ROUTES: tuple[PageRoute, ...] = (*HOME, *ACCOUNTS, *CUSTOMERS)
