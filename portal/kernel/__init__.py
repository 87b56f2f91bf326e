"""Plumbing that knows tenants and knows no goods: transactions, scopes, walls, outbox, errors, files, mail."""
