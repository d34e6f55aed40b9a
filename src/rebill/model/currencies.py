"""ISO 4217: the active currency codes and the decimals of their minor unit (list of 2024-06-25)."""

from typing import Final

_TWO_DIGITS = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF "
    "CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
    "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
    "MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
    "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD YER ZAR ZMW ZWL"
).split()
_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND".split()
_FOUR_DIGITS = "CLF UYW".split()

MINOR_DIGITS: Final[dict[str, int]] = {
    **dict.fromkeys(_TWO_DIGITS, 2),
    **dict.fromkeys(_NO_DIGITS, 0),
    **dict.fromkeys(_THREE_DIGITS, 3),
    **dict.fromkeys(_FOUR_DIGITS, 4),
}
"""Currency code → decimals of its minor unit."""
GREATEST_MINOR_DIGITS: Final = max(MINOR_DIGITS.values())


def minor_digits(currency: str) -> int:
    """Decimals of the minor unit of ``currency``. Raises ``ValueError`` for a code ISO 4217 does not list."""
    try:
        return MINOR_DIGITS[currency]
    except KeyError:
        raise ValueError(f"{currency[:20]!r} is not an ISO 4217 currency code such as USD") from None
