"""Every page of the console and the portal."""

from rebill.console.pages import home
from rebill.console.route import PageRoute

ROUTES: tuple[PageRoute, ...] = (*home.ROUTES,)
