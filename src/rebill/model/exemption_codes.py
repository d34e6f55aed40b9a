"""The VATEX code list of EN 16931: why no tax is charged (BT-121).

As rule BR-CL-22 of the validation artefacts of EN 16931 1.3.16 (2026-03-30) has it, of
github.com/ConnectingEurope/eInvoicing-EN16931.
"""

from typing import Final

_OF_THE_UNION = (
    "79-C 132 132-1A 132-1B 132-1C 132-1D 132-1E 132-1F 132-1G 132-1H 132-1I 132-1J 132-1K 132-1L 132-1M 132-1N "
    "132-1O 132-1P 132-1Q 135-1 143 143-1A 143-1B 143-1C 143-1D 143-1E 143-1F 143-1FA 143-1G 143-1H 143-1I 143-1J "
    "143-1K 143-1L 144 146-1E 159 309 148 148-A 148-B 148-C 148-D 148-E 148-F 148-G 151 151-1A 151-1AA 151-1B 151-1C "
    "151-1D 151-1E G O IC AE D F I J 153"
).split()
_OF_FRANCE = (
    "FRANCHISE CNWVAT CGI261-1 CGI261-2 CGI261-3 CGI261-4 CGI261-5 CGI261-7 CGI261-8 CGI261A CGI261B CGI261C-1 "
    "CGI261C-2 CGI261C-3 CGI261D-1 CGI261D-1BIS CGI261D-2 CGI261D-3 CGI261D-4 CGI261E-1 CGI261E-2 CGI277A CGI275 "
    "298SEXDECIESA CGI295 AE"
).split()

EXEMPTION_CODES: Final = frozenset(
    [f"VATEX-EU-{code}" for code in _OF_THE_UNION] + [f"VATEX-FR-{code}" for code in _OF_FRANCE]
)
"""Every code, in upper case."""


_ONLY_WITH: Final = {"AE": "AE", "D": "E", "F": "E", "G": "G", "I": "E", "IC": "K", "J": "E", "O": "O"}
"""By the list's remark "Only use with VAT category code …"; of the others it says nothing."""


def category_of(code: str) -> str | None:
    """The only category of tax that a code goes with, in letters of any case; ``None``: the list names none."""
    return _ONLY_WITH.get(code.upper().removeprefix("VATEX-EU-"))


def is_exemption_code(text: str) -> bool:
    """Whether ``text`` is a code of the list, in letters of any case."""
    return text.upper() in EXEMPTION_CODES
