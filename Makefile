# Each target sets up what it needs. A machine needs python3, make and git.
VENV ?= .venv
BIN := $(VENV)/bin
# Ray and Prefect start many processes, twice as fast where bytecode is kept.
export PYTHONDONTWRITEBYTECODE =
READY := $(VENV)/.ready
BROWSER := $(VENV)/.browser

.PHONY: setup demo test test-all lint fix generate pictures bench bench-tiny

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	python3 -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable '.[local,dev]' && touch $@

$(BROWSER): $(READY) tests/browser/install.sh
	sh tests/browser/install.sh $(BIN) && touch $@

demo: $(READY)
	$(BIN)/pfa-gitops demo

test: $(READY) $(BROWSER)
	$(BIN)/pytest -n 4 --dist loadfile -m 'not slow'

test-all: $(READY) $(BROWSER)
	$(BIN)/pytest -n 4 --dist loadfile

lint: $(READY)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && PYTHONPATH=. $(BIN)/lint-imports

fix: $(READY)
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

generate: $(READY)
	$(BIN)/python -m pfa_gitops.runner.documents && $(BIN)/pfa-gitops schema --output schemas && $(BIN)/python docs/generate.py

pictures: $(READY) $(BROWSER)
	PICTURES=docs $(BIN)/pytest tests/browser -k picture

bench: $(READY)
	$(BIN)/python -m benchmarks $(if $(README),--readme)

# To see that the programs work: the figures mean nothing.
bench-tiny: $(READY)
	printf '%s\n' 'start validate plan' apply 'postgres worker' | xargs -P 2 -I {} sh -c '$(BIN)/python -m benchmarks {} --tiny'
	$(BIN)/python -m benchmarks.beyond --tiny
