"""A service to look at: an embedded OpenID provider with a few people, and sign-in against it."""
