"""For tests of relying parties, this one or another: a pure provider, honest or hostile in every known way.

`fake_provider` plays an honest provider, `hostile` has a table of dishonest ones. Nothing here does input or output:
whoever has sockets translates.
"""
