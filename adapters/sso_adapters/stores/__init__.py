"""Where short-lived things lie: pending logins and sessions. Each store performs Keep, Take, Peek and Drop."""
