"""What the doors share: the application's frame, who is asking, errors, forms, paging, static files."""
