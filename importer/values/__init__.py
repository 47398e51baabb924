"""What a cell means: amounts, dates, yes/no, ids and words, with every reading that a text allows.

Comes in: one raw cell or text. Goes out: a typed value, the readings it allows, or why it has none. Pure.
"""
