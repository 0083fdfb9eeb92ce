# homerun: what is done to the repository. `make` alone lists it.
#
#   make PYTHON=python3.12 test     builds .venv with another Python
#   make test ARGS='-k cancel -x'   passes arguments on to pytest

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
EXAMPLES := scripts/examples
SOURCES := runner/homerun store/runstore

# Where PYTHONDONTWRITEBYTECODE is set, each process of a test would compile all that it loads: the
# tests take twice as long then, and a command is measured slower than it is once it is installed.
COMPILE := $(BIN)/python -m compileall -q -x /node_modules/ $(SOURCES)

# A stamp is newer than what it was made from, so that nothing is installed twice.
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
INSTALLED_EXAMPLES := $(VENV)/.installed-examples
INSTALLED_STUDIO := $(VENV)/.installed-studio

# Studio's pages: built with Node, which nothing else needs.
WEB := runner/homerun/studio/web
PAGES := runner/homerun/studio/assets/index.html
INSTALLED_WEB := $(WEB)/node_modules/.installed
HAS_NODE := { command -v npm >/dev/null && node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a * 100 + b < 2019 ? 1 : 0)'; }

# Large (6 GB on Linux), and slow to load: an environment apart. A CPU build of torch saves most of it; pip
# takes it from an index of such builds, if its settings name one.
LIBRARIES := accelerate fastai ipykernel mpi4py mpich nbclient pandas pyarrow pytest torch transformers
INSTALLED_LIBRARIES := .venv-libraries/.installed

INSTALLED_MUTANTS := .venv-mutants/.installed

INSTALLED_DOCS := .venv-docs/.installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run studio test test-long dist test-package test-docs test-libraries test-mlflow test-tensorboard test-slurm test-ray test-studio bench-studio studio-shots pictures torture mutants check check-pages fix fix-pages reference docs types bench bench-growth bench-peers clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(INSTALLED_EXAMPLES) ## submit the example training, follow it, show its metrics
	$(BIN)/homerun run submit-script -e digits --source-directory $(EXAMPLES) train.py

studio: $(PAGES) ## build Studio's pages (needs Node 20.19 or newer, with npm)

dist: $(INSTALLED_DEV) $(PAGES) ## build the sdist and the wheel into dist/, with Studio's pages
	$(BIN)/python -m hatchling build -d dist

test: $(INSTALLED_DEV) ## run the tests but for the long suites: some five minutes on two cores
	@$(COMPILE)
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal -m 'not long' $(ARGS)

test-long: $(INSTALLED_DEV) ## run the long suites: whole programs, torture in its short form, built environments
	@$(COMPILE)
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal -m long $(ARGS)

test-libraries: $(INSTALLED_LIBRARIES) ## try libraries that log to Azure ML (installs torch)
	.venv-libraries/bin/python -m pytest tests/libraries $(ARGS)

test-mlflow: $(INSTALLED_DEV) ## try MLflow 2 and 3 in runs (installs both from PyPI below build/: 600 MB)
	@$(COMPILE)
	$(BIN)/python -m pytest tests/plug_in $(ARGS)

test-tensorboard: $(INSTALLED_DEV) ## try a real TensorBoard (installs it from PyPI below build/: 200 MB)
	@$(COMPILE)
	$(BIN)/python -m pytest tests/with_tensorboard $(ARGS)

test-slurm: $(INSTALLED_DEV) ## try targets on a real Slurm of this machine (unpacks Debian's packages)
	@$(COMPILE)
	@$(PYTHON) tests/slurm/packages.py build/slurm || test $$? = 3
	$(BIN)/python -m pytest tests/slurm $(ARGS)

test-studio: $(INSTALLED_STUDIO) $(PAGES) ## try Studio in a real browser (needs Node and Chromium)
	@$(COMPILE)
	$(BIN)/python -m pytest tests/studio/browser $(ARGS)

test-package: $(INSTALLED_DEV) $(PAGES) ## install wheel and sdist into every Python here from 3.10 on (fetches what they need into build/)
	@$(COMPILE)
	$(BIN)/python -m pytest tests/installed $(ARGS)

test-docs: $(INSTALLED_DEV) $(PAGES) docs ## follow every page as its reader would, and look through the site
	@$(COMPILE)
	$(BIN)/python -m pytest tests/documents $(ARGS)

test-ray: $(INSTALLED_DEV) ## try a Ray cluster on this machine (installs Ray from PyPI below build/)
	@$(COMPILE)
	$(BIN)/python -m pytest tests/ray $(ARGS)

bench-studio: $(INSTALLED_STUDIO) $(PAGES) ## measure Studio in a real browser: 100,000 runs, a log of 1 GB
	PYTHONPATH=tests $(BIN)/python scripts/bench/browse.py

studio-shots: $(INSTALLED_STUDIO) $(PAGES) ## photograph every page of Studio into build/studio-shots
	PYTHONPATH=tests $(BIN)/python -m studio.browser.shots build/studio-shots $(ARGS)

pictures: $(INSTALLED_STUDIO) $(PAGES) ## photograph Studio and top for the documents, into docs/images
	PYTHONPATH=tests $(BIN)/python -m studio.browser.pictures docs/images

torture: $(INSTALLED_DEV) ## run the torture suite in its long form (TORTURE_SEED=... repeats one)
	@$(COMPILE)
	TORTURE=long $(BIN)/python -m pytest tests/torture $(ARGS)

mutants: $(INSTALLED_DEV) $(INSTALLED_MUTANTS) ## change core modules and see whether their tests notice
	.venv-mutants/bin/python scripts/mutants/run.py $(ARGS)

check: $(INSTALLED_DEV) ## lint, format, types and the rules between the layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict $(SOURCES)
	@$(COMPILE)
	$(BIN)/python -m pytest -q --numprocesses auto tests/contracts
	@if $(HAS_NODE); then $(MAKE) --no-print-directory check-pages; else echo "no npm, or no Node of 20.19: Studio's pages are not checked"; fi

check-pages: $(INSTALLED_WEB) ## the same for Studio's pages, with their unit tests and their size
	cd $(WEB) && npm run --silent check

fix: $(INSTALLED_DEV) ## repair what lint and format can repair
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	@if $(HAS_NODE); then $(MAKE) --no-print-directory fix-pages; fi

fix-pages: $(INSTALLED_WEB)
	cd $(WEB) && npm run --silent fix

reference: $(INSTALLED_DEV) ## write the tables of docs/cli.md, and the pages that are made from the code
	$(BIN)/python scripts/reference.py
	$(BIN)/python scripts/made_pages.py

docs: reference $(INSTALLED_DOCS) ## build the site of the documents into build/site
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet

types: $(INSTALLED_DEV) ## write the types of Studio's pages from its answers
	$(BIN)/python scripts/page_types.py

bench: $(INSTALLED_DEV) ## measure the budgets, and say what moved since docs/benchmarks.md
	@$(COMPILE)
	$(BIN)/python scripts/bench/all.py $(ARGS)

bench-growth: $(INSTALLED_DEV) ## measure stores of 100 to 1,000,000 runs (32 GB, half an hour)
	@$(COMPILE)
	$(BIN)/python scripts/bench/growth.py $(ARGS)

bench-peers: $(INSTALLED_DEV) ## measure other tools on the same work (an environment for each)
	@$(COMPILE)
	$(BIN)/python scripts/bench/beside.py $(ARGS)

clean: ## remove what make and the tools have made (never .runs/)
	rm -rf $(VENV) .venv-docs .venv-libraries .venv-peers build dist $(WEB)/node_modules runner/homerun/studio/assets .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find runner store scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(INSTALLED_LIBRARIES): pyproject.toml
	$(PYTHON) -m venv .venv-libraries
	.venv-libraries/bin/python -m pip --disable-pip-version-check --quiet install --editable . $(LIBRARIES)
	@touch $@

$(INSTALLED_DOCS):
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip --disable-pip-version-check --quiet install 'mkdocs-material>=9.5,<10'
	@touch $@

$(INSTALLED_MUTANTS):
	$(PYTHON) -m venv .venv-mutants
	.venv-mutants/bin/python -m pip --disable-pip-version-check --quiet install cosmic-ray
	@touch $@

$(INSTALLED_STUDIO): $(INSTALLED_DEV)
	$(PIP) install playwright
	@touch $@

$(INSTALLED_WEB): $(WEB)/package-lock.json
	@command -v npm >/dev/null || { echo "Studio's pages need Node 20.19 or newer, with npm" >&2; exit 1; }
	cd $(WEB) && npm ci
	@touch $@

$(PAGES): $(INSTALLED_WEB) $(WEB)/index.html $(WEB)/vite.config.ts $(WEB)/package.json $(shell find $(WEB)/src $(WEB)/public -type f)
	cd $(WEB) && npm run --silent build
	@touch $@

$(INSTALLED): pyproject.toml | $(BIN)/python
	$(PIP) install --editable .
	@touch $@

$(INSTALLED_DEV): $(INSTALLED)
	$(PIP) install --editable '.[dev]'
	@touch $@

$(INSTALLED_EXAMPLES): $(INSTALLED)
	$(PIP) install --editable '.[examples]'
	@touch $@
