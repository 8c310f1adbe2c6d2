# A clone's commands. They install into .venv, once, with the versions of constraints.txt.
PYTHON ?= python3
VENV   ?= .venv

# A stamp is newer than pyproject.toml and constraints.txt when what they say is installed:
# the library with what it needs to run, or with training, tests and linters as well.
BIN     := $(VENV)/bin
CORE    := $(VENV)/core.stamp
DEV     := $(VENV)/dev.stamp
PIP     := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# What the core needs, and setuptools that builds it, by the hashes of their files; an editable install has none to check.
LOCKED  := $(PIP) --require-hashes --no-deps --requirement requirements.txt
INSTALL := $(PIP) --no-build-isolation --constraint constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test slow pages bounds lowest check bench bench-peers recipes maps rows results results-agree leaderboard claims industries networks film notebooks reference browser docs clean

help:  ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 13

demo: $(CORE)  ## compare the policies on Aisin 1997 and write an HTML report (no torch needed)
	$(BIN)/jit-gym compare aisin-1997

# Bytecode is kept, as compiled kernels are, also where the environment says not to (as container images often do):
# two workers and some forty commands would compile the library and the tests again.
test: $(DEV)  ## run the tests
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2

slow: $(DEV)  ## run the tests that take minutes each
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 -m slow

# The tests need Chromium on the path; axe-core comes from npm.
pages: $(DEV)  ## look at the reports in Chromium: on a phone, on paper, and with axe-core
	npm install --silent --no-save --prefix .node axe-core@4
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'playwright>=1.50'
	$(BIN)/python -m pytest -m slow tests/report/test_accessibility.py

bounds: $(DEV)  ## run the laws with a check of every index in compiled code
	NUMBA_BOUNDSCHECK=1 JIT_GYM_WORLDS=50 $(BIN)/python -m pytest -n 2 -k "any_world and not tensor" \
		tests/physics/test_laws.py tests/envs/test_agreement.py tests/chance/test_trace.py

# uv, because pip cannot resolve to the lowest versions. torch is the one of constraints.txt: older ones for the CPU alone
# are not on PyPI. Old libraries warn of what newer ones beside them deprecate, and Gymnasium's RecordEpisodeStatistics
# before 1.4 miscounts a batch whose rows begin anew in the same step.
lowest:  ## run the tests of envs, agents and the command with the lowest versions that pyproject.toml allows
	$(PYTHON) -m venv --clear .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check uv
	echo "torch; sys_platform == 'never'" > .venv-lowest/without.txt
	printf '%s\n' 'hypothesis>=6.100' 'pytest>=8.2' 'pytest-xdist>=3.6' | .venv-lowest/bin/uv pip compile --quiet \
		--resolution lowest-direct --override .venv-lowest/without.txt --extra train --extra render pyproject.toml - \
		--output-file .venv-lowest/lowest.txt
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--requirement .venv-lowest/lowest.txt --editable .
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check $$(grep '^torch==' constraints.txt)
	.venv-lowest/bin/python -m pytest -n 2 -W default tests/envs tests/agents tests/test_cli.py \
		--deselect 'tests/envs/test_wrappers.py::test_the_returns_of_a_batch_are_recorded[AutoresetMode.SAME_STEP]'

check: $(DEV)  ## lint, check the format, check the types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# OLD is the interpreter of an older version, which then plays beside this one (make bench OLD=../old/.venv/bin/python).
bench: $(CORE)  ## measure the speed beside its targets, and write the table of docs/speed.md (a quarter of an hour)
	$(BIN)/python -m compileall -q jit_gym agents  # as an install does; where PYTHONDONTWRITEBYTECODE is set, nothing else would
	$(BIN)/python benchmarks/speed.py $(if $(OLD),--old $(OLD))

# DCL needs torch on our side, too.
bench-peers: $(DEV)  ## install other libraries in .venv-peers, and measure the speed beside theirs (half an hour)
	$(BIN)/python benchmarks/against.py

# What it needs: hours; it says how many before it begins (python benchmarks/again.py --list says it alone).
results: $(DEV)  ## make the committed results again in build/results, and compare them with those in results/ (hours)
	$(BIN)/python benchmarks/again.py

leaderboard: $(CORE)  ## write results/leaderboard.md, .html and .svg, and the table of docs/surprises.md, from the rows
	$(BIN)/jit-gym benchmark --page --out results/jit-bench-v1

# uv, because pip takes long to choose among so many libraries, and torch before, for the CPU alone. Ray has an environment of
# its own, as it asks for an older Gymnasium. CLEANRL is a clone of github.com/vwxyzjn/cleanrl, whose script is run where it is.
recipes:  ## install other libraries in environments of their own, and run docs/recipes.md (a quarter of an hour)
	for env in .venv-recipes .venv-recipes-rllib; do \
		$(PYTHON) -m venv --clear $$env || exit 1; \
		$$env/bin/python -m pip install --quiet --disable-pip-version-check uv $$(grep '^torch==' constraints.txt) || exit 1; done
	.venv-recipes/bin/uv pip install --quiet --python .venv-recipes/bin/python --editable '.[train,multi,offline,torchrl]' \
		pytest rl_zoo3 requests minari jax tianshou optuna hydra-core tyro
	.venv-recipes-rllib/bin/uv pip install --quiet --python .venv-recipes-rllib/bin/python --editable '.[rllib]' pytest
	PYTHONPATH=$(CLEANRL) .venv-recipes/bin/python -m pytest -rs -m '' tests/test_recipes.py tests/agents/test_zoo.py
	.venv-recipes-rllib/bin/python -m pytest -m '' tests/test_recipes.py -k RLlib

maps: $(CORE)  ## draw the maps of docs/maps again, by the commands beside them (minutes)
	sed -n 's/^jit-gym map /map /p' docs/maps/README.md | while read -r line; do \
		eval "$(BIN)/jit-gym $$line" </dev/null || exit 1; done

# It goes on where it was stopped; remove a row's file, and that is computed again. Changes must be committed before.
rows: $(DEV)  ## compute what is missing of the committed rows of jit-bench-v1 (hours)
	$(BIN)/jit-gym benchmark jit-bench-v1 --tier full --out results/jit-bench-v1

results-agree: $(DEV)  ## play the suite's test tier, and compare it with the committed results (minutes)
	$(BIN)/jit-gym benchmark jit-bench-v1 --tier test --out build/jit-bench-v1 --check results/jit-bench-v1
	$(BIN)/jit-gym benchmark jit-bench-v1 --out results/jit-bench-v1 --verify --sample 8

claims: $(DEV)  ## play the claims of tests/claims, and write docs/claims.md again (a minute)
	$(BIN)/python -W ignore -m tests.claims.page

industries: $(CORE)  ## play the industries and write their pages in docs/industries again (minutes)
	$(BIN)/python -m jit_gym.report.industries

# A warning, such as a link that leads nowhere, ends it. What Python and shell lines show is run by tests/test_docs.py.
docs: $(DEV)  ## write the site into build/docs (index.html)
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet docs build/docs
	@echo "build/docs/index.html"

notebooks: $(DEV)  ## write the notebooks again from their sources, and run each of them, with its solutions (minutes)
	$(BIN)/python notebooks/write.py
	$(BIN)/python -m pytest -n 2 --nbmake --nbmake-timeout=180 notebooks

networks: $(CORE)  ## draw who orders what from whom in each scenario, in docs/networks
	$(BIN)/python -m jit_gym.report.networks

film: $(CORE)  ## play the fire of 1997 and write docs/aisin-1997.gif again
	$(BIN)/python -m jit_gym.report.film

reference: $(CORE)  ## write the references of scenarios and of the API again, from schema and docstrings
	$(BIN)/jit-gym show --reference > docs/scenario-reference.md
	$(BIN)/python -c "import jit_gym; from jit_gym.report.api import api; print(api(jit_gym), end='')" > docs/api.md

# Pyodide for games without a server (jit-gym play --static), axe-core for the test that looks for barriers in their page.
browser:  ## get what games without a server need into node_modules (needs npm)
	npm install --no-save --no-package-lock --no-audit --no-fund --ignore-scripts pyodide@314.0.7 axe-core@4.14.1

clean:  ## remove builds, caches and reports, but not .venv
	rm -rf build dist reports *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -path './.*' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "jit_gym needs Python 3.11 or newer; '$(PYTHON)' is not on the path (try make PYTHON=...)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "jit_gym needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1) (try make PYTHON=python3.12)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) lacks the venv module; install it first (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(CORE): pyproject.toml constraints.txt requirements.txt | $(BIN)/python
	$(LOCKED)
	$(INSTALL) --no-deps --editable .
	@touch $@

$(DEV): pyproject.toml constraints.txt requirements.txt | $(BIN)/python
	$(LOCKED)
	$(INSTALL) --editable '.[dev]'
	@touch $(CORE) $@
