"""Real OpenID providers as parts of the tests: fetched from the registries, started on this machine, played by hand.

`parts.providers` starts them, `parts.real_provider` says what a running one is, `parts.person` is whoever signs in.
Nothing is imported here: the two Python providers load their scripts of this package in environments of their own.
"""
