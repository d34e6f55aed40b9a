"""A column of the relation that a cost file is read as: its SQL, and its text."""

import re
from dataclasses import dataclass
from typing import Final

_FLOATS: Final = ("DOUBLE", "FLOAT", "REAL")
_EXACT_NUMBERS: Final = ("DECIMAL", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT")
_EXACT_NUMBERS_TOO: Final = ("UINTEGER", "UBIGINT", "UHUGEINT")
_SCALE: Final = re.compile(r",\s*([0-9]+)\)")
_DIGITS: Final = re.compile(r"DECIMAL\(([0-9]+),")
DIGITS_OF_64_BITS: Final = 18
"""How many digits a decimal of 64 bits has at most."""
_INSTANTS: Final = ("TIMESTAMP", "DATE")


@dataclass(frozen=True)
class SourceColumn:
    """A column of the source relation: its SQL, its engine type, and whether ``NULL`` texts are nulls already.

    ``has_null_words``: where they are not, whether the column may have any such text, or an empty one.
    ``has_exponents``: whether a number that is text may be written with an exponent.
    ``label``: what the file calls it, for rejects; ``""``: as the cost line does.
    """

    sql: str
    type: str = "VARCHAR"
    nulls_read: bool = True
    label: str = ""
    has_null_words: bool = True
    has_exponents: bool = True

    @property
    def is_float(self) -> bool:
        return self.type in _FLOATS

    @property
    def is_exact_number(self) -> bool:
        return self.type.startswith(_EXACT_NUMBERS + _EXACT_NUMBERS_TOO) and not self.type.endswith("]")

    @property
    def decimals(self) -> int | None:
        """The decimals that a value can have at most, where the type tells."""
        if not self.is_exact_number:
            return None
        scale = _SCALE.search(self.type)
        return int(scale[1]) if scale else 0

    @property
    def digits(self) -> int | None:
        """The digits that a decimal can have at most."""
        found = _DIGITS.match(self.type)
        return int(found[1]) if found else None

    @property
    def absent(self) -> str:
        """SQL: whether there is no value."""
        return f"{self.sql if self.is_exact_number or self.is_instant else self.text} IS NULL"

    @property
    def is_instant(self) -> bool:
        return self.type.startswith(_INSTANTS) and not self.type.endswith("]")

    @property
    def text(self) -> str:
        """SQL: the value as text, absent as NULL."""
        if self.type == "VARCHAR" and (self.nulls_read or not self.has_null_words):
            return self.sql
        if self.type == "VARCHAR":
            return _without_null_words(self.sql)
        if self.type == "BLOB":
            # Text that its writer did not call text; bytes that are none are shown escaped.
            return _without_null_words(f"coalesce(TRY(decode({self.sql})), CAST({self.sql} AS VARCHAR))")
        if self.type.startswith(("STRUCT", "MAP", "UNION")) or self.type.endswith("]"):
            return f"CAST(to_json({self.sql}) AS VARCHAR)"
        narrow = self.narrow_decimal
        # To write out a decimal of 128 bits takes twice as long.
        return f"coalesce(CAST({narrow} AS VARCHAR), {self._written})" if narrow else self._written

    @property
    def _written(self) -> str:
        return f"CAST({self.sql} AS VARCHAR)"

    @property
    def narrow_decimal(self) -> str | None:
        """SQL: a decimal in 64 bits, where its value fits, else NULL; ``None`` where its type is no wider."""
        digits, decimals = self.digits, self.decimals
        if digits is None or decimals is None or digits <= DIGITS_OF_64_BITS or decimals > DIGITS_OF_64_BITS:
            return None
        return f"TRY_CAST({self.sql} AS DECIMAL({DIGITS_OF_64_BITS},{decimals}))"

    @property
    def assumes_no_exponents(self) -> bool:
        """Whether this is text of which a number with an exponent is not read rightly."""
        return not self.is_exact_number and not self.has_exponents

    @property
    def assumes_no_null_words(self) -> bool:
        """Whether ``text`` is wrong of a column that has such texts after all."""
        return self.type == "VARCHAR" and not self.nulls_read and not self.has_null_words


def _without_null_words(text: str) -> str:
    return f"nullif(nullif({text}, ''), 'NULL')"
