"""`python -m pipelines` is the command portal-funnels."""

from pipelines.cli import main

main()
