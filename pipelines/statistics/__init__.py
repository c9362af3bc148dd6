"""Rates with intervals, survival curves and cohorts: pure functions, Polars frames in, Polars frame out.

Which rows an entry is made of is decided in SQL; here they are only counted. Results are written back as `rpt_`
tables, so that every number on a page is also a row. Nothing here reads a file or a clock.

Every result is the same bit for bit whatever the order of rows and the number of threads: counts and times stay
integers to the last step, and floats are accumulated only along a sorted, unique key.

How to estimate:
intervals      Wilson interval of a share, Newcombe's of a difference, the test of two shares
odds           odds ratio of a 2 x 2 table
adjustments    p-values of many tests at once
bootstrap      intervals of rates whose attempts hang together
quantiles      exact quantiles of integer durations
survival       Kaplan-Meier curve, its quantiles, its value at given times, its restricted mean
incidence      Aalen-Johansen estimate of the share with an event by a horizon

What is estimated:
funnels        one row per funnel; one row per step
cohorts        one row per entry week; one row per provider
segments       one row per segment of any dimension; its steps
drivers        what goes with drop-off
comparisons    now and before, at equal maturity
organizations  organizations, and attempts as theirs
activation     time-to-activation quantiles; the curve
times          step times, time in the portal, counts by named times
history        what earlier reports said of the same moments
tables         which function makes which table from which tables
"""
