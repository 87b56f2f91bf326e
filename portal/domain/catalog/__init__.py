"""What merchants sell: SKUs, and the barcodes that are printed on them or on their cases.

A SKU is born as a draft when an order names it first, and becomes active when somebody gives it a barcode or says so.
"""
