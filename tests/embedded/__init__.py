"""The built-in servers: real programs, real kills, real refusals of the file system."""
