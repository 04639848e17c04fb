"""How often something may be tried, by the operator's settings."""

from __future__ import annotations

from sso_core.sessions.limits import LONGEST_WINDOW, MOST, WINDOW, Limits
from sso_core.settings.reading import Reading

NUMBERS = {
    "SSO_LIMIT_PASSWORDS": "passwords",
    "SSO_LIMIT_PASSWORDS_PER_ADDRESS": "passwords_per_address",
    "SSO_LIMIT_PASSWORDS_PER_NAME": "passwords_per_name",
    "SSO_LIMIT_CLI_STARTS_PER_ADDRESS": "cli_starts_per_address",
    "SSO_LIMIT_CLI_CODES_PER_ADDRESS": "cli_codes_per_address",
}


def read_limits(reading: Reading) -> Limits | None:
    """Return the limits that are set, the rest as they are by default; None where nothing is set."""
    read = {field: reading.whole(name, most=MOST) for name, field in NUMBERS.items()}
    numbers = {field: number for field, number in read.items() if number is not None}
    window = reading.whole("SSO_LIMIT_WINDOW", most=LONGEST_WINDOW)
    if window is None and not numbers:
        return None
    try:
        return Limits(WINDOW if window is None else window, **numbers)
    except ValueError:
        name = "SSO_LIMIT_PASSWORDS_PER_NAME" if "passwords_per_name" in numbers else "SSO_LIMIT_PASSWORDS"
        hint = "whoever knows a name would keep its person out from a single address"
        reading.problem(name, "leaves one address all the tries of a name", hint)
        return None
