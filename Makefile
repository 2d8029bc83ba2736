# make demo     the whole job on a small lender, told as it goes
# make test     every check; installs what it needs itself
# make torture  50,000 worlds against the oracle, and each fault of Redis, the network and the schedule at 50 points; three hours
# make look     the page of `provender report` in a browser, held against the tables; its pictures in target/look
# make bench    measures the SQL and what is online, and writes docs/benchmarks*.md; twenty minutes and 5 GB of disk
PYTHON ?= $(shell for python in python3 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := .venv/bin

.PHONY: demo test pytest torture look bench lint clean
.DELETE_ON_ERROR:

demo: .venv/ops profiles.yml
	@$(BIN)/python -m provender_ops.demo

test: .venv/dev profiles.yml
	@$(MAKE) --no-print-directory -j 2 lint pytest

pytest: .venv/dev profiles.yml
	$(BIN)/python -m pytest -n 3 --dist loadgroup --no-loadscope-reorder

torture: .venv/dev profiles.yml
	PROVENDER_WORLDS=50000 $(BIN)/python -m pytest -n 2 --dist loadgroup tests/python/time/test_worlds.py
	PROVENDER_FAULTS=50 $(BIN)/python -m pytest -n 2 --dist loadgroup tests/python/faults tests/python/schedule/test_killed_anywhere.py
	PROVENDER_SCAFFOLD=whole $(BIN)/python -m pytest tests/python/scaffold tests/python/scaffold/whole.py
	PROVENDER_PLAN=whole PROVENDER_MUTATIONS=all $(BIN)/python -m pytest tests/python/plan tests/python/definitions
	PROVENDER_DRIFT_DAYS=200 $(BIN)/python -m pytest tests/python/monitoring/test_drift_days.py
	PROVENDER_PLAN=all $(BIN)/python -m pytest tests/python/plan/test_plan.py

look: .venv/dev profiles.yml
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get install -y --no-install-recommends chromium; } || { \
		echo "There is no Chromium on the PATH, and it could not be installed. Install it: apt-get install chromium, as root."; exit 2; }
	$(BIN)/python -m pytest tests/python/report/look.py

bench: .venv/bench
	$(BIN)/python -m benchmarks

lint: .venv/dev profiles.yml
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	MYPYPATH=.venv/src $(BIN)/mypy -p provender -p provender_ops
	$(BIN)/sqlfluff lint models tests/dbt

clean:
	-$(BIN)/provender redis stop
	rm -rf .venv target logs published landing .provender *.duckdb *.duckdb.wal

.venv/ops: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Provender needs CPython 3.11 or 3.12. Install one, or name it: make PYTHON=/path/to/python3.11"; exit 2; }
	@echo "Installing into .venv (once, a minute or two)…"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[ops,demo]'
	@touch $@

.venv/dev: .venv/ops
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[ops,http,report,demo,bench,dev]'
	@# mypy cannot see through the mapping of scripts/ to provender_ops; it can through a link
	@mkdir -p .venv/src && ln -sfn ../../scripts .venv/src/provender_ops && ln -sfn ../../serving/provender .venv/src/provender
	@touch $@

.venv/bench: .venv/ops
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[ops,http,demo,bench]'
	@touch $@

profiles.yml: profiles.yml.example
	@test -e $@ && touch $@ || cp $< $@
