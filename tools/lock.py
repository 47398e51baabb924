"""Pin requirements.txt: what a fresh environment resolves to today, without index lines."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEADER = "# Pinned by `make lock`; runtime, the extra sandbox, and what the tests need.\n"


def main() -> None:
    """Install everything into a new environment and note the versions."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin" / "python"
        run = subprocess.run
        run([sys.executable, "-m", "venv", folder], check=True)
        run([python, "-m", "pip", "install", "--quiet", "--upgrade", "pip"], check=True)
        run(
            [
                python,
                "-m",
                "pip",
                "install",
                "--quiet",
                f"{ROOT}[sandbox,postgres]",
                "--group",
                f"{ROOT}/pyproject.toml:dev",
            ],
            check=True,
        )
        frozen = run(
            [
                python,
                "-m",
                "pip",
                "list",
                "--format",
                "freeze",
                "--exclude",
                "kantata-invoice-importer",
                "--exclude",
                "pip",
                "--exclude",
                "setuptools",
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    (ROOT / "requirements.txt").write_text(HEADER + frozen, encoding="utf-8")


if __name__ == "__main__":
    main()
