"""From claims to the person they are about."""
