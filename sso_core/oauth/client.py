"""How the client proves to the token endpoint who it is (RFC 6749 2.3.1).

What a proof adds to a request never changes, so it is worked out once, when the client is built.
"""

from __future__ import annotations

from base64 import b64encode
from enum import Enum
from urllib.parse import quote_plus

import attrs

from sso_core.events import Headers
from sso_core.secret import Secret
from sso_core.wire import encode_form


class AuthenticationMethod(Enum):
    """The names of the methods in the OAuth registry (RFC 7591 2)."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    NONE = "none"


@attrs.frozen
class Client:
    """A registration at one provider, with its prepared proof.

    `headers` and `form` (already encoded, without a leading `&`) go into each token request, and nowhere else.
    Raises ValueError for an empty id, and where the method and the secret contradict each other.
    """

    client_id: str
    secret: Secret | None = None
    method: AuthenticationMethod = AuthenticationMethod.BASIC
    headers: Headers = attrs.field(init=False, repr=False, eq=False)
    form: str = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if not self.client_id:
            raise ValueError("a client needs a client_id")
        if (self.method is AuthenticationMethod.NONE) is not (self.secret is None):
            raise ValueError(f"{self.method.value} and the client secret contradict each other")
        headers, form = _proof(self.client_id, self.secret, self.method)
        object.__setattr__(self, "headers", headers)
        object.__setattr__(self, "form", form)


def _proof(client_id: str, secret: Secret | None, method: AuthenticationMethod) -> tuple[Headers, str]:
    if secret is None:
        return (), encode_form([("client_id", client_id)])
    if method is AuthenticationMethod.POST:
        return (), encode_form([("client_id", client_id), ("client_secret", secret.reveal())])
    # Both halves are form-encoded first: without it an id with a colon names another client.
    pair = f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}"
    return (("authorization", "Basic " + b64encode(pair.encode()).decode()),), ""
