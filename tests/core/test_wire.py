from __future__ import annotations

import json
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_core.wire import (
    FORM_LIMIT,
    FORM_PARAMETERS,
    JSON_DEPTH,
    JSON_DIGITS,
    JSON_LIMIT,
    URL_LIMIT,
    HttpUrl,
    WireError,
    b64url_decode,
    b64url_encode,
    encode_form,
    encode_json,
    parse_form,
    parse_http_url,
    parse_json,
    parse_json_object,
)

# JSON

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON_VALUES, st.booleans())
def test_what_was_written_is_read_again(value: Any, escaped: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=escaped).encode(), depth=100) == value


@given(JSON_VALUES)
def test_what_is_encoded_here_is_read_again(value: Any) -> None:
    assert parse_json(encode_json(value), depth=100) == value


def test_what_is_encoded_is_as_short_as_json_can_be() -> None:
    assert encode_json({"a": ["ä", 1]}) == '{"a":["ä",1]}'.encode()


@given(st.binary(max_size=200))
def test_no_bytes_bring_anything_but_a_value_or_a_wire_error(body: bytes) -> None:
    try:
        value = parse_json(body)
    except WireError:
        return
    assert value == json.loads(body)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"{} {}", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": 01}', "not JSON"),
        (b'"a\nb"', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        ("{}".encode("utf-16"), "not UTF-8"),
        ("{}".encode("utf-16-le"), "not JSON"),
        (b'"\xff"', "not UTF-8"),
        (b'"\xc0\xaf"', "not UTF-8"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b'{"sub": "a", "sub": "a"}', "twice"),
        (b'{"sub": "a", "s\\u0075b": "b"}', "twice"),
        (b'[{"a": {"b": 1, "b": 2}}]', "twice"),
        (b"NaN", "NaN"),
        (b"[Infinity]", "NaN"),
        (b'{"exp": -Infinity}', "NaN"),
        (b"1e999", "beyond"),
        (b"[-1e999]", "beyond"),
        (b"1" * (JSON_DIGITS + 1), "beyond"),
        (b"-" + b"1" * 60000, "beyond"),
        (b'"\\ud800"', "half"),
        (b'["\\uDFFF"]', "half"),
        (b'{"\\ud83d": 1}', "half"),
        (b'"\\ude00\\ud83d"', "half"),
    ],
)
def test_json_that_could_be_read_in_two_ways_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(WireError, match=says):
        parse_json(body)


def test_a_pair_of_escaped_surrogates_is_one_character() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


def test_the_largest_integer_can_be_computed_with() -> None:
    assert float(parse_json(b"9" * JSON_DIGITS)) < float("inf")


def test_json_may_be_as_large_as_the_limit_and_no_larger() -> None:
    body = b'"' + b"a" * (JSON_LIMIT - 2) + b'"'
    assert len(parse_json(body)) == JSON_LIMIT - 2
    with pytest.raises(WireError, match="larger than 65536 bytes"):
        parse_json(body + b" ")
    with pytest.raises(WireError, match="larger than 3 bytes"):
        parse_json(b"1234", limit=3)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_json_may_be_as_deep_as_the_limit_and_no_deeper() -> None:
    parse_json(nested(JSON_DEPTH))
    parse_json(b'{"a":' * JSON_DEPTH + b"1" + b"}" * JSON_DEPTH)
    for body in (nested(JSON_DEPTH + 1), b'{"a":' * (JSON_DEPTH + 1), b"[" * JSON_LIMIT):
        with pytest.raises(WireError, match="nested deeper than 32 levels"):
            parse_json(body)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([[]] * 100, id="side by side"),
        pytest.param(["[" * 100], id="in a string"),
        pytest.param(["\\" + "[{" * 100 + '"'], id="in a string with a quote"),
    ],
)
def test_brackets_that_nest_nothing_are_not_counted(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'["' + b"[" * 33 + b'","' + b'\\"' * 30000, id="a string without an end"),
        pytest.param(b"[" * 512 * 1024, id="nesting"),
        pytest.param(b"9" * 512 * 1024, id="a long number"),
        pytest.param(b"[" + b'"\\' * 200000, id="backslashes"),
    ],
)
def test_no_json_takes_long_to_refuse(body: bytes) -> None:
    started = process_time()
    with pytest.raises(WireError):
        parse_json(body, limit=1 << 20)
    assert process_time() - started < 0.5  # it takes milliseconds, and seconds where the time grows with the square


def test_an_object_is_wanted_where_members_are_read() -> None:
    assert parse_json_object(b' {"a": [1, 2.5, null, true]} ') == {"a": [1, 2.5, None, True]}
    for body in (b"[]", b"null", b'"{}"', b"1"):
        with pytest.raises(WireError, match="not a JSON object"):
            parse_json_object(body)


def test_the_message_never_quotes_the_input() -> None:
    for body in (b'{"canary": 1, "canary": 2}', b"canary", b'["canary\\ud800"]'):
        with pytest.raises(WireError) as caught:
            parse_json(body)
        assert "canary" not in str(caught.value)
        assert caught.value.__cause__ is None


# Forms

PLAIN_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[*map(chr, range(32)), "\x7f"]))


@given(st.dictionaries(PLAIN_TEXT, PLAIN_TEXT, max_size=8))
def test_a_form_that_was_written_is_read_again(pairs: dict[str, str]) -> None:
    text = encode_form(pairs.items())
    assert parse_form(text, limit=1 << 20) == parse_form(text.encode(), limit=1 << 20) == pairs


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("", {}),
        ("code=abc&state=x-y_z.~", {"code": "abc", "state": "x-y_z.~"}),
        ("a=", {"a": ""}),
        ("a", {"a": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("a;b=1;c", {"a;b": "1;c"}),
        ("a+b=c+d", {"a b": "c d"}),
        ("a%3D=%26%2B", {"a=": "&+"}),
        ("a=%C3%A9", {"a": "é"}),
        ("a=%e2%82%ac", {"a": "€"}),
        ("a=1&A=2", {"a": "1", "A": "2"}),
    ],
)
def test_a_form_is_read_to_the_letter(text: str, parameters: dict[str, str]) -> None:
    assert parse_form(text) == parse_form(text.encode()) == parameters


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("state=a&state=b", "twice"),
        ("state=a&state=a", "twice"),
        ("state=a&st%61te=b", "twice"),
        ("a&a=1", "twice"),
        ("a=%", "escapes nothing"),
        ("a=%4", "escapes nothing"),
        ("a=%zz", "escapes nothing"),
        ("%u0041=a", "escapes nothing"),
        ("a=%ff", "not UTF-8"),
        ("a=%C0%AF", "not UTF-8"),
        ("a=%ED%A0%80", "not UTF-8"),
        ("a=é", "not ASCII"),
        ("a=\udcff", "not ASCII"),
        ("a=\x00", "control"),
        ("a=%00", "control"),
        ("a=1%0d%0aSet-Cookie:", "control"),
        ("%09=1", "control"),
        ("a=\n", "control"),
        ("a=\x7f", "control"),
        ("a=%7F", "control"),
        ("a=" + "b" * FORM_LIMIT, "longer than 8192"),
        ("&".join(f"a{number}=1" for number in range(FORM_PARAMETERS + 1)), "more than 64"),
        ("&" * 8000, "more than 64"),
    ],
)
def test_a_form_that_could_be_read_in_two_ways_is_refused(text: str, says: str) -> None:
    with pytest.raises(WireError, match=says):
        parse_form(text)
    with pytest.raises(WireError, match=says):
        parse_form(text.encode("utf-8", "surrogateescape"))


def test_a_form_may_have_as_many_parameters_as_the_limit() -> None:
    assert len(parse_form("&".join(f"a{number}" for number in range(FORM_PARAMETERS)))) == FORM_PARAMETERS


def test_the_order_of_pairs_is_kept() -> None:
    assert encode_form([("b", "1 2"), ("a", "&="), ("b", "é")]) == "b=1+2&a=%26%3D&b=%C3%A9"


# base64url


@given(st.binary(max_size=100))
def test_bytes_have_one_base64url(data: bytes) -> None:
    text = b64url_encode(data)
    assert "=" not in text
    assert b64url_decode(text) == b64url_decode(text.encode()) == data


@pytest.mark.parametrize(
    ("data", "text"), [(b"", ""), (b"A", "QQ"), (b"AB", "QUI"), (b"ABC", "QUJD"), (b"\xfb\xff", "-_8")]
)
def test_base64url_is_that_of_the_rfc(data: bytes, text: str) -> None:
    assert b64url_encode(data) == text
    assert b64url_decode(text) == data


@given(st.text("AZaz09-_+/= \n.é", max_size=12))
def test_only_the_one_encoding_is_read(text: str) -> None:
    try:
        data = b64url_decode(text)
    except WireError:
        return
    assert b64url_encode(data) == text


@pytest.mark.parametrize(
    "text",
    ["QQ==", "QQ=", "Q", "QQQQQ", "Q Q", "QQ\n", "+A", "/A", "é", "\uff31\uff31", "QQ.QQ", "\x00A", "\ud800A", "Q?"],
)
def test_text_that_is_not_base64url_is_refused(text: str) -> None:
    for form in (text, text.encode("utf-8", "surrogatepass")):
        with pytest.raises(WireError, match="not base64url"):
            b64url_decode(form)


@pytest.mark.parametrize("text", ["QR", "Q_", "QUJ", "QU_", "AAAAQR"])
def test_bits_to_spare_are_refused(text: str) -> None:
    with pytest.raises(WireError, match="not base64url"):
        b64url_decode(text)


# Addresses


@pytest.mark.parametrize(
    ("url", "parts", "origin"),
    [
        ("https://idp.example", HttpUrl("https", "idp.example", 443, "", ""), "https://idp.example"),
        ("HTTPS://IDP.Example/A?b=C", HttpUrl("https", "idp.example", 443, "/A", "b=C"), "https://idp.example"),
        ("https://idp.example:443/", HttpUrl("https", "idp.example", 443, "/", ""), "https://idp.example"),
        ("http://idp.example:80/", HttpUrl("http", "idp.example", 80, "/", ""), "http://idp.example"),
        ("http://idp.example:443/", HttpUrl("http", "idp.example", 443, "/", ""), "http://idp.example:443"),
        ("https://xn--bcher-kva.example/x", HttpUrl("https", "xn--bcher-kva.example", 443, "/x", ""), None),
        ("http://127.0.0.1:8080/?", HttpUrl("http", "127.0.0.1", 8080, "/", ""), "http://127.0.0.1:8080"),
        ("http://[::1]:8080/", HttpUrl("http", "::1", 8080, "/", ""), "http://[::1]:8080"),
        ("https://[2001:DB8:0::1]", HttpUrl("https", "2001:db8::1", 443, "", ""), "https://[2001:db8::1]"),
        ("http://h:65535/%20", HttpUrl("http", "h", 65535, "/%20", ""), "http://h:65535"),
    ],
)
def test_an_address_has_these_parts(url: str, parts: HttpUrl, origin: str | None) -> None:
    assert parse_http_url(url) == parts
    assert origin in (None, parts.origin)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "blank"),
        ("https://idp.example/a b", "blank"),
        (" https://idp.example/", "blank"),
        ("https://idp.example/\n", "blank"),
        ("https://idp.example\\@evil.example/", "backslash"),
        ("https://bücher.example/", "outside ASCII"),
        ("https://idp.example/é", "outside ASCII"),
        ("https://\uff45vil.example/", "outside ASCII"),
        ("https://idp.example/\x7f", "blank"),
        ("ftp://idp.example/", "neither http nor https"),
        ("javascript:alert(1)", "neither http nor https"),
        ("//idp.example/", "neither http nor https"),
        ("idp.example", "neither http nor https"),
        ("/path", "neither http nor https"),
        ("https://user@idp.example/", "user part"),
        ("https://user:word@idp.example/", "user part"),
        ("https://@idp.example/", "user part"),
        ("http://localhost:80@evil.example/", "user part"),
        ("https://idp.example/#", "fragment"),
        ("https://idp.example/#a", "fragment"),
        ("https:///path", "not plain"),
        ("https:idp.example", "not plain"),
        ("https://?a", "not plain"),
        ("https://:443/", "not plain"),
        ("https://idp.example:/", "not plain"),
        ("https://idp.example:+80/", "not plain"),
        ("https://idp.example:80:80/", "not plain"),
        ("https://idp.example:0x50/", "not plain"),
        ("https://idp.example:123456/", "not plain"),
        ("https://idp.example:0/", "port is none"),
        ("https://idp.example:65536/", "port is none"),
        ("https://idp%2eexample/", "not plain"),
        ("https://idp.example;a/", "not plain"),
        ("https://[::1%25eth0]/", "no"),
        ("https://[::1", "no address"),
        ("https://::1/", "not plain"),
        ("https://[v1.a]/", "no"),
        ("https://[:::]/", "no"),
        ("https://[1.2.3.4]/", "no"),
        ("https://[::1]evil.example/", "no"),
        ("https://evil.example[::1]/", "no"),
        ("https://[::1]evil:80/", "no"),
        ("https://idp.example/" + "a" * URL_LIMIT, "longer than 2048"),
    ],
)
def test_an_address_that_two_parsers_might_read_in_two_ways_is_refused(url: str, says: str) -> None:
    with pytest.raises(WireError, match=says):
        parse_http_url(url)


def test_an_ipv6_host_that_is_no_address_is_refused() -> None:
    with pytest.raises(WireError, match="no"):
        parse_http_url("http://[1::2::3]/")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("[::1]", True),
        ("[0:0:0:0:0:0:0:1]", True),
        ("localhost.", False),
        ("app.localhost", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("127.1", False),
        ("0.0.0.0", False),
        ("2130706433", False),
        ("128.0.0.1", False),
        ("[::]", False),
        ("[::2]", False),
    ],
)
def test_only_the_literal_names_of_this_machine_are_loopback(host: str, loopback: bool) -> None:
    assert parse_http_url(f"http://{host}/").is_loopback is loopback
