"""Walks through the warehouse. A batch is one walk of one cart: picks in walking order, each into the order's tote.

A pick is done by scanning the place and then the item. What is picked leaves by packing, the next room's work.
"""
