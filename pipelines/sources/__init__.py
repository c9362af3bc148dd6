"""The ways in: what turns bytes that arrive into events, quarantined lines and books.

`door` judges lines, `envelopes` knows where each field of an event lies; everything that fetches or receives hands
its lines to the door. No normal forms here (staging has them), and nothing that is about more than one line.
"""
