"""Shipping: packing by scan, papers, carriers, and the scan of the label."""
