"""What can change a number (`reports/settings.toml`) and where things lie (environment).

Funnels and advice are in `catalog`. Nothing is read at import.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from pipelines.durations import parse_duration
from pipelines.mistakes import shown, spelt
from pipelines.paths import DataPaths

SHIPPED_REPORTS = Path(__file__).parents[1] / "reports"
DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
CRON = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    ("weekday", 0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)
"""The fields of a cron line: what they are called, their bounds, and the names of the numbers from the lower one on."""
LOGO_BYTES = 200_000
_CRON_PART = re.compile(r"(?:(\*)|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([0-9]{1,2}))?")
_LIVE_SVG = re.compile(
    rb"(?i)<(script|foreignobject|!entity)|\bon\w+\s*=|javascript:|@import|"
    rb"(\b(href|src)\s*=\s*[\"']|\burl\(\s*[\"']?)(?!#|data:image/)"
)
"""What a drawing can do without: it may run, or ask for something from outside."""


DurationUs = Annotated[int, BeforeValidator(parse_duration)]


class Section(BaseModel):
    """A TOML table of which every key is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _logo(name: str, info: ValidationInfo) -> str:
    """A logo is looked at only where the caller says in which folder the file of settings lies."""
    if name and info.context is not None and (fault := _logo_fault(Path(info.context), name)):
        raise ValueError(f"{shown(name)} {fault}")
    return name


def _logo_fault(folder: Path, name: str) -> str:
    """What is wrong with a logo, and the mend; nothing where it can be shown."""
    file = (folder / name).resolve()
    is_near = file.is_relative_to(folder.resolve()) and file.is_file() and os.access(file, os.R_OK)
    if not is_near or file.suffix not in {".svg", ".png"}:
        return f"is no .svg or .png file to read below {folder}; put one there and write its path from there"
    if file.stat().st_size > LOGO_BYTES:
        return f"has more than {LOGO_BYTES:,} bytes; save it smaller"
    content = file.read_bytes()
    if not (b"<svg" in content if file.suffix == ".svg" else content.startswith(b"\x89PNG\r\n\x1a\n")):
        return f"is something else than its name says; save it as {file.suffix[1:]}"
    is_live = file.suffix == ".svg" and _LIVE_SVG.search(content)
    return "holds a script or asks for something outside it; save it as plain SVG" if is_live else ""


class Report(Section):
    """How days are cut, and how the pages are named and look."""

    company: str = ""
    logo: Annotated[str, AfterValidator(_logo)] = ""
    colour: Annotated[str, spelt("(#[0-9a-fA-F]{6})?", 'write a colour such as "#1f5fbf"')] = ""
    time_zone: str = "UTC"
    week_start: Literal["monday", "sunday"] = "monday"

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (ValueError, KeyError, OSError):  # unknown, unsafe as a path, a folder of zones
            raise ValueError(f'{shown(name)} is no time zone; write one like "Europe/Berlin"') from None


class Rules(Section):
    """Durations (µs) that decide what an event counts as, and the users from which single sign-on is recommended."""

    clock_tolerance: DurationUs = parse_duration("5 seconds")
    inversion_limit: DurationUs = parse_duration("1 hour")
    late_after: DurationUs = parse_duration("24 hours")
    stalled_after: DurationUs = parse_duration("24 hours")
    eligible_users: int = Field(default=10, ge=1, strict=True)


class Ingestion(Section):
    """How the inbox is read."""

    rest_before_last_line: DurationUs = parse_duration("1 hour")
    max_quarantined_share: float = Field(default=0.2, ge=0, le=1)


class Build(Section):
    """When a build runs and what it may use."""

    as_of_reuse: DurationUs = parse_duration("1 hour")
    schedule: str = "0 * * * *"
    stale_after: DurationUs = parse_duration("26 hours")
    memory_limit: Annotated[str, spelt(r"[0-9]+(\.[0-9]+)? ?(MB|GB|MiB|GiB)", 'write a size such as "600MB"')] = "600MB"

    @field_validator("schedule")
    @classmethod
    def _cron_line(cls, line: str) -> str:
        fields = line.split()
        if len(fields) != len(CRON):
            raise ValueError(
                f"{shown(line)} is no cron line of five fields; "
                'write minute, hour, day, month and weekday, such as "0 * * * *"'
            )
        found = []
        for text, (name, low, high, names) in zip(fields, CRON, strict=True):
            parts = [_cron_numbers(part, low, high, names) for part in text.lower().split(",")]
            if not all(parts):
                bounds = f"{low} to {high}" + (f" or {names[0]} to {names[-1]}" if names else "")
                raise ValueError(f"{shown(text)} is no {name}; write *, or {bounds}, such as {low} or */2")
            found.append({number for part in parts for number in part})
        days, months = found[2], found[3]
        if fields[4] == "*" and min(days) > max(DAYS_OF_MONTH[month - 1] for month in months):
            raise ValueError(f"{shown(line)} names a day that never comes; write a day that the month has")
        return line


def _cron_numbers(part: str, low: int, high: int, names: tuple[str, ...]) -> range:
    """The numbers that `*`, a number or name, or a range of two means, perhaps with a step; none where it is wrong."""
    match = _CRON_PART.fullmatch(part)
    if not match or (match[4] and not (match[1] or match[3])):
        return range(0)
    first, last = (
        names.index(word) + low if word in names else int(word) if word.isdigit() else -1
        for word in ((str(low), str(high)) if match[1] else (match[2], match[3] or match[2]))
    )
    step = int(match[4] or 1)
    return range(first, last + 1, step) if low <= first <= last <= high and 1 <= step <= high else range(0)


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
    def find(cls, data_dir: str | Path | None = None, reports_dir: str | Path | None = None) -> "Places":
        """Options first, then `PORTAL_FUNNELS_DATA_DIR` and `PORTAL_FUNNELS_REPORTS_DIR`, then `data` and `reports`."""
        data = data_dir or os.environ.get("PORTAL_FUNNELS_DATA_DIR") or "data"
        reports = reports_dir or os.environ.get("PORTAL_FUNNELS_REPORTS_DIR") or "reports"
        return cls(data=DataPaths(Path(data).resolve()), reports=Path(reports).resolve())
