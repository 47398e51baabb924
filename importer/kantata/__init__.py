"""Speak with Kantata: build requests, send them at a bounded pace, and read the answers leniently.

Comes in: invoices and ids. Goes out: records of what Kantata showed, or one of the errors of the model.
The only room that opens connections to Kantata; imports only the model.
"""
