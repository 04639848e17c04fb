"""Makes `scenes` importable from every test of the core."""
