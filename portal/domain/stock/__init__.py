"""Where things are. One append-only ledger of movements between places; every other number is its sum.

Receiving is supplier → place, allocating is available → allocated in the same place, picking moves into a tote,
packing into a parcel, shipping from the parcel to the recipient. Balances are kept by the database itself, in the
statement that writes the movements. A mistake is corrected by a movement back that names what it reverses.
"""
