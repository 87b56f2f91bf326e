"""Orders: accepting, allocating, holding, cancelling, and the answer to why."""
