# The whole set-up on a machine with Python >= 3.11 and make: `make demo` or `make test`.

PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11 python,$(if $(shell \
	$(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo yes),$(p))))
BIN := .venv/bin
READY := .venv/ready
WORKERS ?= auto
PYTEST := $(BIN)/python -m pytest
PARALLEL := -n $(WORKERS) --dist worksteal

.PHONY: help setup peers page e2e demo check lint quick test test-compiled test-interpreted test-slow bench docs docs-images \
	constraints clean
.DEFAULT_GOAL := help

help:
	@echo 'make setup   create .venv with Rampart and everything its tests and docs need'
	@echo 'make demo    set up and run the main job: five attacks, a recording and a report'
	@echo 'make test    set up and run the tests: compiled, then a smaller pass with the compiler off'
	@echo 'make check   before a commit: ruff, mypy, import-linter, quick tests'
	@echo 'make page    build the operator'"'"'s page anew from web/ (needs node 18 and npm)'
	@echo 'make e2e     the page in a real browser: types, units, a raid answered by keyboard (needs chromium)'
	@echo 'make bench   the benchmarks, side by side with peers where these are installed (make peers)'
	@echo 'make docs    build the documentation, warnings are errors'
	@echo 'make clean   remove what the targets above made'

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@test -n '$(PYTHON)' || { echo 'make: Python 3.11 or newer not found; say where with PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo 'make: $(PYTHON) cannot make virtual environments; on Debian: apt install python3-venv' >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,dev]'
	@touch $@

# Programs and packages of others that tests and benchmarks compare with. Not part of the set-up.
peers: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,dev,peers]'

demo: setup
	$(BIN)/rampart demo

test: test-compiled test-interpreted

test-compiled: setup
	$(PYTEST) $(PARALLEL) -m 'not slow'

# The same code without the compiler: what numba would hide (an index out of bounds, a wrong type) is an error here.
test-interpreted: setup
	NUMBA_DISABLE_JIT=1 $(PYTEST) $(PARALLEL) -m 'not slow and not compiled' tests/unit

test-slow: setup
	$(PYTEST) $(PARALLEL) -m slow

check: lint quick

lint: setup
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

quick: setup
	$(PYTEST) $(PARALLEL) -q -m 'not slow' tests/unit

# The operator's page, built anew from web/ (needs node 18 and npm).
page: setup
	$(BIN)/python hatch_build.py

# The page in a real browser (needs chromium, node and npm). Pictures of its states go to rampart-out/e2e.
e2e: page
	cd web && npm ci --no-audit --no-fund --loglevel=error
	cd web && npm run --silent check && npm run --silent test
	cd web && RAMPART_PYTHON=$(abspath $(BIN)/python) node --test e2e/

bench: setup
	for name in flight track impact flights chain asterix scenarios; do $(BIN)/rampart bench $$name || exit 1; done

docs: setup
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo 'docs/_build/html/index.html'

# The pictures of the README and the docs, drawn anew from the report of one run (needs chromium).
docs-images: setup
	$(BIN)/python docs/images/draw.py
	$(BIN)/python docs/images/draw_flights.py
	$(BIN)/python docs/images/draw_display.py

# Pin what is installed now. No registry's address and no hashes: `pip install -c` refuses unpinned names beside hashes.
constraints: setup
	$(BIN)/python -m pip freeze --exclude-editable | LC_ALL=C sort -f > constraints.txt

clean:
	rm -rf .venv build dist docs/_build rampart-out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests docs -name __pycache__ -type d -prune -exec rm -rf {} +
