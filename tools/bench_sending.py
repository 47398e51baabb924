"""Measure sending: throughput beside as many bare threads, and what an invoice costs.

A tiny server in a process of its own answers every POST after a fixed time. ``tools/bench.py`` puts
:func:`table` into ``docs/benchmark.md``; alone, this file prints it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import platform
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LATENCY_SECONDS = 0.1
"""How long the server takes for an invoice."""
WORKERS = (1, 4, 8, 16)
ROUNDS = 40
"""Invoices per worker in a measurement of throughput."""
REPEATS = 3
"""The best of so many runs is reported."""
MANY = 2_000
PACE = 1000.0
"""Requests per second that the gate lets through; far above the bound."""


# --- the server ---


async def _serve(latency: float) -> None:
    count = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-len"))
                body = json.loads(await reader.readexactly(length))
                count += 1
                number = str(count)  # others are counted meanwhile
                if latency:
                    await asyncio.sleep(latency)
                writer.write(_created(number, body["invoice"].get("external_reference")))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _created(number: str, reference: dict[str, str] | None) -> bytes:
    record = {"id": number, "status": "new", "draft": True, "currency": "EUR", "balance_in_cents": 10000}
    record["external_reference_ids"] = [number]
    answer = {"count": 1, "results": [{"key": "invoices", "id": number}], "invoices": {number: record}}
    answer["external_references"] = {number: {"id": number, **(reference or {})}}
    body = json.dumps(answer)
    return f"HTTP/1.1 200 OK\r\nX-Request-Id: {number}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@contextmanager
def _server(latency: float) -> Iterator[str]:
    command = [sys.executable, __file__, "serve", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/api/v1"
        finally:
            process.terminate()


# --- the client ---


def _planned(count: int) -> tuple[Any, ...]:
    from importer.model.invoices import Invoice, ItemType, LineItem
    from importer.planning.plan import draw_up

    def one(number: int) -> Invoice:
        line = LineItem(number + 2, 101 + number % 10, ItemType.FIXED_FEE, amount=Decimal(100), notes="Consulting")
        return Invoice(f"k{number}", (line,), 30, draft=True, suppress_emails=True)

    return draw_up([one(number) for number in range(count)], "2026-10")


def _clocked(ledger: Any) -> Callable[[], float]:
    """Count the CPU-seconds that a ledger's writes take; give a function that tells them."""
    spent = [0.0]

    def clocked(act: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            begun = time.thread_time()
            try:
                return act(*arguments)
            finally:
                spent[0] += time.thread_time() - begun

        return run

    ledger.claim, ledger.note_outcome = clocked(ledger.claim), clocked(ledger.note_outcome)
    return lambda: spent[0]


def bare(url: str, workers: int, count: int) -> float:
    """Send as many bodies from as many threads with requests alone; seconds."""
    import requests

    bodies = [planned.payload for planned in _planned(count)]

    def work() -> None:
        with requests.Session() as session:
            while True:
                try:
                    body = bodies.pop()
                except IndexError:
                    return
                session.post(f"{url}/invoices", json=body, timeout=30).raise_for_status()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun


def send(url: str, ledger_at: Any, workers: int, count: int) -> dict[str, float]:
    """Send so many invoices; seconds in all, CPU-seconds, and those that the threads spent in the ledger."""
    from importer.kantata.backoff import Pace, RetryBudget
    from importer.kantata.client import KantataApi
    from importer.ledger.opening import open_ledger
    from importer.model.plans import Source, Status
    from importer.sending.sender import Sender
    from importer.sending.throttle import Stop, Throttle

    planned, stop = _planned(count), Stop()
    ledger = open_ledger(ledger_at, "bench")
    in_ledger = _clocked(ledger)
    gate = Throttle(Pace.of(PACE), RetryBudget(0), stop)
    source = Source("bench.xlsx", "Invoices", "0" * 64, count)

    def connect() -> KantataApi:
        return KantataApi(url, "bench", connect_timeout=5, read_timeout=30)

    sender = Sender(connect, ledger, "bench", "2026-10", source, gate, stop, workers)
    begun, cpu = time.perf_counter(), time.process_time()
    sent = sender.send_all(planned)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    ledger.close()
    if any(one.status is not Status.CREATED for one in sent.planned):
        sys.exit(f"the benchmark's server failed: {sent.planned[-1].reason}")
    return {"seconds": seconds, "cpu": cpu, "ledger": in_ledger()}


def throughput(workers: int) -> dict[str, float]:
    """Invoices per second of the program and of bare threads, in turn; the best of several runs each."""
    count, ours, theirs = workers * ROUNDS, 0.0, 0.0
    for _ in range(REPEATS):
        with _server(LATENCY_SECONDS) as url, tempfile.TemporaryDirectory() as folder:
            theirs = max(theirs, count / bare(url, workers, count))
            ours = max(ours, count / send(url, Path(folder) / "l.sqlite", workers, count)["seconds"])
    return {"ours": ours, "bare": theirs, "share": ours / theirs}


def many() -> dict[str, float]:
    """Milliseconds of CPU per invoice with one worker and a server that answers at once: in all, and in the ledger."""
    with _server(0) as url, tempfile.TemporaryDirectory() as folder:
        done = send(url, Path(folder) / "l.sqlite", 1, MANY)
    return {name: done[name] / MANY * 1000 for name in ("cpu", "ledger")}


def table(figures: dict[str, float]) -> list[str]:
    """Lines of Markdown: sending beside bare threads, and what an invoice costs."""
    rates = {workers: throughput(workers) for workers in WORKERS}
    cost = many()
    figures["sending"] = rates[8]["share"]
    return [
        "## Sending",
        "",
        (
            f"A server in its own process takes {LATENCY_SECONDS * 1000:.0f} ms for an invoice; a fresh SQLite ledger, "
            f"{ROUNDS} invoices per worker, pace {PACE:.0f} per second, the best of {REPEATS}, in turn with as many "
            f"threads that do nothing but post with requests. ({platform.system()}; the ledger waits for the disk "
            "twice an invoice.)"
        ),
        "",
        "| workers | invoices per second | bare threads | share |",
        "|---:|---:|---:|---:|",
        *(f"| {n} | {r['ours']:.1f} | {r['bare']:.1f} | {r['share']:.0%} |" for n, r in rates.items()),
        "",
        f"An invoice costs {cost['cpu']:.2f} ms of CPU, of which the ledger takes **{cost['ledger']:.2f} ms**.",
        "",
    ]


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(_serve(float(sys.argv[2])))
    else:
        print("\n".join(table({})))
