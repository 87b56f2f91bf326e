"""Order files on their way in. A file is read and shown before anything becomes an order; one bad row keeps its whole
order in attention and never stops the others; the same file again changes nothing.
"""
