"""What JSON Schema cannot say of days: they lie between 1900 and 2999. Schemathesis reads this, not the tests."""

from datetime import date

import schemathesis
from hypothesis import strategies

DAYS = strategies.dates(date(1900, 1, 1), date(2999, 12, 31))

schemathesis.openapi.format("date", DAYS.map(str))
schemathesis.openapi.format(
    "date-time", strategies.builds(lambda day, time: f"{day}T{time:%H:%M:%S}Z", DAYS, strategies.times())
)
