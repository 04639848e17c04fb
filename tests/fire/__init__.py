"""Running under fire: real processes, real people's browsers, and one thing after the other that breaks.

`python -m tests.fire` plays the scenes of `scenes` at the place that `place` builds, and prints what `report` makes of
it. `network` lies between the service and everybody whom it asks, `browsers` sign in all the while, `canaries` looks
for secrets in whatever was said, written and kept.
"""
