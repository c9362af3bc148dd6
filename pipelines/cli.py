"""The command portal-funnels: options in, sentences and exit codes out. What it does stands in the floors below.

Exit codes: 0 done, 1 a bug, 2 something a person can fix, 3 a data check failed and nothing new was published.
Imports are late, so that `--help` never pays for Dagster.
"""

import shutil
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pipelines.errors import FixableError

MOST_ORGANIZATIONS = 10**7


class Command(click.Group):
    """A group whose mendable errors are sentences on stderr and an exit code, never a traceback."""

    def invoke(self, context: click.Context) -> Any:
        """Run the subcommand."""
        try:
            return super().invoke(context)
        except FixableError as error:
            for sentence in error.sentences:
                click.echo(f"portal-funnels: {sentence}", err=True)
            raise click.exceptions.Exit(error.exit_code) from None


def places_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The two options that every command takes."""
    data = click.option("--data-dir", type=click.Path(path_type=Path), help="Inbox, store and pages [default: data].")
    reports = click.option(
        "--reports-dir", type=click.Path(path_type=Path), help="Settings and funnels [default: reports]."
    )
    return data(reports(command))


json_option = click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")


@click.group(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="portal-funnels")
def main() -> None:
    """Funnels, completion rates and time to completion for self-service set-up portals."""


@main.command("build")
@places_options
@click.option(
    "--as-of", metavar="TIME", callback=lambda _c, _p, text: text and _time(text), help="ISO 8601 with a zone."
)
@click.option("--full", is_flag=True, help="Read every inbox file again from its start.")
def build_command(data_dir: Path | None, reports_dir: Path | None, as_of: datetime | None, full: bool) -> None:
    """Ingest what is new, compute, publish."""
    _build(data_dir, reports_dir, as_of, full)


@main.command("demo")
@places_options
def demo_command(data_dir: Path | None, reports_dir: Path | None) -> None:
    """Build the shipped sample in a data directory of its own, as of the sample's end."""
    import json

    from pipelines.settings import Places

    sample = Path(__file__).parents[1] / "data" / "sample"
    root = Places.find(data_dir, reports_dir).data.root / "demo"
    for source in ("portal", "webhooks"):
        shutil.copytree(sample / source, root / "inbox" / source, dirs_exist_ok=True)
    shutil.copyfile(sample / "sample.json", root / "sample.json")
    _build(root, reports_dir, _time(json.loads((root / "sample.json").read_text())["end"]), full=False)


@main.command("check")
@places_options
@json_option
def check_command(data_dir: Path | None, reports_dir: Path | None, is_json: bool) -> None:
    """Read settings and funnels; list every mistake with file, key and mend."""
    from pipelines.catalog import load_catalog
    from pipelines.pages import theme
    from pipelines.settings import Places
    from pipelines.terminal import as_json

    catalog = load_catalog(Places.find(data_dir, reports_dir).reports)
    funnels = [funnel.id for funnel in catalog.funnels]
    remarks = [*catalog.remarks, *theme.remarks(catalog.settings.report.colour)]
    if is_json:
        click.echo(as_json({"funnels": funnels, "remarks": remarks}))
        return
    for remark in remarks:
        click.echo(f"portal-funnels: {remark}", err=True)
    click.echo(f"{len(funnels)} funnels are fine: {', '.join(funnels)}")


@main.command("explain")
@places_options
@click.argument("organization_id", callback=lambda _c, _p, text: _text(text))
@click.option("--funnel", "funnel_id", metavar="ID", help="Say only what this funnel made of it.")
@json_option
def explain_command(
    data_dir: Path | None, reports_dir: Path | None, organization_id: str, funnel_id: str | None, is_json: bool
) -> None:
    """Tell an organization's events in order, and for each entry which rule opened and which rule ended it."""
    from pipelines.explain import explain, explanation
    from pipelines.settings import Places
    from pipelines.terminal import as_json

    told = explain(Places.find(data_dir, reports_dir).data, organization_id, funnel_id)
    click.echo(as_json(told) if is_json else "\n".join(explanation(told)))


@main.command("trace")
@places_options
@click.argument("event_id", callback=lambda _c, _p, text: _text(text))
@json_option
def trace_command(data_dir: Path | None, reports_dir: Path | None, event_id: str, is_json: bool) -> None:
    """Show every row that an event became, from inbox line to number."""
    from pipelines.settings import Places
    from pipelines.terminal import as_json
    from pipelines.trace import path_of, trace

    traced = trace(Places.find(data_dir, reports_dir), event_id)
    click.echo(as_json(traced) if is_json else "\n".join(path_of(traced)))


@main.command("export")
@places_options
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new or empty folder.")
@click.option("--single-file", "is_single", is_flag=True, help="Each page holds all that it needs: mail any one alone.")
@click.option("--without-names", "is_nameless", is_flag=True, help="Leave out organizations, their ids and lists.")
def export_command(out: Path, is_single: bool, is_nameless: bool, **places: Path | None) -> None:
    """Write the published pages once more, for mailing or for a wide audience."""
    from pipelines.exporting import export
    from pipelines.settings import Places

    export(Places.find(**places), out, is_single=is_single, has_names=not is_nameless)
    click.echo(f"Pages: {out / 'index.html'}")


@main.command("sample")
@places_options
@click.option("--organizations", type=click.IntRange(1, MOST_ORGANIZATIONS), default=600, show_default=True)
@click.option("--days", type=click.IntRange(1, 3650), default=182, show_default=True)
@click.option("--seed", type=int, default=12, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to write.")
@click.option("--gzip", "is_gzipped", is_flag=True, help="Write .jsonl.gz files.")
def sample_command(
    organizations: int, days: int, seed: int, out: Path, is_gzipped: bool, **_places: Path | None
) -> None:
    """Write a realistic synthetic pair of logs; the same seed gives the same bytes.

    --data-dir and --reports-dir are taken as by every command, and change nothing here: all goes to --out.
    """
    from pipelines.sample import write_sample

    note = write_sample(out, organizations=organizations, days=days, seed=seed, compress=is_gzipped)
    click.echo(f"wrote {out}/portal and {out}/webhooks, {note.days} days up to {note.end:%Y-%m-%d}")


def _build(data_dir: Path | None, reports_dir: Path | None, as_of: datetime | None, full: bool) -> None:
    from pipelines.building import build
    from pipelines.catalog import load_catalog
    from pipelines.pages import theme
    from pipelines.progress import progress
    from pipelines.settings import Places
    from pipelines.summary import summary

    places = Places.find(data_dir, reports_dir)
    notices = [*theme.remarks(load_catalog(places.reports).settings.report.colour)]
    try:
        with progress(sys.stderr) as listener:
            folder = build(places, as_of, full=full, listener=listener, notify=notices.append)
    finally:
        for notice in notices:
            click.echo(f"portal-funnels: {notice}", err=True)
    if folder is None:
        click.echo("Nothing new: the published report stands.")
    for line in summary(places.data):
        click.echo(line)


def _text(word: str) -> str:
    """An argument without bytes that are no UTF-8: no id holds such, and no table can be asked for them."""
    return word.encode(errors="replace").decode()


def _time(text: str) -> datetime:
    """An ISO 8601 time with a zone."""
    moment: datetime | None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 2000 <= moment.year < 2100:
        raise click.BadParameter(f"{text!r} is no time with a zone: write one like 2026-03-31T00:00:00Z")
    return moment
