"""E-mail addresses, against the reference."""

from __future__ import annotations

from cases import Case, Row, Verdict, each, expected

from sso_core.identity.attributes import email_address


def _is_one_address(case: Case) -> bool:
    value = case.args["email"]
    if not isinstance(value, str) or any(letter.isspace() or not letter.isprintable() for letter in value):
        return False
    return len(value) <= 254 and value.count("@") == 1 and not value.startswith("@") and not value.endswith("@")


ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W13: what is not one address of the form local@domain is shown to the person, and is no e-mail",
        lambda case: not _is_one_address(case),
        lambda _case, _outcome: None,
    ),
)


@each("normalize_email", "normalize_email")
def test_an_address_is_what_it_is_to_the_reference(case: Case) -> None:
    assert email_address(case.args["email"]) == expected(case, ROWS).outcome
