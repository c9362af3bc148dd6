"""Published tables in, finished HTML out.

formats   how one number looks                 cells    a value with the table, key and column it came from
views     one frozen dataclass a page          charts   the only door to plotly
render    the only door to jinja2              site     writes the files

Belongs here: what a reader sees. Does not belong here: counting. Every number on a page is a row of a
published table; this room picks rows, words and places. Templates never compute.
"""
