"""A made-up 3PL on a working day: one site, four merchants, their goods and orders, and people for every role.

Everything is made through the product's own commands, so that a demo cannot show what the product cannot do.
"""
