"""Every page of the console and the portal."""

from rebill.console.pages.home import ROUTES as HOME
from rebill.console.route import PageRoute

ROUTES: tuple[PageRoute, ...] = (*HOME,)
