"""The door of merchants' machines."""
