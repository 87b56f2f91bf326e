"""The floor through HTTP, as a tablet without JavaScript and with it."""
