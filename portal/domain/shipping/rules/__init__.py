"""Pure rules of shipping: carriers and their numbers, when a parcel arrives, what stands on a label."""
