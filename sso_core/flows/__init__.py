"""The stories, one a file: states in the order they happen, the map in the head comment."""
