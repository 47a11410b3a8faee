# Two commands set everything up: `make run` and `make install`. `make` alone lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TO ?= /opt/seestackd
UV ?= $(shell command -v uv || echo $(BIN)/uv)
pip = $(1)/bin/python -m pip --disable-pip-version-check --no-input -qq install
LOCKED := --require-hashes --only-binary :all:
COMPILE = env -u UV_FIND_LINKS $(UV) pip compile --no-config --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header
PYTEST := $(BIN)/pytest
# A folder's tests, or those of it that ARGS names.
within = $(if $(findstring $(1)/,$(ARGS)),,$(1)) $(ARGS)
# Many tests wait for real processes, so a few more at a time than there are cores.
JOBS ?= 4
CODE := $(wildcard seestackd tests bench)

MAKEFLAGS += --no-print-directory
# Tests and benches start Python hundreds of times; without the compiled files each start takes half a second more.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run demo test check static format rooms check-long faults faults-long attacks bench lock deploy clean bench-scale bench-overload bench-idle bench-alerts bench-batches bench-requests \
	bench-lists bench-queries bench-backups bench-all bench-page screenshots sbom licences completions

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' Makefile

install: $(VENV)/.installed ## build .venv with the project and its development tools
	@:

run: install ## start the daemon on 127.0.0.1:8080 with its data in ./data
	@exec $(BIN)/seestackd serve --data ./data

demo: install ## watch a job stop, the alert arrive and the recovery follow, within a minute
	@exec $(BIN)/python -m tests.journeys.demo

test: install ## run all tests but the long ones (ARGS=tests/core for some)
	@$(PYTEST) -n $(JOBS) --dist worksteal $(ARGS)

check: static test ## format, lint, types, rooms and tests: what has to pass before a change lands

static: install ## everything of `check` that runs no test
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/mypy
	@$(MAKE) rooms

rooms: install ## show the import contracts between the rooms
	@$(BIN)/lint-imports --no-logo

format: install ## rewrite the code in the project's format
	@$(BIN)/ruff check --fix-only --quiet $(CODE)
	@$(BIN)/ruff format $(CODE)

check-long: install ## run the tests that take minutes, and the core's properties on thousands of examples
	@$(PYTEST) -m "" --hypothesis-profile=long -n $(JOBS) tests/core
	@$(PYTEST) -m long $(ARGS)

faults: install ## plant every fault and print what was measured (root, about 10 minutes)
	@FAULTS=faults $(PYTEST) -n 0 -m "not long" $(call within,tests/faults)

faults-long: install ## the same thousands of times, and half an hour of traffic (root, hours)
	@FAULTS=long $(PYTEST) -n 0 -m "" $(call within,tests/faults)

attacks: install ## flood the daemon with half-open connections and wrong keys, and print what reports felt of it
	@$(PYTEST) -m long -s $(call within,tests/attacks)

screenshots: install ## take the README's pictures into docs/images (needs chromium-headless-shell)
	@exec $(BIN)/python -m tests.browser.screenshots

sbom: install ## write the bill of materials, in CycloneDX's form, to dist/seestackd.cdx.json
	@mkdir -p dist && PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements requirements/runtime.txt --pyproject pyproject.toml \
		--output-reproducible --of JSON -o dist/seestackd.cdx.json && echo dist/seestackd.cdx.json

licences: install ## write docs/licences.md anew, after `make lock`
	@$(BIN)/python -m tests.supply

completions: install ## write the completion scripts anew, after a command or option has changed
	@$(BIN)/python -m tests.completions

bench: install ## measure speed beside references: one table, nine minutes (ARGS=--quick, HEALTHCHECKS=DIR)
	@HEALTHCHECKS=$(HEALTHCHECKS) $(BIN)/python -m bench $(ARGS)

bench-scale: install ## numbers on 100,000 and 1,000,000 monitors
	@exec $(BIN)/python -m bench.scale $(ARGS)

bench-overload: install ## numbers on twice the load that can be served, and on a slow disk (needs strace)
	@exec $(BIN)/python -m bench.overload $(ARGS)

bench-idle: install ## numbers on a daemon that nobody uses
	@exec $(BIN)/python -m bench.idle

bench-alerts: install ## numbers on alerts: on time, beside hanging channels, in a storm; on live pages and the wrapper
	@exec $(BIN)/python -m bench.alerts

bench-batches: install ## numbers on what heartbeats feel of batches beside them
	@exec $(BIN)/python -m bench.beside

bench-queries: install ## numbers on pages and lists: 10,000 monitors, 10 million runs and requests (ARGS=FOLDER keeps them)
	@exec $(BIN)/python -m bench.queries $(ARGS)

bench-requests: install ## numbers on 10 million stored HTTP requests: asked for, erased (ARGS=FOLDER keeps them)
	@exec $(BIN)/python -m bench.requests $(ARGS)

bench-all: install ## all numbers of docs/performance.md, one after the other: about an hour
	@for part in "" -scale -overload -idle -batches -queries -lists -requests -alerts; do $(MAKE) bench$$part; done
	@$(MAKE) bench-page

bench-page: install ## write docs/performance.md from what was measured last
	@exec $(BIN)/python -m bench.performance

bench-lists: install ## numbers on list pages and `monitor ls`: 10,000 monitors, 10 million runs (ARGS=runs for fewer)
	@exec $(BIN)/python -m bench.lists $(ARGS)

bench-backups: install ## numbers on backups: 200 MB while heartbeats come in
	@exec $(BIN)/python -m bench.backups

lock: ## pin what pyproject.toml asks for, with hashes (needs uv; UPGRADE=--upgrade takes newer versions)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: $(BIN)/pip install uv, or set UV=/path/to/uv" >&2; exit 1; }
	@$(COMPILE) $(UPGRADE) pyproject.toml -o requirements/runtime.txt
	@$(COMPILE) $(UPGRADE) pyproject.toml --group dev --constraint requirements/runtime.txt -o requirements/dev.txt
	@$(COMPILE) $(UPGRADE) --group build --constraint requirements/dev.txt -o requirements/build.txt
	@if grep -nE '://|^-|^/| @ ' requirements/*.txt; then echo "make lock: a host, path or option got into the lock" >&2; exit 1; fi

deploy: ## build the program alone at /opt/seestackd, or TO=DIR, for the systemd unit
	@for place in "$$(realpath -m $(TO))" "$$($(PYTHON) -c 'import os, sys; print(os.path.realpath(sys.executable))')"; do \
		case $$place in /home/* | /root/* | /run/user/*) \
			echo "The service cannot see $$place; name places outside /home and /root:" >&2; \
			echo "make deploy TO=/opt/seestackd PYTHON=/usr/bin/python3" >&2; exit 1;; esac; done
	@umask 022 && $(PYTHON) -m venv $(TO)
	@umask 022 && $(call pip,$(TO)) $(LOCKED) -r requirements/build.txt
	@umask 022 && $(call pip,$(TO)) $(LOCKED) --no-binary oncalendar --no-build-isolation -r requirements/runtime.txt
	@umask 022 && $(call pip,$(TO)) --no-deps --no-build-isolation --force-reinstall .
	@$(TO)/bin/seestackd version

clean: ## remove .venv, caches and build output; ./data stays
	@rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find seestackd tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment, in two steps: the locked packages, then the project in place on top of them.
$(VENV)/.locked: requirements/build.txt requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "seestackd needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
		echo "Name another one: make install PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) comes without venv. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo "Building $(VENV) ..."; $(PYTHON) -m venv --clear $(VENV); }
	@$(call pip,$(VENV)) $(LOCKED) -r requirements/build.txt
	@$(call pip,$(VENV)) $(LOCKED) --no-binary oncalendar --no-build-isolation -r requirements/dev.txt
	@touch $@

$(VENV)/.installed: $(VENV)/.locked pyproject.toml seestackd/__init__.py
	@$(call pip,$(VENV)) --no-deps --no-build-isolation --editable .
	@touch $@
