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
    written = f"regexp_extract({text}, '[eE][+-]?0*([0-9]*)$', 1)"
    found = (
        f"{{'sign': CASE WHEN starts_with({text}, '-') THEN '-' ELSE '' END, "
        f"'whole': regexp_extract({text}, '^[+-]?([0-9]*)', 1), 'fraction': regexp_extract({text}, '[.]([0-9]*)', 1), "
        f"'size': CASE WHEN length({written}) > 3 THEN 400 ELSE least(400, CAST('0' || {written} AS INTEGER)) END, "
        f"'is_small': regexp_matches({text}, '[eE]-')}}"
    )
    placed = (
        "{'sign': found.sign, 'digits': found.whole || found.fraction, 'point': "
        "CAST(length(found.whole) + CASE WHEN found.is_small THEN -found.size ELSE found.size END AS INTEGER)}"
    )
    moved = (
        "placed.sign || left(rpad(placed.digits, CAST(greatest(length(placed.digits), placed.point) AS INTEGER), '0'), "
        "greatest(placed.point, 0)) || '.' || CASE WHEN placed.point < 0 THEN repeat('0', -placed.point) || "
        "placed.digits ELSE substr(placed.digits, placed.point + 1) END"
    )
    # Each part is told once: written out wherever it is needed, it took longer to plan than a small file to read.
    return f"list_transform(list_transform([{found}], lambda found: {placed}), lambda placed: {moved})[1]"
