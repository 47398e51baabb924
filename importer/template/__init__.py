"""The empty import workbook, its instructions and examples, and the CSV template.

Comes in: the table of columns. Goes out: a file at a path. Touches nothing else.
"""
