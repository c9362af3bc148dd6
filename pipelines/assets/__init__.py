"""The wiring: Dagster assets, checks and automation around the floors below. Thin: what is computed stands elsewhere.

room         the resource that all assets share: places, as-of time, lock
ingestion    inbox -> event store; what is declared -> ref_ tables
tables       one asset a SQL file, with its key as a blocking check; one a table that Polars computes;
             one blocking check a file of sql/checks/
publishing   tables -> published/
ledger       which builds there were, and whether one stands
recipe       what a build is made by, as hashes
automation   schedule and sensor
"""
