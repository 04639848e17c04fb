"""The revisions, each in a module of its own. One that was released never changes."""
