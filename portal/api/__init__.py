"""The door of merchants' machines: a token, JSON, problem+json when something is refused (RFC 9457)."""
