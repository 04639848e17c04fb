"""The protocol, one idea a module. It knows no users, no pages and no clock."""
