"""Several providers beside each other: which of them would make one person of two, or be mixed up."""

from __future__ import annotations

from itertools import combinations

from sso_core.providers.kinds import OAuthProvider, OpenIdProvider, Provider


def clashes(providers: tuple[Provider, ...]) -> tuple[tuple[Provider, Provider], ...]:
    """Return the pairs that share a namespace of subjects where an answer of one could pass for the other's.

    Callbacks of their own are not enough. Two entries that let in people of one issuer are one registration; each
    tenant of an authority is an issuer. A plain provider proves nothing, and shares its namespace with nobody.
    """
    return tuple(pair for pair in combinations(providers, 2) if _clash(*pair))


def _clash(one: Provider, other: Provider) -> bool:
    if _issuers(one).isdisjoint(_issuers(other)) and (_has_tenants(one) and _has_tenants(other)):
        return False
    if _namespaces(one).isdisjoint(_namespaces(other)):
        return False
    if not (_namespaces(one) - _former(one)) & (_namespaces(other) - _former(other)):
        return True
    if isinstance(one, OAuthProvider) or isinstance(other, OAuthProvider):
        return True
    return (one.client, one.endpoints) != (other.client, other.endpoints)


def _has_tenants(provider: Provider) -> bool:
    return isinstance(provider, OpenIdProvider) and provider.tenants is not None


def _namespaces(provider: Provider) -> frozenset[str]:
    return _issuers(provider) | {provider.namespace} | _former(provider)


def _former(provider: Provider) -> frozenset[str]:
    """Return the namespace whose accounts a provider's people take over: those of nobody else."""
    named = provider.former_namespace if isinstance(provider, OpenIdProvider) else None
    return frozenset({named} if named is not None else ())


def _issuers(provider: Provider) -> frozenset[str]:
    """Return the namespaces of the people whom a provider lets in."""
    if isinstance(provider, OAuthProvider) or provider.tenants is None:
        return frozenset({provider.namespace})
    return frozenset(map(provider.tenants.issuer, provider.tenants.allowed))
