"""The `sso-core` command: one module for each word that may follow it, imported when that word is said."""
