"""The annotated copy: the user's own workbook with each problem marked at its cell.

Comes in: a report and the file that it is about. Goes out: a copy in the folder of reports, or a notice why there is
none. The file itself is only read.
"""
