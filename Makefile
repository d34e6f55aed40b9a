# `make help` lists what can be made.
.DEFAULT_GOAL := help
.PHONY: help demo test tests-on-spark tests-on-both-stores lint serve focus pictures bench bench-api bench-documents bench-pages bench-peers fuzz-api properties mutation kills lives openapi lock clean bench-import
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
PYTHON_CODE := src tests benchmarks
# Tests that need no server of any kind; they run first, so that a slip shows within seconds.
FAST_TESTS := $(wildcard tests/house tests/model tests/rating)
# These share one Spark in one process, which runs beside the others.
SPARK_TESTS := tests/two_engines

help: ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

demo: .venv/runtime.stamp ## the main job on real data, in a folder of its own (build/demo)
	@$(BIN)/rebill demo --home build/demo

test: lint .venv/blob-storage.stamp .venv/identity-provider.stamp .venv/focus-validator.stamp ## everything: lint, types, arrows, tests on SQLite and a real PostgreSQL
	@$(BIN)/python -m pytest -q -n auto --dist worksteal $(FAST_TESTS)
	@$(MAKE) -j2 tests-on-spark tests-on-both-stores

tests-on-spark:
	@$(BIN)/python -m pytest -q $(SPARK_TESTS)

tests-on-both-stores:
	@$(BIN)/python -m tests.postgresql_server -- $(BIN)/python -m pytest -q -n auto --dist worksteal $(addprefix --ignore=,$(FAST_TESTS) $(SPARK_TESTS))

# Tests start hundreds of processes: what those import is compiled once, not by each.
test: export PYTHONDONTWRITEBYTECODE :=

lint: .venv/development.stamp ## style, types, and the one-way arrows between the rooms
	@$(BIN)/ruff check $(PYTHON_CODE)
	@$(BIN)/ruff format --check --quiet $(PYTHON_CODE)
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

serve: .venv/runtime.stamp ## the API on 127.0.0.1:8080, on your own data folder
	@$(BIN)/rebill init
	@$(BIN)/rebill serve

focus: .venv/development.stamp .venv/focus-validator.stamp ## a customer's data set before the published FOCUS validator, where there is a Python 3.12
	@$(BIN)/python -m pytest -q tests/services/test_focus_validator.py

bench: .venv/runtime.stamp ## how fast a month is billed on this machine, as ratios (LINES="1000000 50000000": other sizes)
	@$(BIN)/python -m benchmarks $(LINES:%=--lines %)

bench-import: .venv/runtime.stamp ## how fast cost files are taken in on this machine, as ratios (LINES="1000000 10000000")
	@$(BIN)/python -m benchmarks.imports $(LINES:%=--lines %)

bench-api: .venv/development.stamp ## how fast the API answers on this machine, as ratios (PROCESSES=2)
	@$(BIN)/python -m benchmarks.api $(PROCESSES:%=--processes %)

bench-documents: .venv/runtime.stamp ## how fast statements become PDFs with their electronic invoices inside (DOCUMENTS=1000)
	@$(BIN)/python -m benchmarks.documents $(DOCUMENTS:%=--documents %)

bench-pages: .venv/development.stamp ## how long the server takes for each page, at 5,000 customers and 50,000 accounts
	@$(BIN)/python -m benchmarks.pages

bench-peers: .venv/runtime.stamp .venv/peers.stamp ## the same month in pandas, Polars and CloudKitty, as ratios (LINES=1000000)
	@$(BIN)/python -m benchmarks.peers $(LINES:%=--lines %)

fuzz-api: .venv/development.stamp ## the API tried against its document, with Schemathesis, on both stores (SECONDS=600 each, SEED=1)
	@$(BIN)/python -m tests.api.trial $(SECONDS:%=--seconds %) $(SEED:%=--seed %)

properties: .venv/development.stamp ## the property tests with examples drawn at random, on both stores (TIMES=10 rounds, SEED=any)
	@$(BIN)/python -m tests.properties $(TIMES:%=--times %) $(SEED:%=--seed %)

mutation: .venv/development.stamp .venv/mutmut.stamp ## faults put into rating, and which no test notices (SAMPLE=8: so many of each kind, SEED=1, QUICK=1, AGAIN=1)
	@$(BIN)/python -m tests.mutation $(SAMPLE:%=--sample %) $(SEED:%=--seed %) $(QUICK:%=--quick) $(AGAIN:%=--again)

kills: .venv/development.stamp ## kill -9 at random moments of runs and closings, on both stores (TIMES=200)
	@$(BIN)/python -m tests.kills $(TIMES:%=--times %)

lives: .venv/development.stamp ## months that live by chance and must come to what plain sums say, on both stores (LIVES=20, SEED=1)
	@$(BIN)/python -m tests.random_lives $(LIVES:%=--lives %) $(SEED:%=--seed %)

pictures: .venv/development.stamp ## the pictures of README and docs/console.md anew, of a month that is closed in a real browser
	@$(BIN)/python -m tests.console.pictures

openapi: .venv/development.stamp ## the documented examples and docs/openapi.json anew, from a server that runs
	@$(BIN)/python -m tests.api.documented

lock: .venv/development.stamp ## compile requirements/*.txt anew from pyproject.toml (for developers)
	@sh tools/lock.sh

.venv/runtime.stamp: requirements/runtime.txt pyproject.toml tools/environment.sh
	@sh tools/environment.sh runtime
	@touch $@

.venv/peers.stamp: .venv/runtime.stamp requirements/pandas-peer.txt requirements/polars-peer.txt requirements/cloudkitty-peer.txt
	@sh tools/environment.sh peers
	@touch $@

.venv/mutmut.stamp: .venv/development.stamp requirements/mutmut.txt
	@sh tools/environment.sh mutmut
	@touch $@

.venv/focus-validator.stamp: .venv/development.stamp requirements/focus-validator.txt tools/environment.sh
	@sh tools/environment.sh focus-validator
	@touch $@

# Servers of node that tests run against: each has its lock in requirements/.
.venv/blob-storage.stamp .venv/identity-provider.stamp: .venv/%.stamp: .venv/development.stamp requirements/%/package-lock.json tools/environment.sh
	@sh tools/environment.sh $*
	@touch $@

.venv/development.stamp: requirements/development.txt requirements/spark.txt requirements/published-client.txt requirements/api-trial.txt pyproject.toml tools/environment.sh
	@sh tools/environment.sh development
	@touch .venv/runtime.stamp $@
