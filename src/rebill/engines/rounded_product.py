"""``rounded_product`` for DuckDB: an amount times a factor, rounded half away from zero to 12 decimals, in 64 bits.

DuckDB keeps decimals of up to 18 digits in 64 bits. A product of a line's amount (28 digits) and a factor (9) needs
more, and rounding one of those takes longer than all else that is done to a line. Nearly every amount and factor is
small, and then the product can be had in 64 bits, exactly. Let ``u`` = 10⁻¹², the last decimal kept, ``|n|`` ≤ 99,999
a multiple of ``u`` and 0 ≤ ``f`` < 10 a multiple of 10⁻⁶.

- ``n = whole + rest``, ``whole`` = ``n`` cut off after 6 decimals. So ``|rest|`` < 10⁻⁶, and where ``whole`` and
  ``rest`` are not 0 they have the sign of ``n``.
- ``whole × f`` is a multiple of 10⁻⁶ × 10⁻⁶ = ``u``: exact as DECIMAL(18,12), since it is below 10⁶.
- ``rest × 10⁵`` is below 0.1 and a multiple of 10⁻⁷: exact as DECIMAL(7,7). Times ``f`` it has 13 decimals and is
  exact as DECIMAL(14,13). Rounded to 7 decimals and times 10⁻⁵ it is ``rest × f`` rounded to 12: scaling by a power
  of ten moves the point and nothing else.
- Half away from zero, ``round(x)`` = ``sign(x) × floor(|x| / u + ½) × u``. For a multiple ``a`` of ``u`` and a ``b``
  with the same sign, or one of them 0, ``|a + b|`` = ``|a| + |b|``, so ``round(a + b) = a + round(b)``. ``whole × f``
  and ``rest × f`` are such a pair, because ``f`` ≥ 0.

Hence ``round(n × f) = whole × f + round(rest × f)``. The sum is below 10⁶ again and stays within 18 digits.
"""

from typing import Final

_WHOLE: Final = "CAST(trunc(n, 6) AS DECIMAL(11,6))"
_REST: Final = "CAST(n - whole_of(n) AS DECIMAL(12,12))"
_SCALED_REST: Final = f"CAST({_REST} * CAST('100000' AS DECIMAL(6,0)) AS DECIMAL(7,7))"
_NARROW: Final = f"whole_of(n) * f + round({_SCALED_REST} * f, 7) * CAST('0.00001' AS DECIMAL(5,5))"
_IS_NARROW: Final = """amount BETWEEN CAST('-99999' AS DECIMAL(28,12)) AND CAST('99999' AS DECIMAL(28,12))
        AND factor >= CAST('0' AS DECIMAL(9,6)) AND factor < CAST('10' AS DECIMAL(9,6))"""

MACROS: Final = (
    f"CREATE MACRO whole_of(n) AS {_WHOLE}",
    f"CREATE MACRO narrow_product(n, f) AS {_NARROW}",
    f"""CREATE MACRO rounded_product(amount, factor) AS
        CASE WHEN {_IS_NARROW}
             THEN CAST(narrow_product(CAST(amount AS DECIMAL(17,12)), CAST(factor AS DECIMAL(7,6))) AS DECIMAL(28,12))
             ELSE CAST(round(amount * factor, 12) AS DECIMAL(28,12)) END""",
)
"""What makes ``rounded_product(amount, factor)`` (DECIMAL(28,12), DECIMAL(9,6) → DECIMAL(28,12)) of a connection.

Both arguments stand in it several times: give it columns, not expressions that take long.
"""
