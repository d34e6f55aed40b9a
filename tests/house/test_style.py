"""What the linters do not check: lengths, banned calls (each with its replacement), and tests that cannot fail."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
GREATEST_FUNCTION_LINES = 70
USUAL_FUNCTION_LINES = 40
USUAL_FUNCTION_SHARE = 95
GREATEST_FILE_LINES = 500
PYTHON_FILES = sorted(file for folder in ("src", "tests", "benchmarks") for file in (ROOT / folder).rglob("*.py"))
SQL_FILES = sorted((ROOT / "src").rglob("*.sql"))
SOURCE_FILES = [file for file in PYTHON_FILES if file.is_relative_to(ROOT / "src")]
TEST_FILES = [file for file in PYTHON_FILES if file.is_relative_to(ROOT / "tests")]

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def _functions(file: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(_tree(file)):
        if isinstance(node, Function):
            yield f"{_name(file)}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def _called_name(node: ast.Call) -> str:
    return ast.unparse(node.func)


def test_no_function_is_longer_than_seventy_lines_and_most_are_below_forty() -> None:
    lengths = dict(function for file in PYTHON_FILES for function in _functions(file))
    too_long = {name: length for name, length in lengths.items() if length > GREATEST_FUNCTION_LINES}
    assert not too_long, f"split these functions by what they do: {too_long}"
    usual = sum(length <= USUAL_FUNCTION_LINES for length in lengths.values())
    assert usual * 100 >= USUAL_FUNCTION_SHARE * len(lengths), "too many functions are longer than forty lines"


@pytest.mark.parametrize("file", [*PYTHON_FILES, *SQL_FILES], ids=_name)
def test_no_file_has_five_hundred_lines(file: Path) -> None:
    lines = len(file.read_text(encoding="utf-8").splitlines())
    assert lines < GREATEST_FILE_LINES, f"{_name(file)} has {lines} lines: split it by what its parts are about"


BANNED_CALLS = {
    "float": "read numbers with rebill.model.money.parse_decimal; money never passes through a binary float",
    "math.fsum": "sum Decimals with sum(..., ZERO)",
    "datetime.now": "ask the installation's clock: installation.clock()",
    "datetime.utcnow": "ask the installation's clock: installation.clock()",
    "datetime.today": "ask the installation's clock: installation.clock()",
    "date.today": "ask the installation's clock: installation.clock().date()",
    "time.time": "ask the installation's clock, or time.monotonic for a waiting time",
    "os.path.join": "use pathlib",
    "eval": "say what you mean",
    "exec": "say what you mean",
    "print": "use rebill.cli.output.Output in cli, structlog elsewhere",
    "os.environ.get": "read settings in rebill.settings, once, at the edge",
    "os.getenv": "read settings in rebill.settings, once, at the edge",
}
ALLOWED_CALLS = {
    ("src/rebill/services/acting/installation.py", "datetime.now"),
}


@pytest.mark.parametrize("file", SOURCE_FILES, ids=_name)
def test_no_banned_call_is_made(file: Path) -> None:
    calls = [(node.lineno, _called_name(node)) for node in ast.walk(_tree(file)) if isinstance(node, ast.Call)]
    faults = [
        f"{_name(file)}:{line} calls {called}: {BANNED_CALLS[called]}"
        for line, called in calls
        if called in BANNED_CALLS and (_name(file), called) not in ALLOWED_CALLS
    ]
    assert not faults, "\n".join(faults)


COUNTED_THINGS = (
    "accounts|assignments|bytes|characters|charges|columns|corrections|customers|data sets|days|deliveries|documents|"
    "entries|faults|files|invoices|keys|lines|months|notes|numbers|rejects|rows|runs|seconds|statements|subscriptions|"
    "totals|users"
)
BETWEEN = "Azure|different|issued|new|other|real|rounding|such"
NUMBER_AND_MANY = re.compile(rf" (?:(?:{BETWEEN}) )?(?:{COUNTED_THINGS})\b(?! nothing)")
LIMIT = re.compile(r"[A-Z_]+|greatest\w*")
COUNTING_FILES = [file for file in SOURCE_FILES if not file.is_relative_to(ROOT / "src/rebill/store")]


def _told_as_many(file: Path) -> Iterator[str]:
    """Sentences that put a number before the word for many, though it may be 1; limits are never 1."""
    for node in ast.walk(_tree(file)):
        if not isinstance(node, ast.JoinedStr):
            continue
        for number, told in pairwise(node.values):
            if (
                isinstance(number, ast.FormattedValue)
                and isinstance(told, ast.Constant)
                and NUMBER_AND_MANY.match(str(told.value))
                and not LIMIT.fullmatch(ast.unparse(number.value))
            ):
                yield f"{_name(file)}:{node.lineno} {ast.unparse(node)[:80]}"


@pytest.mark.parametrize("file", COUNTING_FILES, ids=_name)
def test_one_of_something_is_told_as_one(file: Path) -> None:
    assert not (found := list(_told_as_many(file))), f"say it with rebill.model.counting.counted: {found}"


BANNED_TYPES = re.compile(r"\b(DOUBLE|FLOAT|REAL|FLOAT8|FLOAT4)\b")
MONEY_ROOMS = ("rating", "store", "lake", "engines", "model", "services", "documents")


def _texts(file: Path) -> Iterator[str]:
    if file.suffix == ".sql":
        yield re.sub(r"--.*", "", file.read_text(encoding="utf-8"))
        return
    tree = _tree(file)
    docstrings = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.mark.parametrize("room", MONEY_ROOMS)
def test_no_sql_near_money_names_a_binary_float(room: str) -> None:
    files = [file for file in (*SOURCE_FILES, *SQL_FILES) if file.is_relative_to(ROOT / "src" / "rebill" / room)]
    faults = [_name(file) for file in files for text in _texts(file) if BANNED_TYPES.search(text)]
    assert files
    assert not faults, f"use DECIMAL (docs/rating.md, Numbers): {faults}"


BANNED_IN_TESTS = {
    "pytest.skip": "a missing part is installed, or the run fails and says what to do",
    "pytest.xfail": "mend it or remove it",
    "pytest.importorskip": "a missing part is installed, or the run fails and says what to do",
    "pytest.mark.skip": "a missing part is installed, or the run fails and says what to do",
    "pytest.mark.skipif": "a missing part is installed, or the run fails and says what to do",
    "pytest.mark.xfail": "mend it or remove it",
    "unittest.mock": "use the real part",
}


@pytest.mark.parametrize("file", TEST_FILES, ids=_name)
def test_no_test_is_skipped_mocked_or_expected_to_fail(file: Path) -> None:
    names = {ast.unparse(node) for node in ast.walk(_tree(file)) if isinstance(node, ast.Attribute)}
    names |= {node.module or "" for node in ast.walk(_tree(file)) if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in ast.walk(_tree(file)) if isinstance(node, ast.Import) for alias in node.names}
    faults = [f"{_name(file)} uses {name}: {BANNED_IN_TESTS[name]}" for name in names & BANNED_IN_TESTS.keys()]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("file", TEST_FILES, ids=_name)
def test_every_test_asserts_something(file: Path) -> None:
    idle = [
        f"{_name(file)}:{node.lineno} {node.name}"
        for node in ast.walk(_tree(file))
        if isinstance(node, Function) and node.name.startswith("test_") and not _can_fail(node)
    ]
    assert not idle, f"these tests cannot fail: {idle}"


def _can_fail(test: Function) -> bool:
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call) and re.search(
            r"(^|\.)_?(raises|assert_|check|expect|same|must)", _called_name(node)
        ):
            return True
    return False


@pytest.mark.parametrize("file", PYTHON_FILES, ids=_name)
def test_what_silences_a_check_names_it_and_says_why(file: Path) -> None:
    faults = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        silencer = re.search(r"#\s*(type:\s*ignore|noqa)(.*)$", line)
        if silencer is None or file == Path(__file__):
            continue
        named = re.match(r"\[[a-z-]+(,\s*[a-z-]+)*\]|:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*", silencer[2])
        if named is None or len(silencer[2][named.end() :].strip(" -#:")) < 5:
            faults.append(f"{_name(file)}:{number}")
    assert not faults, f"name the code that is silenced and the reason, on the same line: {faults}"


@pytest.mark.parametrize("file", [*PYTHON_FILES, *SQL_FILES], ids=_name)
def test_nothing_is_left_for_later_in_a_comment(file: Path) -> None:
    marks = re.compile(r"#.*\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
    left = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if marks.search(line)]
    assert not left, f"do it, or record it as an issue: {left}"
