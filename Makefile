# What a person types. Every target sets up what it needs first; nothing has to be done by hand before.
SHELL := /bin/sh
PYTHON_ := .venv/bin/python
TESTS := PARCELYARD_TESTS_STOP=1 $(PYTHON_) -m pytest
.DEFAULT_GOAL := help
.PHONY: help setup setup-test demo stop test check lint proof bench lock clean

help:
	@echo "make demo           start everything with demo data; Ctrl-C stops it (PORT=8000, DETACH=1 returns when ready)"
	@echo "make stop           stop what make demo DETACH=1 started; the data stays in var/"
	@echo "make test           everything that has to pass: rules, types, walls, tests, stories in a browser, proofs in small"
	@echo "make check          the quick part of it, while working"
	@echo "make proof          the proofs at full size"
	@echo "make bench          the promised ratios"
	@echo "make lock           choose the newest allowed versions and lock them"
	@echo "make clean          remove what was installed and cached here; the data in var/ stays"

setup:
	@tools/setup.sh run

setup-test:
	@tools/setup.sh test

demo: setup
	@exec $(PYTHON_) -m portal.cli demo $(if $(filter-out 0,$(DETACH)),--detach)

stop:
	@if [ -x $(PYTHON_) ]; then exec $(PYTHON_) -m portal.cli stop; else echo "Nothing is installed here, so nothing runs."; fi

lint:
	@echo "Rules …" && $(PYTHON_) -m ruff check --quiet . && $(PYTHON_) -m ruff format --quiet --check .
	@echo "Templates …" && $(PYTHON_) -m djlint templates --lint --quiet
	@echo "Types …" && $(PYTHON_) -m pyright --level error
	@echo "Walls …" && walls=$$($(PYTHON_) -c "from importlinter.cli import lint_imports_command; lint_imports_command()" --no-cache) \
		|| { echo "$$walls"; exit 1; }

test: setup-test
	@$(MAKE) --no-print-directory lint
	@PROOF=smoke $(TESTS) --quiet

check: setup
	@$(MAKE) --no-print-directory lint
	@$(TESTS) --quiet -m "not browser and not slow" --ignore=tests/proof

proof: setup-test
	@PROOF=full $(TESTS) tests/proof

bench: setup
	@$(PYTHON_) -m bench $(ONLY)

# No download addresses: where packages come from is each machine's own setting.
lock: setup
	@$(PYTHON_) -m uv --version >/dev/null 2>&1 || $(PYTHON_) -m pip install --quiet --disable-pip-version-check uv
	@$(PYTHON_) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras --generate-hashes \
		--no-annotate --no-header pyproject.toml -o requirements.lock
	@tools/setup.sh run

clean: stop
	@rm -rf .venv node_modules .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
