"""Where the events of sign-in go: to whoever watches the service."""
