"""Parcels. A parcel is packed when every unit in it was verified by scan, and shipped when the server accepts the scan
of its label. Carrier and number come from our own label or are typed in; label and packing slip are documents kept by
the hash of their content.
"""
