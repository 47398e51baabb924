"""Settings, the access token, the log, and the masking of secrets.

Comes in: flags, environment, ``importer.toml``, the keyring. Goes out: one checked ``Settings`` record.
The only room that reads settings and secrets. ``plain_files.py`` reads what somebody else may change, also for others.
"""
