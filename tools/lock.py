"""Pin requirements.txt and requirements-runtime.txt: what resolves today, with hashes and without index lines."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
BEGINNING = "# Pinned by `make lock`, with the hashes of all files that each package has;"
EXTRAS = ("app", "keyring", "notify", "postgres", "sandbox")
FILES = {
    "requirements.txt": ("the program, its extras, and what the tests need.", ("--group", "dev")),
    "requirements-runtime.txt": ("the program and its extras.", ()),
}
"""File → what it pins, and more options."""


def main() -> None:
    """Resolve for all systems and versions of Python with uv, which is installed for this only."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "uv"], check=True)
        for name, (what, options) in FILES.items():
            pinned = _pinned(python, *options)
            (ROOT / name).write_text(f"{BEGINNING} {what}\n{pinned}", encoding="utf-8")


def _pinned(python: Path, *options: str) -> str:
    compiled = [python, "-m", "uv", "pip", "compile", "pyproject.toml", "--quiet", "--universal", "--upgrade"]
    compiled += ["--python-version", "3.11", "--generate-hashes", "--no-strip-extras"]
    compiled += ["--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate"]
    for extra in EXTRAS:
        compiled += ["--extra", extra]
    return subprocess.run([*compiled, *options], check=True, cwd=ROOT, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
