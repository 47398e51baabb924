"""The commands, one file each; they are put together in :mod:`importer.cli`."""
