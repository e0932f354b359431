# One command each. `make report CONFIG=config/digits.yaml` runs another study.
SHELL := /bin/bash
PYTHON ?= python3
CONFIG ?= config/config.yaml
CORES ?= all
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# What may stand behind a target; make would take any other name, and nothing would read it.
TAKEN := CONFIG CORES PYTHON OUTPUT SLURM_TESTS VENV
$(foreach name,$(.VARIABLES),$(if $(findstring command,$(origin $(name))),$(if \
$(filter $(TAKEN),$(name)),,$(error $(name)= is not read, but must be one of $(TAKEN)))))
# As it was written, whatever stands in the file's name: it comes by the environment.
export STUDY_FILE := $(value CONFIG)
READ_STUDY = PYTHONPATH=scripts $(BIN)/python -m ecosobriety.study_config.config

.PHONY: help report plan example screenshots trackers doctor debug check test test-deep test-slurm bench backtest lint format docs lock clean

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

report: $(VENV)/run.stamp ## Run a study (CONFIG=config/config.yaml) and build its reports
	@$(READ_STUDY) "--read=$$STUDY_FILE"
	$(BIN)/python -m snakemake --cores $(CORES) "--configfile=$$STUDY_FILE" -- all export_study
	@printf '\nReports:\n'; ls -1 "reports/$$($(READ_STUDY) "--study=$$STUDY_FILE")"/*.html

plan: $(VENV)/run.stamp ## Forecast what a study takes (CONFIG=...): measures a few batches, trains nothing
	@$(READ_STUDY) "--read=$$STUDY_FILE"
	@$(BIN)/python -m snakemake --cores $(CORES) "--configfile=$$STUDY_FILE" --quiet rules progress host -- plan_study

example: $(VENV)/dev.stamp ## Run the default study and keep its reports and the README's picture in the repository
	$(MAKE) report CONFIG=config/config.yaml
	mkdir -p reports/example
	cp reports/poster/report.html reports/poster/rapport.html reports/example/
	$(MAKE) screenshots

screenshots: $(VENV)/dev.stamp ## Renew the pictures of the example's report in docs/ (wide, narrow, dark, on paper)
	$(BIN)/python tools/take_screenshot.py reports/example/report.html docs

trackers: $(VENV)/trackers.stamp ## Install carbontracker and Eco2AI, which `methods.tracker_sizes` runs around trainings

doctor: $(VENV)/run.stamp ## Show what can be measured on this machine, and what to do about the rest
	@PYTHONPATH=scripts $(BIN)/python -m ecosobriety.doctor.__main__

debug: $(VENV)/run.stamp ## Open a Python prompt with the `snakemake` object of a job (OUTPUT=results/digits/recommendation.json)
	@$(BIN)/python tools/debug_script.py "$(OUTPUT)"

check: $(VENV)/dev.stamp ## Check what an edit is likely to break: style, types and the quick tests
	@# Side by side: each waits for itself at its start.
	@$(MAKE) --no-print-directory lint & \
	$(BIN)/python -m pytest tests/unit -m "not slow" --numprocesses=auto --dist=worksteal --quiet; \
	  tests=$$?; wait $$! && exit $$tests

test: $(VENV)/dev.stamp ## Run all tests but those of a Slurm cluster
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder

test-deep: $(VENV)/dev.stamp ## Read 2,000 new tables, archives, folders and classes that are made at random
	$(BIN)/python -m pytest tests/fuzz --hypothesis-profile=deep --hypothesis-show-statistics

test-slurm: $(VENV)/dev.stamp ## Run the digits study through a Slurm cluster of this machine (as root)
	$(BIN)/python -m pytest tests/slurm $(SLURM_TESTS)

bench: $(VENV)/dev.stamp ## Measure speed, as ratios within one run, into benchmarks/results.csv
	PYTHONPATH=scripts:tests:tests/unit $(BIN)/python -m bench

backtest: $(VENV)/backtest.stamp ## Replay the stopping rules on real learning curves, into docs/backtest.md (one to four minutes)
	PYTHONPATH=scripts:tests:$(VENV)/backtest $(BIN)/python -m backtest $(VENV)/backtest/lcdb/database-accuracy.csv

lint: $(VENV)/dev.stamp ## Check style, types and the workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint --configfile config/digits.yaml

format: $(VENV)/dev.stamp ## Format all code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

docs: $(VENV)/run.stamp ## Rewrite the table of config/README.md from the schema
	PYTHONPATH=scripts $(BIN)/python -m ecosobriety.study_config.config

lock: ## Resolve requirements*.in again into requirements*.lock
	rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet -r requirements.in
	tools=$$($(VENV)-lock/bin/python -m pip freeze --all --exclude pip | sed -E 's/\+[a-z0-9]+$$//'); \
	  printf '# Written by `make lock` from requirements.in.\n%s\n' "$$tools" > requirements.lock
	$(VENV)-lock/bin/python -m pip install --quiet -r requirements-dev.in
	tools=$$($(VENV)-lock/bin/python -m pip freeze --all --exclude pip | sed -E 's/\+[a-z0-9]+$$//' | grep -vxFf requirements.lock); \
	  printf '# Written by `make lock` from requirements-dev.in.\n-r requirements.lock\n%s\n' "$$tools" > requirements-dev.lock
	$(VENV)-lock/bin/python -m pip install --quiet -r requirements-trackers.in
	: # The package pynvml only warns: nvidia-ml-py has the module of that name.
	tools=$$($(VENV)-lock/bin/python -m pip freeze --all --exclude pip --exclude pynvml | sed -E 's/\+[a-z0-9]+$$//' | grep -vxFf requirements.lock -f requirements-dev.lock); \
	  printf '# Written by `make lock` from requirements-trackers.in.\n%s\n' "$$tools" > requirements-trackers.lock
	rm -rf $(VENV)-lock

clean: ## Remove the environment; results and reports stay
	rm -rf $(VENV)

$(VENV)/run.stamp: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another one with PYTHON=...")'
	@# One that was left half-built, or whose Python is gone, is built again.
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || { $(PYTHON) -m venv --clear $(VENV) && $(BIN)/python -m pip --version > /dev/null; } || { rm -rf $(VENV); \
	  echo "error: $(VENV) cannot be built, see above; on Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	$(PIP_INSTALL) -r requirements.lock
	touch $@

$(VENV)/trackers.stamp: requirements-trackers.lock $(VENV)/run.stamp
	$(PIP_INSTALL) --no-deps -r requirements-trackers.lock
	touch $@

# LCDB's package is its database; neither of the two is used for anything else.
$(VENV)/backtest.stamp: requirements-backtest.lock $(VENV)/run.stamp
	$(PIP_INSTALL) --no-deps --upgrade --target $(VENV)/backtest -r requirements-backtest.lock
	touch $@

# The trackers last, for they need an older setuptools than the lock's.
$(VENV)/dev.stamp: requirements-dev.lock requirements-trackers.lock $(VENV)/run.stamp
	$(PIP_INSTALL) -r requirements-dev.lock
	$(PIP_INSTALL) --no-deps -r requirements-trackers.lock
	touch $@
