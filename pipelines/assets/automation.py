"""When a build runs by itself: on the hour, and when the inbox changes. An operator turns either on in the pages."""

import hashlib

import dagster as dg

from pipelines.catalog import load_catalog
from pipelines.errors import FixableError
from pipelines.settings import Places, Settings
from pipelines.sources.inbox import scan

EVERYTHING = dg.AssetSelection.all()


def build_schedule() -> dg.ScheduleDefinition:
    """One build an hour, or as `settings.toml` says, in the reporting time zone."""
    settings = _settings()
    return dg.ScheduleDefinition(
        name="build_on_schedule",
        target=EVERYTHING,
        cron_schedule=settings.build.schedule,
        execution_timezone=settings.report.time_zone,
    )


@dg.sensor(name="build_on_new_lines", target=EVERYTHING, minimum_interval_seconds=60)
def inbox_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """One build for each new state of the inbox."""
    try:
        files = scan(Places.find().data.inbox).files
    except FixableError as error:
        return dg.SkipReason(str(error))
    digest = hashlib.sha256(repr([(file.shown, file.size, file.mtime_ns) for file in files]).encode()).hexdigest()
    if digest == context.cursor:
        return dg.SkipReason("nothing new in the inbox")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=digest)], cursor=digest)


def _settings() -> Settings:
    """The settings, or their defaults where a file is broken: the build itself says what is wrong with it."""
    try:
        return load_catalog(Places.find().reports).settings
    except FixableError:
        return Settings()
