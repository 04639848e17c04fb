"""The roles of the reference, under their names: the only place that spells them."""

from __future__ import annotations

from sso_core.identity.ladder import RoleLadder

REFERENCE_LADDER = RoleLadder(
    roles=("proxy_admin", "proxy_admin_viewer", "internal_user", "internal_user_viewer"),
    admins=("proxy_admin", "proxy_admin_viewer"),
    default="internal_user_viewer",
    unranked=("org_admin", "team", "customer"),
    budgeted="internal_user",
)
"""What people are who sign in to a gateway, unless its operator names roles of their own."""
