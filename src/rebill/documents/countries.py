"""Countries as addresses write them, and their ISO 3166 codes."""

from functools import cache

_LANGUAGES = ("en", "de", "fr", "es", "it", "nl")


def country_code(country: str) -> str:
    """The two letters of a country: of its code of two or three letters, or its name in one of several languages.

    ``""`` where it is none that is known.
    """
    return _codes().get(country.strip().casefold(), "")


@cache
def _codes() -> dict[str, str]:
    # Late: few commands need what knows countries.
    from babel import Locale
    from babel.core import get_global

    found: dict[str, str] = {}
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in ("EU", "UN", "EZ", "ZZ", "XA", "XB", "QO"):
                found.setdefault(name.casefold(), code)
                found[code.casefold()] = code
    for alias, codes in get_global("territory_aliases").items():
        if len(alias) == 3 and alias.isalpha() and len(codes) == 1:
            found.setdefault(alias.casefold(), codes[0])
    return found
