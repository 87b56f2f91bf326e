"""The only writers of people, tenants and credentials, one file per family of verbs."""
