"""Show what was planned or done: the report, the terminal, workbooks, pages and the annotated copy.

Comes in: a :class:`~importer.reporting.report.Report`. document.py and details.py decide what is shown of it, as
tables and sentences; terminal.py, workbook/ and page/ lay that out. Goes out: text, and files in the reports
folder. Nothing is decided here about an invoice: what is shown was decided before.
"""
