"""Requests over HTTPS and the copies of what providers publish: `HttpxSender`, `Library`, and their async twins."""

from sso_adapters.http.addresses import AddressRule
from sso_adapters.http.deadlines import Deadlines
from sso_adapters.http.library import AsyncLibrary, AsyncSender, Library, Sender
from sso_adapters.http.senders import AsyncHttpxSender, HttpxSender
from sso_adapters.http.shelf import Terms

__all__ = [
    "AddressRule",
    "AsyncHttpxSender",
    "AsyncLibrary",
    "AsyncSender",
    "Deadlines",
    "HttpxSender",
    "Library",
    "Sender",
    "Terms",
]
