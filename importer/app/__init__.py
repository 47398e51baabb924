"""The whole job in the browser: a page on this machine, for the person who started it.

Comes in: requests of one browser on 127.0.0.1, each with the cookie of this start. Goes out: pages, and calls of the
flow. The desk (desk.py) holds the files that are under way and does the work in threads of its own, so that closing
the page stops nothing; pages.py lays it out; guard.py lets no other program and no other user in. No rule of billing
stands here, and the access token never gets here.
"""
