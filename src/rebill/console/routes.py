"""Every page of the console and the portal."""

from rebill.console.pages.access import ROUTES as ACCESS
from rebill.console.pages.accounts import ROUTES as ACCOUNTS
from rebill.console.pages.attention import ROUTES as ATTENTION
from rebill.console.pages.audit import ROUTES as AUDIT
from rebill.console.pages.billing_rules import ROUTES as BILLING_RULES
from rebill.console.pages.bills import ROUTES as BILLS
from rebill.console.pages.costs import ROUTES as COSTS
from rebill.console.pages.customer_prices import ROUTES as CUSTOMER_PRICES
from rebill.console.pages.customers import ROUTES as CUSTOMERS
from rebill.console.pages.deliveries import ROUTES as DELIVERIES
from rebill.console.pages.home import ROUTES as HOME
from rebill.console.pages.letterhead import ROUTES as LETTERHEAD
from rebill.console.pages.margins import ROUTES as MARGINS
from rebill.console.pages.movements import ROUTES as MOVEMENTS
from rebill.console.pages.portal import ROUTES as PORTAL
from rebill.console.pages.price_books import ROUTES as PRICE_BOOKS
from rebill.console.pages.settings import ROUTES as SETTINGS
from rebill.console.pages.statements import ROUTES as STATEMENTS
from rebill.console.pages.tax import ROUTES as TAX
from rebill.console.route import PageRoute

ROUTES: tuple[PageRoute, ...] = (
    *HOME,
    *ACCOUNTS,
    *CUSTOMERS,
    *COSTS,
    *CUSTOMER_PRICES,
    *PRICE_BOOKS,
    *BILLING_RULES,
    *BILLS,
    *ATTENTION,
    *DELIVERIES,
    *STATEMENTS,
    *MOVEMENTS,
    *MARGINS,
    *AUDIT,
    *ACCESS,
    *SETTINGS,
    *LETTERHEAD,
    *TAX,
    *PORTAL,
)
