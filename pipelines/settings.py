"""What can change a number (`reports/settings.toml`) and where things lie (environment).

Funnels and advice are in `catalog`. Nothing is read at import.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from pipelines.durations import parse_duration
from pipelines.paths import DataPaths

SHIPPED_REPORTS = Path(__file__).parents[1] / "reports"
DurationUs = Annotated[int, BeforeValidator(parse_duration)]


class Section(BaseModel):
    """A TOML table of which every key is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Report(Section):
    """How days are cut and how the pages are named."""

    company: str = ""
    time_zone: str = "UTC"
    week_start: Literal["monday", "sunday"] = "monday"

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (ValueError, KeyError, OSError):  # unknown, unsafe as a path, a folder of zones
            raise ValueError(f'{name!r} is no time zone: write one like "Europe/Berlin"') from None

    @property
    def zone(self) -> ZoneInfo:
        """The reporting time zone."""
        return ZoneInfo(self.time_zone)


class Rules(Section):
    """Durations (µs) that decide what an event counts as."""

    clock_tolerance: DurationUs = parse_duration("5 seconds")
    inversion_limit: DurationUs = parse_duration("1 hour")
    late_after: DurationUs = parse_duration("24 hours")
    stalled_after: DurationUs = parse_duration("1 hour")


class Ingestion(Section):
    """How the inbox is read."""

    rest_before_last_line: DurationUs = parse_duration("1 hour")
    max_quarantined_share: float = Field(default=0.2, ge=0, le=1)


class Build(Section):
    """When a build runs and what it may use."""

    as_of_reuse: DurationUs = parse_duration("1 hour")
    schedule: str = "0 * * * *"
    stale_after: DurationUs = parse_duration("26 hours")
    memory_limit: str = Field(default="600MB", pattern=r"^\d+(\.\d+)? ?(MB|GB|MiB|GiB)$")


class Settings(Section):
    """The whole of `reports/settings.toml`; every key has a default."""

    report: Report = Report()
    rules: Rules = Rules()
    ingestion: Ingestion = Ingestion()
    build: Build = Build()


@dataclass(frozen=True)
class Places:
    """The two directories that every command works on."""

    data: DataPaths
    reports: Path

    def looks(self, name: str) -> Path:
        """A folder or file of the reports directory, or the shipped one where it has none of its own."""
        own = self.reports / name
        return own if own.exists() else SHIPPED_REPORTS / name

    @classmethod
    def find(cls, data_dir: str | Path | None = None, reports_dir: str | Path | None = None) -> Places:
        """Options first, then `PORTAL_FUNNELS_DATA_DIR` and `PORTAL_FUNNELS_REPORTS_DIR`, then `data` and `reports`."""
        data = data_dir or os.environ.get("PORTAL_FUNNELS_DATA_DIR") or "data"
        reports = reports_dir or os.environ.get("PORTAL_FUNNELS_REPORTS_DIR") or "reports"
        return cls(data=DataPaths(Path(data).resolve()), reports=Path(reports).resolve())
