"""The page beside each workbook: one HTML file to look at, to print and to approve from; it loads nothing.

content.py and cards.py decide what stands on it, from the same document and sums as terminal and workbook; charts.py
measures bars; the templates lay it out, and writing.py writes the file.
"""
