# Needs Python 3.11 or newer, git and make; everything else goes into .venv.

PYTHON ?= python3.13 python3.12 python3.11 python3
BIN := .venv/bin
STAMP := .venv/.stamp

# Sets $$python to the first candidate that runs, is new enough and can make environments (a name on PATH may be an empty shim).
define PICK
for python in $(PYTHON); do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	python=; \
done; \
if [ -z "$$python" ]; then \
	echo 'No Python 3.11 or newer with venv among: $(PYTHON)' >&2; \
	echo 'Hint: install one (on Debian also python3-venv), or name one: make PYTHON=/path/to/python3' >&2; \
	exit 1; \
fi
endef

.DEFAULT_GOAL := help
.PHONY: help demo test lint torture ci-emulation docs bench lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

demo: $(STAMP) ## show the whole story, offline, in a fresh repository
	@$(BIN)/decisions demo

test: $(STAMP) ## run the tests
	@$(BIN)/python -m pytest

lint: $(STAMP) ## check style, types and the floors
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

torture: $(STAMP) ## kill it, race it, fill the disk (slow)
	@$(BIN)/python -m pytest -q -p no:cacheprovider tests/torture -n 0
	@DECISIONS_EXAMPLES=all $(BIN)/python -m pytest -q -p no:cacheprovider tests
	@DECISIONS_TORTURE_BUDGETS=200 $(BIN)/python -m pytest -q -p no:cacheprovider tests/test_budget.py -n 0

ci-emulation: $(STAMP) ## run the workflows on this machine, and have them judged
	@$(BIN)/python -m pytest -q -p no:cacheprovider tests/emulation -n 2 --dist load

docs: $(STAMP) ## write the reference pages from the code
	@$(BIN)/python docs/generate.py

bench: $(STAMP) ## measure
	@$(BIN)/python benchmarks/run.py

lock: ## resolve requirements.lock anew
	@$(PICK); \
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	"$$python" -m venv "$$folder" && \
	"$$folder/bin/python" -m pip install --quiet --disable-pip-version-check 'pip-tools>=7.6,<8' && \
	CUSTOM_COMPILE_COMMAND='make lock' "$$folder/bin/pip-compile" --quiet --upgrade --generate-hashes --strip-extras \
		--allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
		--extra dev --all-build-deps --output-file requirements.lock pyproject.toml

clean: ## remove what the targets made
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist

# The stamp holds the folder it was made for: a moved checkout or a lost interpreter makes the environment stale.
ifneq ($(shell $(BIN)/python -c 'print(open("$(STAMP)").read())' 2>/dev/null),$(CURDIR))
.PHONY: $(STAMP)
endif

# The second install resolves offline, so it also proves that the lock holds all that pyproject.toml asks for. It compiles nothing, as
# an install from an index would, and Python may have been told to leave no bytecode behind.
$(STAMP): pyproject.toml requirements.lock
	@$(PICK); echo "Making .venv with $$("$$python" --version)" >&2; "$$python" -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-build-isolation --editable '.[dev]'
	@$(BIN)/python -m compileall -q decisions_tool
	@printf %s '$(CURDIR)' > $@
