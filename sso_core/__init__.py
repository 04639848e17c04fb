"""Sign-in as a sans-IO state machine: explicit states, events in, effects out, no I/O."""

__version__ = "0.1.0"
