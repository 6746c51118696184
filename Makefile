# Thin calls: what a target does is in infra/slipway (the front door) or ci/ (the gate).
# Variables: CLUSTER PROFILE ENGINE ENV SLIPWAY_INSTANCE SLIPWAY_PORT SLIPWAY_CACHE BENCH FAULT

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
CACHE := $(or $(SLIPWAY_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/slipway)
export PATH := $(PATH):$(CACHE)/tools/uv/bin:/usr/sbin:/sbin
export UV_PYTHON_DOWNLOADS ?= never
export CLUSTER PROFILE ENGINE ENV SLIPWAY_CACHE SLIPWAY_INSTANCE SLIPWAY_PORT BENCH FAULT

# The embedded cluster needs root; a context does not.
ROOT_NEEDED := $(if $(filter context:%,$(CLUSTER)),,$(filter-out 0,$(shell id -u)))
SUDO := $(if $(ROOT_NEEDED),$(if $(shell command -v sudo),sudo -E env PATH="$(PATH)" HOME="$(HOME)"))
SLIPWAY := $(SUDO) .venv/bin/slipway
PYTHON := .venv/bin/python

UP := .venv/.slipway-up
TEST := .venv/.slipway-test
INPUTS := uv.lock pyproject.toml app/pyproject.toml load/pyproject.toml ci/bootstrap.py ci/debian-packages.txt ci/uv.txt

help:  ## this list
	@echo "make up      from nothing to a running service; 'make help' lists the rest:"
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## \(.*\)/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS='|' read -r name text; do printf '  %-14s %s\n' $$name "$$text"; done

$(UP): $(INPUTS)
	@python3 ci/bootstrap.py up

$(TEST): $(INPUTS)
	@python3 ci/bootstrap.py test

up: $(UP)  ## tools, cluster, images, stacks; prints URL and credentials
	@$(SLIPWAY) up $(if $(YES),--yes)

down: $(UP)  ## remove everything `up` made, data included; the cache stays
	@$(SLIPWAY) down $(if $(YES)$(if $(filter context:%,$(CLUSTER)),,1),--yes)

stop: $(UP)  ## end the cluster's processes, keep its data
	@$(SLIPWAY) stop

start: $(UP)  ## start a stopped cluster again
	@$(SLIPWAY) start

status: $(UP)  ## URLs, components, pods, images
	@$(SLIPWAY) status

preview: $(UP)  ## what `up` would change
	@$(SLIPWAY) preview

render: $(UP)  ## all manifests into out/render, no cluster needed
	@$(SLIPWAY) render --out out/render

doctor: $(UP)  ## known problems of machine and cluster, each with its remedy
	@$(SLIPWAY) doctor

logs: $(UP)  ## logs of W=<component or workload> (FOLLOW=1 follows)
	@$(SLIPWAY) logs $(or $(W),todo-app-web) $(if $(FOLLOW),--follow)

shell: $(UP)  ## a shell in the app, or in W=<workload>
	@$(SLIPWAY) shell $(W)

open: $(UP)  ## open the page in a browser
	@$(SLIPWAY) open

images: $(UP)  ## images: references, size, built or not
	@$(SLIPWAY) images

load: $(TEST)  ## smoke load on the running service, judged (SECONDS_LONG=40)
	@ca=$$(mktemp); trap 'rm -f "$$ca"' EXIT; way=http; \
	  if $(SLIPWAY) ca > "$$ca" 2>/dev/null; then way=https; export REQUESTS_CA_BUNDLE="$$ca"; fi; \
	  LOAD_USERNAME=demo LOAD_PASSWORD="$$($(SLIPWAY) kubectl -n todo get secret todo-app -o 'go-template={{index .data "demo-password" | base64decode}}')" \
	  $(PYTHON) -m load --host $$way://127.0.0.1:$(or $(SLIPWAY_PORT),8080) $(if $(SECONDS_LONG),--seconds $(SECONDS_LONG))

bench: $(TEST)  ## figures (BENCH=id,… or a group) into docs/performance
	@$(SUDO) $(PYTHON) -m infra.verify.bench $(BENCH)

faults: $(TEST)  ## fault tests at full count (FAULT=R06,…) into docs/reliability
	@$(SUDO) $(PYTHON) -m infra.verify.faults $(FAULT)

check: $(TEST)  ## the gate that needs nothing running
	@$(PYTHON) -m ci.tiers check

integration: $(TEST)  ## real PostgreSQL and Redis on loopback
	@$(PYTHON) -m ci.tiers integration

e2e: $(TEST)  ## an embedded instance of its own (root)
	@$(SUDO) $(PYTHON) -m ci.tiers e2e

test: $(TEST)  ## check, integration, e2e: what CI runs
	@$(SUDO) $(PYTHON) -m ci.tiers check integration e2e

tools: $(TEST)  ## everything obtained and built, nothing started
	@$(SLIPWAY) images --build

lint: $(TEST)  ## lint and types only
	@$(PYTHON) -m ci.tiers lint

format: $(TEST)  ## rewrite the sources in the house format
	@.venv/bin/ruff check --fix-only -q . && .venv/bin/ruff format -q .

profile: $(TEST)  ## where list, create and moderate spend their time, into out/profile
	@cd app && ../.venv/bin/python -m tests.craft.profile

querycraft: $(TEST)  ## what each query technique gains, into docs/performance
	@cd app && ../.venv/bin/python -m tests.craft.query_craft

graph: $(TEST)  ## write what follows from contracts/service-graph.yaml and the gateway: chart data, schema, pictures
	@$(PYTHON) -m infra.graph
	@$(PYTHON) -m infra.components.gateway_contract

openapi: $(TEST)  ## write the contracts of the API and its events to contracts/
	@cd app && DJANGO_SETTINGS_MODULE=config.offline ../.venv/bin/python manage.py openapi
	@cd app && DJANGO_SETTINGS_MODULE=config.offline ../.venv/bin/python manage.py events

.PHONY: help up down stop start status preview render doctor logs shell open images load bench faults check integration e2e test tools lint format profile querycraft graph openapi
