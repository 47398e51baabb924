"""The stand-in Kantata: a real HTTP server on 127.0.0.1 that answers like the documented Kantata OX API.

For demonstrations, for tests, and for accountants who want to try a workbook before it costs anything. Requests come
in over HTTP; answers go out, and what was received and stored can be looked at. It writes to its own store file only,
and the rest of the program never imports it but for the ``sandbox`` command and ``--sandbox``.

    with importer.sandbox.start() as sandbox:
        requests.get(f"{sandbox.base_url}/users/me", headers={"Authorization": f"Bearer {sandbox.token}"})

Importing this package loads neither Flask nor SQLAlchemy; ``start()`` does.

Limits: what it is not
----------------------
It knows one account, one token and the sample projects of :mod:`importer.sandbox.account`; there is no OAuth
flow, no custom fields, payments only on order, no e-mail, no PDF, no webhooks. It has no rate limit of its own
(Kantata's numbers are not public): order 429 answers through :class:`Fault`. It knows the routes the importer needs,
each with and without ``.json``; every other route answers 404. It proves that a client copes with the *documented*
API and with a bad network, never that Kantata accepts a given invoice.

Outside Kantata's name space, and without a token (it listens on the loopback address only): ``PUT
/_sandbox/faults`` (a JSON list; replaces those pending), ``GET /_sandbox/faults``, ``PUT /_sandbox/habits`` (a JSON
object), ``GET /_sandbox/habits``, ``GET /_sandbox/requests``, ``GET /_sandbox/invoices``, and what people do in
Kantata: ``PUT /_sandbox/invoices/{id}/pay`` accepts a payment, ``PUT /_sandbox/invoices/{id}/notes`` gives its items
the text of the body. The stand-in of one run (``--sandbox``) has none of these, and a token of its own. A request to
another host name is refused with 421: a web page could have its own name lead here.

What this stand-in decides where Kantata's documentation is silent
------------------------------------------------------------------
Only Kantata knows these; a client that relies on any of them relies on a guess.

Creating
  - ``draft`` missing means false (an active invoice): the riskier reading.
  - A draft holds its time entries, expenses and milestones just as an active invoice does.
  - Fractions in amounts are kept to the cent; more than two decimals are refused (422).
  - That drafts hold their items, cents survive and lists never lag are its habits of an ordinary day: :class:`Habits`
    changes them.
  - An amount of 0 is accepted; a negative one only on additional items. Amounts stay below 10**13 in the main unit.
  - Every refusal is complete: all complaints at once. The sentences are this stand-in's own.
  - An entry already invoiced, unapproved (where the project requires approval), not billable, unknown or of another
    project: 422 with ``field`` set to the list's name and ``index`` to its place in it (from 0). Kantata's wording
    is unknown.
  - The same id twice in one list counts once.
  - An unknown project: 422 on ``workspace_id``. A project whose finances the token may not see: 403. An archived
    one: accepted.
  - A multi-project invoice whose fixed-fee or additional items lack ``workspace_id``: 422.
  - null stands for "not given". Unknown fields of the invoice are ignored, as unknown query parameters are.
  - ``user_invoice_number`` must be a whole number above 0; a number used before is accepted; drafts get a number
    too.
  - The external reference is written together with the invoice, in one transaction; lists never lag.
  - A body that is not JSON: 400 ``malformed JSON``, whatever its Content-Type; no ``invoice`` object inside: 400,
    type ``syntax``.
  - No taxes: ``tax_rate`` is null. A time entry's value is rate times minutes, rounded half up to the cent, entry
    by entry.
  - The account's time zone is UTC. The recipient of a multi-project invoice is that of its first project.

Changing
  - ``PUT /invoices/{id}`` ignores fixed and additional items; a cancelled invoice is refused; ``draft`` may go from
    true to false, never back; an id list replaces the one before.
  - Cancelling a draft, a paid or a cancelled invoice, and deleting anything but a draft: 422 on ``base``. A paid
    invoice cannot be changed either.
  - ``create_or_update`` updates the reference of the same subject, service name and service model, else creates
    one; it knows the subject type Invoice only.

Reading
  - ``per_page`` and ``limit`` above 200 count as 200; nonsense counts as the default. A page past the end is empty.
  - Without ``include`` a time entry has no ``invoice_id`` and a milestone no ``invoice_ids``. With it, a time entry
    names its live invoice only; a milestone names cancelled invoices too; a cancelled invoice goes on listing what
    it held.
  - ``created_after`` and the like are exclusive, to the second; a value that is no moment: 400.
  - ``matching`` finds the words anywhere in a title; case matters for letters beyond A to Z only.
  - ``only`` keeps what is a whole number. Unknown ``include`` and ``order`` values are ignored. Lists come by id
    by default.
  - The singular ``external_reference_service_model_ref`` is an integer: any other value is 400. More than 200 keys
    in the plural: 400.
  - ``/external_references`` without ``subject_type``: 422. A method that a path does not know: 404.
  - ``approved``, ``billable`` and ``uninvoiced`` narrow a list whatever their value. Both days of a span of dates
    (``A:B``) are in it; anything else than two dates: 400. ``client_lead_name`` of a project is shown when
    ``optional_fields`` names it; without a client lead it is null.
  - In a project whose finances are hidden, ``rate_in_cents`` of time entries and amounts of expenses and milestones
    are null.
  - A status answer that a :class:`Fault` orders has the documented shape, 429 included, whose real body is unknown.
"""

from __future__ import annotations

from importer.sandbox.faults import Fault, FaultKind
from importer.sandbox.habits import Cents, Habits
from importer.sandbox.received import Received, StoredInvoice
from importer.sandbox.running import Sandbox

__all__ = [
    "Cents",
    "Fault",
    "FaultKind",
    "Habits",
    "Received",
    "Sandbox",
    "StoredInvoice",
    "start",
]

start = Sandbox
