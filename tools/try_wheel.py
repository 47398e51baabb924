"""Build the wheel and run the main job with it in a clean environment, away from the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SAMPLE = "agency_october_2026.xlsx"


def main() -> None:
    """Raise CalledProcessError, or exit with a message, when the wheel does not do its job."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT], check=True)
        wheel = next(folder.glob("*.whl"))
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        install = [programs / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*install, "--require-hashes", "-r", ROOT / "requirements-runtime.txt"], check=True)
        subprocess.run([*install, "--no-deps", wheel], check=True)
        subprocess.run([programs / "python", "-m", "pip", "check"], check=True, stdout=subprocess.DEVNULL)
        shutil.copy(ROOT / "sample_data" / SAMPLE, folder)
        _main_job(folder, programs / "invoice-importer")
    print(f"{wheel.name} works without the checkout.")


def _main_job(folder: Path, command: Path) -> None:
    needed = ("PATH", "SYSTEMROOT", "TEMP")  # the last two by Python on Windows
    environment = {name: os.environ[name] for name in needed if name in os.environ}
    environment |= {"HOME": str(folder), "USERPROFILE": str(folder), "IMPORTER_LEDGER": str(folder / "ledger.sqlite")}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [command, *arguments], check=True, cwd=folder, env=environment, capture_output=True, text=True
        )
        return done.stdout

    run("template", "new.xlsx")
    run("preview", SAMPLE, "--sandbox")
    first = json.loads(run("submit", SAMPLE, "--sandbox", "--yes", "--json"))
    again = json.loads(run("submit", SAMPLE, "--sandbox", "--yes", "--json"))
    if set(first["totals"]["by_status"]) != {"created"} or set(again["totals"]["by_status"]) != {"already_created"}:
        sys.exit(f"unexpected outcome: {first['totals']} then {again['totals']}")


if __name__ == "__main__":
    main()
