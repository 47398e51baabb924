"""The annotated copy: the user's own workbook with each problem marked at its cell."""
