"""What takes minutes, on the lender and on the flights of New York; `make torture` runs it."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from demo_views import views_with_tests
from forked import run_fork
from redis_server import RedisServer
from support import REPO
from test_edge_mutations import EVERYWHERE, mutants_of
from typer.testing import CliRunner

from provender_ops import cli
from provender_ops.scaffold.checkout import Checkout

AT = "{as_of: 2026-03-02T12:00:00Z, rehearsal: true}"
PAYMENTS, ACCOUNTS = "stg_lender__card_payments", "stg_lender__account_events"
LINES = [
    f"entity account --key account_id --from {PAYMENTS} --from {ACCOUNTS} --group risk",
    f"view account_activity --entity account --from {PAYMENTS} --group risk --cadence minutes",
    f"view pair_spend --entity customer_category --from {PAYMENTS} --group growth --cadence hourly"
    " --window 7d --feature spent=sum(amount) --feature last_at=max(occurred_at)",
    "service churn --view customer_spend@2 --view account_activity --group growth",
    "feature customer_spend smallest_payment_30d min(payments.amount)",
    "feature customer_engagement week_share"
    " 'activity.payments_7d / nullif(activity.payments_90d, 0)'",
    "tests customer_activity customer_category_affinity customer_credit customer_spend@1"
    " device_activity ip_activity merchant_activity",
]


def test_all_that_is_new_in_the_lender_passes_every_check_at_once(tmp_path: Path) -> None:
    """Contract check, build with schema and unit tests, sqlfluff as configured, push, read."""
    root = tmp_path / "lender"
    ignored = shutil.ignore_patterns(".git", ".venv", "target", "*.duckdb*", "published", "landing")
    shutil.copytree(REPO, root, ignore=ignored)
    shutil.copy(root / "profiles.yml.example", root / "profiles.yml")
    before = set(root.rglob("*.sql"))
    redis = RedisServer()

    def provender(line: str) -> str:
        said = [*shlex.split(line), "--project-dir", str(root)]
        environment = {"PROVENDER_REDIS_URL": redis.url}
        result = CliRunner().invoke(cli.app, said, env=environment, prog_name="provender")
        assert result.exit_code == 0, f"{line}\n{result.output}"
        return result.output

    try:
        for line in LINES:
            provender(f"new {line}")
        build = ["build", "--profiles-dir", ".", "--vars", AT]
        code, said = run_fork(root, [*build, "--exclude", "tag:monitor", "tag:training"])
        assert code == 0, said
        provender("push-online --now 2026-03-02T12:02:00Z")
        read = provender("read account_activity@1 account_id=a42 --now 2026-03-02T12:03:00Z")
        assert "card_payments_30d" in read
    finally:
        redis.remove()
    new = [str(path) for path in set(root.rglob("*.sql")) - before if "target" not in path.parts]
    changed = ["customer/customer_spend_v2.sql", "customer/customer_engagement.sql"]
    new += [str(root / "models/features" / path) for path in changed]
    linted = subprocess.run(
        [sys.executable, "-m", "sqlfluff", "lint", *new],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (len(new), linted.returncode) == (5, 0), linted.stdout


def test_another_teams_views_get_tests_with_teeth(tmp_path: Path) -> None:
    """The flights of New York: joins on days, `arg_min`, an entity of two keys."""
    ignored = shutil.ignore_patterns(".git", ".venv", "target", "*.duckdb*", "dbt_packages")
    root = shutil.copytree(REPO, tmp_path / "provender", ignore=ignored) / "tests/consumer"
    code, said = run_fork(root, ["deps"])
    assert code == 0, said
    for label, view in views_with_tests(Checkout.read(root)).items():
        assert view.generated.findings == []
        assert view.passes(view.subject.sql)
        mutants = mutants_of(view, EVERYWHERE)
        assert len(mutants) >= 18
        assert [name for name, sql in mutants if view.passes(sql)] == [], label
