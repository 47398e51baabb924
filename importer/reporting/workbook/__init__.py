"""The workbooks of a run: results, preview, to-fix and undo, from one table model."""
