"""The two SQL statements of the founding document, as they stand, on the published file."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.flow.builds import ask, lay_inbox, run_build

FUNNEL = """
  SELECT
    COUNT(DISTINCT organization_id) FILTER (WHERE event_type = 'admin_portal.link_generated') as portals_opened,
    COUNT(DISTINCT organization_id) FILTER (WHERE event_type = 'admin_portal.sso_configured') as sso_completed,
    COUNT(DISTINCT organization_id) FILTER (WHERE event_type = 'admin_portal.dsync_configured') as dsync_completed,
    ROUND(
      COUNT(DISTINCT organization_id) FILTER (WHERE event_type = 'admin_portal.sso_configured')::numeric /
      NULLIF(COUNT(DISTINCT organization_id) FILTER (WHERE event_type = 'admin_portal.link_generated'), 0) * 100,
      2
    ) as completion_rate
  FROM events
  WHERE timestamp >= NOW() - INTERVAL '30 days'
"""
AVERAGE = """
  SELECT
    AVG(completed_at - started_at) as avg_completion_time
  FROM (
    SELECT
      organization_id,
      MIN(timestamp) FILTER (WHERE event_type = 'admin_portal.link_generated') as started_at,
      MIN(timestamp) FILTER (WHERE event_type = 'admin_portal.sso_configured') as completed_at
    FROM events
    WHERE timestamp >= NOW() - INTERVAL '30 days'
    GROUP BY organization_id
  ) t
  WHERE completed_at IS NOT NULL
"""


@pytest.fixture(scope="module")
def recent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build as of now over links and activations of the last weeks, one link older than 30 days, one sandbox."""
    now = datetime.now(UTC)
    story = [
        ("a", "admin_portal.link_generated", 20, {"intent": "sso"}),
        ("a", "admin_portal.sso_configured", 18, {}),
        ("b", "admin_portal.link_generated", 40, {"intent": "sso"}),
        ("b", "admin_portal.sso_configured", 10, {}),
        ("c", "admin_portal.link_generated", 3, {"intent": "dsync", "environment": "sandbox"}),
        ("c", "admin_portal.dsync_configured", 2, {}),
        ("d", "admin_portal.link_generated", 1, {"intent": "sso"}),
        (None, "admin_portal.link_generated", 1, {"intent": "sso"}),
    ]
    lines = [
        {
            "id": str(n),
            "type": kind,
            "timestamp": (now - timedelta(days=days)).isoformat(),
            "organizationId": org,
            "metadata": metadata,
        }
        for n, (org, kind, days, metadata) in enumerate(story)
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    data = lay_inbox(tmp_path_factory.mktemp("seed") / "data", {"portal/log.jsonl": text.encode()})
    run_build(data, None)
    return data


def test_both_statements_run_as_they_stand(recent: Path) -> None:
    """Where as-of is now they give the figures that the report holds under the same names."""
    with duckdb.connect(recent / "published" / "portal.duckdb", read_only=True) as connection:
        funnel = connection.execute(FUNNEL).fetchall()[0]
        average = connection.execute(AVERAGE).fetchall()[0]
        told = connection.execute(
            "select portals_opened, sso_completed, dsync_completed, completion_rate, avg_completion_time "
            "from rpt_seed_metrics"
        ).fetchall()[0]
    assert funnel + average == told
    assert funnel == (3, 2, 1, 66.67)
    assert average == (timedelta(days=2),)


def test_page_shows_them_under_their_own_names(recent: Path) -> None:
    """The definitions page names all five, with the value that the statements gave."""
    page = (recent / "published" / "site" / "definitions.html").read_text("utf-8")
    for name in ("portals_opened", "sso_completed", "dsync_completed", "completion_rate", "avg_completion_time"):
        assert name in page.replace("<wbr>", "")
    assert "66.67%" in page
    assert ask(recent, "select sso_completed from rpt_seed_metrics").item() == 2
