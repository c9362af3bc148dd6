"""Rates with intervals, survival curves and cohorts: pure functions, Polars frames in, Polars frame out.

Which rows an entry is made of is decided in SQL; here they are only counted. Results are written back as `rpt_`
tables, so that every number on a page is also a row. Nothing here reads a file, a clock or a setting.

Every result is the same bit for bit whatever the order of rows and the number of threads: counts and times stay
integers to the last step, and floats are accumulated only along a sorted, unique key.

intervals   Wilson interval of a share
quantiles   exact quantiles of integer durations
survival    Kaplan-Meier curve, its quantiles, its value at given times
funnels     one row per funnel; one row per step
cohorts     one row per entry week; one row per provider
activation  time-to-activation quantiles; the curve
tables      which function makes which table from which tables
"""
