"""The scripts that a person would write for the same job: read, check, group, and write the answers beside the rows.

``competent`` knows its libraries: pandas reads by calamine, pandera checks, XlsxWriter writes. ``by_hand`` is what
most people write: pandas and openpyxl, row by row. Both check far less than the program does.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = ("Project ID", "Item ID", "Amount")
KINDS = {
    "Time entry": "time_entry_ids",
    "Expense": "expense_ids",
    "Billing milestone": "billing_milestone_ids",
    "Fixed fee": "fixed_fee_items",
    "Additional item": "additional_items",
}


def competent(source: Path, target: Path) -> None:
    """Columns at once, as far as they go."""
    import pandas as pd
    import pandera.pandas as pa

    frame = pd.read_excel(source, engine="calamine")
    for name in NUMBERS:
        frame[name] = pd.to_numeric(frame[name], errors="coerce")
    positive = pa.Check.gt(0)
    schema = pa.DataFrameSchema(
        {
            "Project ID": pa.Column(float, positive, coerce=True),
            "Item type": pa.Column(str, pa.Check.isin(KINDS)),
            "Item ID": pa.Column(float, positive, nullable=True, coerce=True),
            "Amount": pa.Column(float, nullable=True, coerce=True),
            "Invoice date": pa.Column("datetime64[ns]", coerce=True),
        },
        checks=pa.Check(lambda rows: rows["Amount"].notna() | rows["Item ID"].notna()),
    )
    schema.validate(frame, lazy=True)
    if frame.loc[frame["Item ID"].notna(), ["Item type", "Item ID"]].duplicated().any():
        raise ValueError("the same item twice")

    status = dict.fromkeys(frame["Project ID"].unique(), "ready")
    frame["status"] = frame["Project ID"].map(status)
    invoices = []
    for project, rows in frame.groupby("Project ID", sort=False):
        invoices.append({"project": project, "rows": len(rows), "JSON": json.dumps(_payload(project, _dicts(rows)))})
    with pd.ExcelWriter(target, engine="xlsxwriter", engine_kwargs={"options": {"constant_memory": False}}) as writer:
        pd.DataFrame(invoices).to_excel(writer, sheet_name="Invoices", index=False)
        frame.to_excel(writer, sheet_name="Lines", index=False)


def _dicts(rows: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rows[["Item type", "Item ID", "Amount", "Description"]].to_dict("records")
    return found


def by_hand(source: Path, target: Path) -> None:
    """Row by row, with openpyxl for reading and writing."""
    import openpyxl
    import pandas as pd
    from openpyxl.styles import Font, PatternFill

    frame = pd.read_excel(source, engine="openpyxl")
    errors, invoices, seen = {}, dict[Any, list[dict[str, Any]]](), set()
    for index, row in frame.iterrows():
        wrong = []
        if pd.isna(row["Project ID"]) or row["Project ID"] <= 0:
            wrong.append("no project")
        if row["Item type"] not in KINDS:
            wrong.append("unknown kind")
        if pd.isna(row["Amount"]) and pd.isna(row["Item ID"]):
            wrong.append("no amount")
        item = (row["Item type"], row["Item ID"])
        if not pd.isna(row["Item ID"]) and item in seen:
            wrong.append("twice")
        seen.add(item)
        errors[index] = "; ".join(wrong)
        invoices.setdefault(row["Project ID"], []).append(row.to_dict())

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Lines"
    sheet.append([*frame.columns, "status", "error"])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    ready = PatternFill("solid", fgColor="DDEBF7")
    for number, (index, row) in enumerate(frame.iterrows(), 2):
        values = [None if pd.isna(value) else value for value in row]
        sheet.append([*values, "not sent" if errors[index] else "ready", errors[index]])
        sheet.cell(number, len(frame.columns) + 1).fill = ready  # to ask for max_row looks at all cells each time
    overview = book.create_sheet("Invoices")
    for project, rows in invoices.items():
        overview.append([project, len(rows), json.dumps(_payload(project, rows), default=str)])
    book.save(target)


def _payload(project: Any, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The body of an invoice."""
    body: dict[str, Any] = {"workspace_id": int(project)}
    for row in rows:
        name = KINDS[row["Item type"]]
        if name.endswith("_ids"):
            body.setdefault(name, []).append(int(row["Item ID"]))
        else:
            body.setdefault(name, []).append({"amount": row["Amount"], "notes": row["Description"]})
    return {"invoice": body}
