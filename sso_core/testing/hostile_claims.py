"""Variants of single claims: values of other types, at the ends of the calendar, and subjects that look alike."""

from __future__ import annotations

from sso_core.failures import Reason
from sso_core.testing.mischief import Alteration, Mischief, derive, drop, put, refused, then
from sso_core.testing.provider_state import Alterations, Document

_SKEW = 30
"""Seconds that clocks may differ by, as most relying parties have it."""


def _claim(name: str, title: str, alteration: Alteration, *reasons: Reason) -> Mischief:
    if reasons:
        return refused(name, title, *reasons, alterations=Alterations(id_token_claims=alteration))
    return Mischief(name, title, "accepted", alterations=Alterations(id_token_claims=alteration))


_TIMES = (
    ("text", "1800000000"),
    ("true", True),
    ("negative", -1),
    ("null", None),
    ("array", [1_800_000_000]),
    ("object", {"time": 1}),
)

TYPES = (
    *(
        _claim(f"A70-sub-{name}", f"sub is {title}", put(sub=value), Reason.BAD_SUBJECT)
        for name, title, value in (
            ("number", "a number", 1),
            ("null", "null", None),
            ("array", "an array", ["alice"]),
            ("empty", "empty", ""),
            ("long", "longer than 255 characters", "a" * 256),
            ("NUL", "cut by a NUL", "alice\0"),
            ("line-end", "two lines", "alice\nbob"),
            ("escape", "an escape sequence", "alice\x1b[2J"),
            ("invisible", "followed by a blank that nobody sees", "alice\u200b"),
        )
    ),
    *(
        _claim(f"A70-aud-{name}", f"aud is {title}", alteration, Reason.WRONG_AUDIENCE)
        for name, title, alteration in (
            ("object", "an object", derive("aud", lambda claims: {claims["aud"]: True})),
            ("empty", "an empty array", put(aud=[])),
            ("number", "a number", put(aud=1)),
            ("null", "null", put(aud=None)),
            ("nested", "an array in an array", derive("aud", lambda claims: [[claims["aud"]]])),
            ("comma-list", "a text that names several", derive("aud", lambda claims: f"{claims['aud']},other")),
        )
    ),
    *(
        _claim(f"A70-{claim}-{name}", f"{claim} is {name}", put(**{claim: value}), Reason.BAD_ID_TOKEN)
        for claim in ("exp", "iat", "nbf")
        for name, value in _TIMES
    ),
    _claim("A70-exp-fraction", "exp has a fraction", derive("exp", lambda claims: claims["exp"] + 0.25)),
    _claim("A70-iat-fraction", "iat has a fraction", derive("iat", lambda claims: claims["iat"] - 0.25)),
    _claim("A70-exp-far", "exp is beyond all calendars", put(exp=1e300)),
    _claim("A70-iat-far", "iat is beyond all calendars", put(iat=1e300), Reason.TOKEN_NOT_YET_VALID),
    _claim("A70-nbf-far", "nbf is beyond all calendars", put(nbf=1e300), Reason.TOKEN_NOT_YET_VALID),
)

CLOCK = (
    _claim(
        "A71-iat-future",
        "issued further ahead than clocks may differ",
        derive("iat", lambda claims: claims["iat"] + _SKEW + 2),
        Reason.TOKEN_NOT_YET_VALID,
    ),
    _claim(
        "A71-nbf-future",
        "valid further ahead than clocks may differ",
        derive("nbf", lambda claims: claims["iat"] + _SKEW + 2),
        Reason.TOKEN_NOT_YET_VALID,
    ),
    _claim(
        "A71-expired",
        "expired a second before clocks may differ",
        derive("exp", lambda claims: claims["iat"] - _SKEW - 1),
        Reason.TOKEN_EXPIRED,
    ),
    _claim(
        "A71-within",
        "issued and valid as far ahead as clocks may differ",
        then(derive("nbf", lambda claims: claims["iat"] + _SKEW), derive("iat", lambda claims: claims["iat"] + _SKEW)),
    ),
)


def _half(claims: Document) -> str:
    return str(claims["at_hash"])[:-2]


HASHES = (
    *(
        refused(
            f"A72-{alg}",
            f"alg is {alg}, of which nobody knows the digest of at_hash",
            Reason.ALGORITHM_REFUSED,
            alterations=Alterations(id_token_header=put(alg=alg)),
        )
        for alg in ("ES256K", "EdDSA-unknown", "RS1", "HS1024")
    ),
    *(
        _claim(f"A72-{name}", f"at_hash is {title}", alteration, Reason.WRONG_ACCESS_TOKEN_HASH)
        for name, title, alteration in (
            ("empty", "empty", put(at_hash="")),
            ("null", "null", put(at_hash=None)),
            ("number", "a number", put(at_hash=0)),
            ("short", "cut", derive("at_hash", _half)),
            ("padded", "padded", derive("at_hash", lambda claims: claims["at_hash"] + "=")),
        )
    ),
    _claim("A72-absent", "there is no at_hash, which nobody needs in the code flow", drop("at_hash")),
)


def _other_spelling(name: str, title: str, signed: object, said: object) -> Mischief:
    return Mischief(
        f"A75-{name}",
        f"userinfo spells the subject {title}",
        "refused; none of its claims is used",
        "REJ",
        frozenset({Reason.OTHER_SUBJECT}),
        Alterations(id_token_claims=put(sub=signed), userinfo_claims=put(sub=said)),
        at_least=(("userinfo", 1),),
    )


SUBJECTS = (
    _other_spelling("case", "in other letters", "alice", "Alice"),
    _other_spelling("width", "in wide letters", "alice", "\uff41lice"),
    _other_spelling("NFD", "with an accent of its own", "al\u00edce", "ali\u0301ce"),
    _other_spelling("blank", "with a blank behind it", "alice", "alice "),
    _other_spelling("prefix", "with less of it", "alice", "alic"),
    _other_spelling("number", "as a number", "1", 1),
    _other_spelling("zero", "with a zero in front", "1", "01"),
    _other_spelling("array", "as an array of one", "alice", ["alice"]),
)

CLAIMS = (*TYPES, *CLOCK, *HASHES, *SUBJECTS)
