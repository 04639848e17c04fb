from __future__ import annotations

import pytest

from sso_core.oauth.pkce import METHOD, code_challenge
from sso_core.secret import Secret


def test_the_challenge_is_that_of_rfc_7636_appendix_b() -> None:
    verifier = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_verifier_is_never_sent_in_the_clear() -> None:
    assert METHOD == "S256"


def test_a_verifier_outside_ascii_is_not_hashed_in_some_encoding() -> None:
    with pytest.raises(UnicodeEncodeError):
        code_challenge(Secret("schlüssel"))
