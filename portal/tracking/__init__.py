"""The public door: whoever has the link. It has a database login of its own, takes no filters and changes nothing."""
