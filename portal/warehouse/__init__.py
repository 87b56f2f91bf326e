"""The floor's door: workers on tablets that a lead enrolled. Everything runs at one site, for all merchants."""
