"""The `sso-core` command."""
