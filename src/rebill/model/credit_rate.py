"""The rate of the partner earned credit, as Microsoft's files write it."""


def credit_percent_sql(text: str) -> str:
    """SQL of a rate in percent, DECIMAL(18,6), from its text; NULL where that is no number.

    Some files write a share (``0.15``), others percent (``15``, ``15.0%``): below 1 it is a share, unless it bears the
    sign. So ``1`` is 1 %: Microsoft documents rates of 0 and 15 %, and none that credits all of a charge.
    """
    plain = f"TRY_CAST({text} AS DECIMAL(18,8))"
    percent = f"CASE WHEN abs({plain}) < 1 THEN CAST({plain} * 100 AS DECIMAL(18,6)) ELSE {plain} END"
    # Few files write the sign, and to look for it in every row takes its time.
    signed = f"TRY_CAST(trim(replace(replace({text}, '%', ''), chr(160), '')) AS DECIMAL(18,6))"
    return f"coalesce(CAST({percent} AS DECIMAL(18,6)), {signed})"
