# One task list; .ci/run and the README call the same targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo app test lint check coverage fuzz simulate mutants bench templates files docs wheel lock clean

help:
	@echo "make demo       preview, then submit sample_data through the sandbox"
	@echo "make app        do the same in the browser"
	@echo "make test       run the tests but the slow ones (minutes; after every change)"
	@echo "make lint       ruff, mypy (also as on Windows), import-linter"
	@echo "make check      lint, documentation checks, all tests with coverage: what CI runs"
	@echo "make fuzz       give hostile cells, files and answers to the program for ten minutes; one: FUZZ_SEED=7 make fuzz"
	@echo "make simulate   play 20,000 episodes of faults and kills (hours); one: SEED=7; of a kind: KIND=undo"
	@echo "make mutants    prove that the episodes find planted bugs (an hour)"
	@echo "make bench      measure speed and memory, write docs/benchmark.md"
	@echo "make templates  write templates/ and sample_data/ again"
	@echo "make files      write tests/files/reading/ again, with the answer to each file"
	@echo "make docs       write the generated tables of docs/reference/ and the picture of the terminal again"
	@echo "make wheel      build the wheel and try it in a clean environment"
	@echo "make lock       pin requirements.txt and requirements-runtime.txt again"

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: $(READY)
	rm -rf build/demo
	IMPORTER_LEDGER=build/demo/ledger.sqlite $(BIN)/invoice-importer preview sample_data/agency_october_2026.xlsx --sandbox
	IMPORTER_LEDGER=build/demo/ledger.sqlite $(BIN)/invoice-importer submit sample_data/agency_october_2026.xlsx --sandbox --yes

app: $(READY)
	IMPORTER_LEDGER=build/demo/ledger.sqlite $(BIN)/invoice-importer app --sandbox --reports build/demo/reports

# The tests start Python often: compiled files are kept, also where none are wanted beside the sources.
test coverage: export PYTHONPYCACHEPREFIX := $(CURDIR)/build/pycache
test coverage: export PYTHONDONTWRITEBYTECODE :=

test: $(READY)
	$(BIN)/python -m pytest -q -n auto --dist worksteal --quick

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32
	$(BIN)/lint-imports

coverage: $(READY)
	$(BIN)/python -m pytest -q -n auto --dist worksteal --cov --cov-report=term

check: lint coverage

fuzz: $(READY)
	FUZZ_SECONDS=$(or $(FUZZ_SECONDS),600) $(BIN)/python -m pytest -q tests/fuzz

simulate: $(READY)
	$(BIN)/python tests/simulation/play.py $(or $(SEED),1 20000) $(addprefix --kind=,$(KIND))

mutants: $(READY)
	$(BIN)/python tests/simulation/mutants.py

bench: $(READY)
	$(BIN)/python tools/bench.py

templates: $(READY)
	$(BIN)/python tools/renew_templates.py
	$(BIN)/python tools/make_sample_data.py

files: $(READY)
	$(BIN)/python tools/renew_test_files.py

docs: $(READY)
	$(BIN)/python tools/docs_tables.py
	$(BIN)/python tools/make_pictures.py terminal

wheel: $(READY)
	$(BIN)/python tools/try_wheel.py

lock:
	$(PYTHON) tools/lock.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
