"""SQL over number texts that the engine does not read rightly by itself."""


def has_exponent(text: str) -> str:
    """SQL: whether number text is written with an exponent."""
    return f"(contains({text}, 'e') OR contains({text}, 'E'))"


def has_more_decimals(text: str, kept: int, has_exponents: bool = True) -> str:
    """SQL: whether a number has another digit than 0 behind as many decimals as are ``kept``."""
    plain = f"CASE WHEN {has_exponent(text)} THEN {written_out_sql(text)} ELSE {text} END" if has_exponents else text
    is_long = f"length({text}) - instr({text}, '.') > {kept} AND contains({text}, '.')"
    is_long += f" OR {has_exponent(text)}" if has_exponents else ""
    # Few numbers are that long, and looking at every digit takes its time.
    return f"CASE WHEN {is_long} THEN regexp_matches({plain}, '[.][0-9]{{{kept}}}[0-9]*[1-9]') ELSE false END"


def written_out_sql(text: str) -> str:
    """SQL of number text with an exponent as the same number without: ``-1.5e-3`` → ``-.0015``.

    An exponent beyond ±400 counts as 400: what it makes of any sound cost is out of range, or 0.
    """
    whole = f"regexp_extract({text}, '^[+-]?([0-9]*)', 1)"
    fraction = f"regexp_extract({text}, '[.]([0-9]*)', 1)"
    written = f"regexp_extract({text}, '[eE][+-]?0*([0-9]*)$', 1)"
    size = f"CASE WHEN length({written}) > 3 THEN 400 ELSE least(400, CAST('0' || {written} AS INTEGER)) END"
    exponent = f"CASE WHEN regexp_matches({text}, '[eE]-') THEN -({size}) ELSE {size} END"
    digits, point = f"{whole} || {fraction}", f"CAST(length({whole}) + ({exponent}) AS INTEGER)"
    return (
        f"CASE WHEN starts_with({text}, '-') THEN '-' ELSE '' END || "
        f"left(rpad({digits}, CAST(greatest(length({digits}), {point}) AS INTEGER), '0'), greatest({point}, 0)) "
        "|| '.' || "
        f"CASE WHEN {point} < 0 THEN repeat('0', -{point}) || {digits} ELSE substr({digits}, {point} + 1) END"
    )
