"""Show what was planned or done: the report, the terminal, workbooks and the annotated copy.

Comes in: a :class:`~importer.reporting.report.Report`. Goes out: text on the terminal and files in the reports folder.
It decides nothing: what it shows was decided before.
"""
