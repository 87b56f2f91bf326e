"""Tablets that a lead enrolled at a site, and the scans that came from them.

A device counts failed sign-ins and locks itself after five. A scan carries the uuid that the tablet made before its
first try; its answer is kept, so that a repeated scan gets the first answer again.
"""
