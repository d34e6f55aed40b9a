"""The rate of the partner earned credit, as Microsoft's files write it."""


def credit_percent_sql(text: str) -> str:
    """SQL of a rate in percent, DECIMAL(18,6), from its text; NULL where that is no number.

    Some files write a share (``0.15``), others percent (``15``, ``15.0%``): below 1 it is a share, unless it bears the
    sign. So ``1`` is 1 %: Microsoft documents rates of 0 and 15 %, and none that credits all of a charge.
    """
    bare = f"trim(replace(replace({text}, '%', ''), chr(160), ''))"
    number = f"TRY_CAST({bare} AS DECIMAL(18,8))"
    is_share = f"abs({number}) < 1 AND NOT contains({text}, '%')"
    return f"CAST(CASE WHEN {is_share} THEN CAST({number} * 100 AS DECIMAL(18,6)) ELSE {number} END AS DECIMAL(18,6))"
