.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Most of these tests wait for something: more of them than cores run side by side, and who has none left takes some of
# another's.
WORKERS ?= 4
HUNT_MINUTES ?= 30
HUNT_WORKERS ?= 1
PY     := operator sandbox tests bench demo deploy/__init__.py deploy/argocd deploy/prometheus deploy/grafana deploy/release deploy/site

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	@echo "Installing the locked packages into $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: install
install: $(VENV)/.installed ## Fill .venv, with .venv/bin/posture

.PHONY: tools
tools: ## Build kube-apiserver, etcd, kubectl, helm, prometheus, promtool, amtool into .tools/bin
	@$(PYTHON) -m sandbox.tools build

.PHONY: lock
lock: install ## Resolve the requirements anew
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade pyproject.toml --output-file requirements/run.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --group dev pyproject.toml --output-file requirements/dev.txt
	@echo 'hatchling>=1.27' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --constraint requirements/dev.txt - --output-file requirements/build.txt

.PHONY: generate
generate: install ## Rewrite what is generated: CRDs and the chart's copy, reference pages, pages of actions, alerts, dashboards, Argo CD
	@$(BIN)/python -m posture.api.generate
	@$(BIN)/python -m posture.publish.prometheus.reference
	@$(BIN)/python -m posture.cli.pages
	@$(BIN)/python -m deploy.prometheus.generate
	@$(BIN)/python -m deploy.grafana.generate
	@$(BIN)/python -m deploy.argocd.generate
	@$(BIN)/python -m deploy.site.chart
	@$(BIN)/python deploy/helm/sync_crds.py

.PHONY: format
format: install ## Format the code
	@$(BIN)/ruff format --quiet $(PY)
	@$(BIN)/ruff check --quiet --fix $(PY)

# The gate decides the same on every machine, whatever the order of sets; a hunt tries other orders.
check test: export PYTHONHASHSEED = 0

.PHONY: check
check: install ## The fast gate: format, lint, types, layers, generated files, unit tests
	@$(BIN)/ruff format --check $(PY)
	@$(BIN)/ruff check $(PY)
	@$(BIN)/mypy operator/posture $(filter-out operator,$(PY))
	@$(BIN)/lint-imports
	@$(BIN)/python -m posture.api.generate --check
	@$(BIN)/python -m posture.publish.prometheus.reference --check
	@$(BIN)/python -m posture.cli.pages --check
	@$(BIN)/python -m deploy.prometheus.generate --check
	@$(BIN)/python -m deploy.grafana.generate --check
	@$(BIN)/python -m deploy.argocd.generate --check
	@$(BIN)/python -m deploy.site.chart --check
	@$(BIN)/python deploy/helm/sync_crds.py --check
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/zizmor --offline --quiet .github/workflows
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yaml
	@$(BIN)/python -m pytest -q -n 2 tests/unit

.PHONY: test
test: tools check ## Everything: the gate, then component, end-to-end and chart tests, and the demo
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal tests/component tests/chart tests/e2e
	@DEMO_EXIT=1 $(MAKE) demo

.PHONY: hunt
hunt: install ## Property tests and histories on ever new examples: HUNT_MINUTES=30 HUNT_WORKERS=1
	@$(BIN)/python -m tests.hunt --minutes $(HUNT_MINUTES) --workers $(HUNT_WORKERS)

.PHONY: bench
bench: install ## Measure side by side; writes bench/results.json
	@$(BIN)/python -m bench

# Only what is used is built: a cluster of one's own needs neither an API server nor our kubectl.
DEMO_TOOLS = $(strip $(if $(DEMO_KUBECONFIG),,kube-apiserver etcd kubectl) $(if $(filter 1,$(DEMO_PROMETHEUS)),prometheus))

.PHONY: demo
demo: install ## A cluster, a simulated organization and the operator: see the score move; DEMO_PROMETHEUS=1, DEMO_KUBECONFIG=FILE
	@$(if $(DEMO_TOOLS),$(PYTHON) -m sandbox.tools build $(DEMO_TOOLS))
	@$(BIN)/python -m demo

.PHONY: pictures
pictures: ## Draw the dashboards into docs/images, of what a Prometheus scrapes from the demo
	@DEMO_EXIT=1 DEMO_PROMETHEUS=1 DEMO_PICTURES=docs/images $(MAKE) demo

.PHONY: docs
docs: install ## Build the site of the documentation into dist/site; a link that leads nowhere is an error
	@$(BIN)/python -m deploy.site.stage build/docs
	@$(BIN)/zensical build --strict --clean

.PHONY: release
release: install ## Make the files of a release into dist/release: IMAGE=where the image is, without a tag
	@test -n "$(IMAGE)" || { echo "Say where the image is: make release IMAGE=registry.example.com/posture-operator"; exit 1; }
	@$(PYTHON) -m sandbox.tools build helm
	@$(BIN)/python -m deploy.release.build --image "$(IMAGE)"

.PHONY: clean
clean: ## Remove what was built, but for .tools
	@rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
