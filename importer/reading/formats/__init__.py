"""Take a file apart into grids of raw cells, in a child process with bounds; judge nothing.

What a file is, its bytes decide, not its name. The child returns grids or a refusal, never anything else.
"""
