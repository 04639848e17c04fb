"""What outlives a request: pending logins, sessions, and what goes into a cookie."""
