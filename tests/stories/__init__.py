"""Days in the warehouse from end to end: a real browser, a real server, real workers, a real mail server."""
