"""Facts about an account and an identity make a decision."""
