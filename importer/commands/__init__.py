"""The commands, one file each: options in, one call of the flow, its outcome printed, an exit code out.

What a command decides belongs in a room below; here stand options, questions and printing.
"""
