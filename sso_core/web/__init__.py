"""Requests and responses as values: routes, cookies, return targets, security headers, pages."""
