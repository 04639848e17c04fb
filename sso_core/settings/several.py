"""Several providers beside each other: which of them would make one person of two, or be mixed up."""

from __future__ import annotations

from itertools import combinations

from sso_core.oauth.tenants import Tenants
from sso_core.providers.kinds import OAuthProvider, Provider


def clashes(providers: tuple[Provider, ...]) -> tuple[tuple[Provider, Provider], ...]:
    """Return the pairs that share a namespace of subjects where an answer of one could pass for the other's.

    Callbacks of their own are not enough. Two entries of one issuer are one registration, or their tenants have nothing
    in common; a plain provider proves nothing, and shares its namespace with nobody.
    """
    return tuple(pair for pair in combinations(providers, 2) if _clash(*pair))


def _clash(one: Provider, other: Provider) -> bool:
    if one.namespace != other.namespace:
        return False
    if isinstance(one, OAuthProvider) or isinstance(other, OAuthProvider):
        return True
    if one.tenants is not None and other.tenants is not None and _apart(one.tenants, other.tenants):
        return False
    return (one.client, one.endpoints) != (other.client, other.endpoints)


def _apart(one: Tenants, other: Tenants) -> bool:
    return set(one.allowed).isdisjoint(other.allowed)
