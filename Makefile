# Everything runs from .venv, which the first target that needs it makes. `make` alone lists the targets.
# Needs Python 3.11 to 3.13; choose one with `make PYTHON=python3.13 …` (after `make clean`).
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.installed
DEV := .venv/.installed-dev  # what building and testing need besides
WEB := build/web/.installed  # reveal.js, and what checks that pages are accessible
SIDE_BY_SIDE := -n 4 --no-loadscope-reorder --dist

# Matplotlib keeps its list of fonts in the checkout too.
export MPLCONFIGDIR := $(CURDIR)/.workbook/matplotlib

.PHONY: help install demo race lab test test-second test-rest test-answers test-all notebooks slides docs bench docs-figures extras lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

install: $(READY)  ## install everything into .venv, and nothing else; the other targets do so as they need it

demo: $(READY)  ## run twenty real queries, three at a time, and see how they ran
	@$(BIN)/python flows/prefect_flow.py

race: $(READY)  ## race the four patterns over the same queries: bars, a table and a figure
	@$(BIN)/workbook race

# JupyterLab and IPython keep their own files too in the checkout. Its cells and terminals find the commands of .venv: a
# login shell would look elsewhere.
lab: $(READY)  ## open the lessons in JupyterLab (OPTIONS="--no-browser --port=9999")
	@JUPYTER_CONFIG_DIR="$(CURDIR)/.workbook/jupyter" JUPYTER_DATA_DIR="$(CURDIR)/.workbook/jupyter/data" \
		IPYTHONDIR="$(CURDIR)/.workbook/ipython" npm_config_cache="$(CURDIR)/.workbook/npm" PATH="$(CURDIR)/$(BIN):$$PATH" \
		$(BIN)/jupyter lab --ServerApp.root_dir="$(CURDIR)" \
		--ServerApp.terminado_settings="shell_command=$${SHELL:-sh}" $(OPTIONS) notebooks/00_start_here.ipynb

test: $(DEV)  ## run the tests that prove the product: every lesson, graders, commands, production, a browser
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) load -m "not slow and not second" tests solutions

test-second: $(DEV)  ## test the parts one by one: flows, findings, observing; `.ci/run` does it too
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) load -m "second and not slow" tests

test-rest: $(DEV) .venv/.installed-docs  ## run other tests: the learner's notebooks, faults, the rest of production and of the browser
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) loadfile -m slow --deselect tests/test_graders.py tests notebooks solutions

test-answers: $(DEV)  ## judge every answer in tests/answers, and every solution: half an hour
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) load tests/test_graders.py

test-all: test test-second test-rest test-answers  ## run all four, one after the other

notebooks: $(DEV)  ## build the notebooks from their one source in solutions/, and run the solved ones (LESSONS="02 03")
	@$(BIN)/python scripts/build_notebooks.py $(LESSONS)

slides: $(READY) $(WEB)  ## render the solved notebooks as slides, in build/slides: pages that need no network
	@$(BIN)/python scripts/build_slides.py

docs: .venv/.installed-docs  ## build the site of guides and solved lessons, in build/site; a broken link is an error
	@rm -rf build/site build/site-source && mkdir -p build/site-source
	@cp -R docs flows notebooks scripts solutions tests workbook *.md build/site-source
	@cp -R docs/site/. build/site-source
	@$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going build/site-source build/site

bench: $(READY)  ## measure each way to limit tasks, for docs/benchmarks.md: 40 minutes with nothing else running (QUICK=1: 5)
	@$(BIN)/python scripts/benchmark.py $(if $(QUICK),--quick)

docs-figures: $(READY)  ## draw the figures of docs/ from real runs
	@$(BIN)/python scripts/docs_figures.py
	@$(BIN)/python scripts/docs_diagnosis.py
	@$(BIN)/python scripts/docs_notebook.py

extras: $(READY)  ## add what Dask and several API servers need (docs/deployment_guide.md)
	@$(INSTALL) -r requirements-extras.txt

lock:  ## renew requirements.txt after a change in pyproject.toml (needs uv; UPGRADE=1 takes newer versions)
	@command -v uv >/dev/null || { echo "make lock needs uv: install it with \`pip install uv\`."; exit 1; }
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --output-file requirements.txt pyproject.toml
	@$(COMPILE) --constraints requirements.txt --group dev --output-file requirements-dev.txt pyproject.toml
	@$(COMPILE) --constraints requirements.txt --group docs --output-file requirements-docs.txt pyproject.toml
	@$(COMPILE) --constraints requirements.txt --all-extras --output-file requirements-extras.txt pyproject.toml
	@for file in requirements.txt requirements-dev.txt; do echo "-e ." >> $$file; done  # this checkout itself

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --no-annotate --custom-compile-command "make lock"

clean:  ## stop the local server and remove what these targets made
	@test ! -x $(BIN)/workbook || $(BIN)/workbook server stop
	rm -rf .venv .workbook data build

# uv is quicker; pip does as well. The stamp is written last, so an interrupted install is done again. The extension that
# is disabled would ask every learner whether JupyterLab may fetch news.
ifneq ($(shell command -v uv),)
VENV := uv venv --quiet --allow-existing --python $(PYTHON) .venv
INSTALL := uv pip install --quiet --compile-bytecode --python $(BIN)/python
else
VENV := $(PYTHON) -m venv .venv
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.13 was found. Install one, or name it: make PYTHON=/path/to/python3.12 demo"; exit 1; }
	@echo "Installing the workbook into .venv: seconds with uv, a minute or two with pip …"
	@$(VENV)
	@$(INSTALL) -r requirements.txt
	@$(BIN)/jupyter labextension disable --level=sys_prefix @jupyterlab/apputils-extension:announcements \
		2>.venv/labextension.log || { cat .venv/labextension.log; exit 1; }
	@touch $@

$(DEV): $(READY) requirements-dev.txt
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

.venv/.installed-docs: $(READY) requirements-docs.txt
	@$(INSTALL) -r requirements-docs.txt
	@touch $@

$(WEB): scripts/web/package.json scripts/web/package-lock.json
	@command -v npm >/dev/null || { echo "This needs npm, which comes with Node.js: https://nodejs.org"; exit 1; }
	@mkdir -p build/web && cp $^ build/web
	@npm ci --prefix build/web --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
