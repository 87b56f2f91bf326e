"""What recipients bought from merchants. `state` says what merchant and operator agreed (open, cancelled, closed);
`progress` says how far the physical work is and is computed from the lines' stock by a pure rule.

Names, addresses, e-mail and phone stand in `recipients` alone. Holds stop an order. "Why has this not shipped?"
always has an answer: a reason, an owner and a next step.
"""
