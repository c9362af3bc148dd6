"""portal-funnels: from two event logs to funnels, tables and pages.

Imports go down the floors only, never sideways between rooms of one floor:

4 roof     cli, definitions                  the command and the Dagster entry point
3 wiring   assets                            Dagster assets, checks, schedules: thin
2 makers   sources, statistics, pages, sample   read the inbox; compute; draw; invent a sample
1 store    durable, event_store, warehouse, models, publishing   bytes on disk, DuckDB
0 words    catalog, settings, events, redaction, durations, paths, errors   what things are called and mean
"""
