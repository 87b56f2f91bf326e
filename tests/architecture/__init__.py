"""The walls: what the database's own catalogue and the application's routes say of themselves."""
