"""The only writers of orders, one file per family of verbs."""
