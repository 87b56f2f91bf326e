"""Every e-mail that the product writes, kept as it was sent. Sending is at most once: `sending` is committed before the
mail server gets the text, and whatever is found in `sending` later is `unknown` and waits for a person.
"""
