# Two commands do everything on a fresh machine: make demo, make test.

PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3.14 python3 python,\
	$(shell $(p) -c 'import sys, venv, ensurepip; print("$(p)" if sys.version_info >= (3, 11) else "")' 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
export PIP_NO_INPUT := 1

# On all processors but at most eight; a file goes to one of them as a whole.
SUITE := -m pytest -q -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

# What the bounds are tried with: all extras but those that bring torch or Ray. A test that hangs is
# ended, and named.
comma := ,
BOUND := web,collect,browser,bulk,svg,report
BOUND_SUITE := -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not wheel" \
	-o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true

# Python as new as there is one, on the path or of pyenv.
PYENV_ROOT ?= $(HOME)/.pyenv
NEWEST ?= $(firstword $(foreach v,3.14 3.13 3.12,\
	$(foreach p,python$(v) $(wildcard $(PYENV_ROOT)/versions/$(v).*/bin/python),\
	$(shell $(p) -c 'import venv, ensurepip; print("$(p)")' 2>/dev/null))) $(PYTHON))

.PHONY: demo test coverage check format release release-dry models golden examples docs pages bench bench-any bench-peers peers packages soak figures audits opencv4 bounds clean

demo: $(VENV)/core  ## read the bundled examples, and draw how one is read
	$(BIN)/captchascope read examples
	@mkdir -p demo
	$(BIN)/captchascope explain examples/1.jpeg -o demo/stages.png
	$(BIN)/captchascope explain examples/1.jpeg -o demo/stages.gif

test: $(VENV)/dev  ## every test
	OMP_NUM_THREADS=1 $(BIN)/python $(SUITE)

coverage: $(VENV)/dev  ## every test, and which lines and branches none of them runs; too many fail it
	$(BIN)/coverage erase
	OMP_NUM_THREADS=1 $(BIN)/coverage run $(SUITE)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

check: $(VENV)/dev  ## format, lint, types, tests and what they cover: what CI runs
	@$(BIN)/python tools/release.py --tested begin
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) coverage
	@$(BIN)/python tools/release.py --tested end

format: $(VENV)/dev  ## bring the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

release: $(VENV)/release  ## wheel, sdist, bill of materials and sums of a commit that make check has passed, and its tag
	$(BIN)/python tools/release.py

release-dry: $(VENV)/release  ## all of that but the tag
	$(BIN)/python tools/release.py --dry-run

models: $(VENV)/dev  ## rebuild every model that ships, from seeds
	$(BIN)/python tools/build_models.py

golden: $(VENV)/dev  ## write a small model file as this version does, for the tests: at each release
	$(BIN)/python tools/write_golden.py

examples: $(VENV)/core  ## draw the bundled examples again
	rm -rf build/examples
	$(BIN)/captchascope generate metu build/examples --count 12 --seed 12
	cp build/examples/* examples

figures: $(VENV)/core  ## draw the pictures of the documentation again
	$(BIN)/python tools/draw_figures.py

docs: $(VENV)/dev  ## the documents as a site, in build/docs; a warning fails it
	$(BIN)/python -m sphinx -W --keep-going docs build/docs

audits: $(VENV)/bench  ## the audits of the documentation: two of half an hour, and twelve short ones
	$(BIN)/python bench/audit_default.py metu --report docs/audit/metu.html
	$(BIN)/python bench/audit_default.py captcha --report docs/audit/captcha.html
	$(BIN)/python bench/audit_ranking.py --html docs/audit/ranking.html

pages: $(VENV)-pages/installed docs  ## an audit and the site, by the Nu HTML checker: takes npm and Java
	rm -rf build/pages
	$(BIN)/captchascope audit metu -o build/pages/metu.html --time-limit 2m -q
	java -jar $(VENV)-pages/node_modules/vnu-jar/build/dist/vnu.jar --errors-only build/pages/metu.html \
		build/docs/*.html build/docs/reference

bench: $(VENV)/bench  ## speed and accuracy: six hours or so on two cores, and it can be interrupted
	$(BIN)/python bench/speed.py
	$(BIN)/python bench/brought.py
	$(BIN)/python bench/cold_start.py
	$(BIN)/python bench/recipes.py
	$(BIN)/python bench/labels.py --parallel 2
	$(BIN)/python bench/calibration.py --seeds 3
	$(BIN)/python bench/lost.py
	$(BIN)/python bench/metu.py --seeds 5
	$(BIN)/python bench/bulk_speed.py
	$(BIN)/python bench/shards.py
	$(BIN)/python bench/two_processes.py
	$(MAKE) bench-any bench-peers

bench-any: $(VENV)/bench peers packages  ## what `any` reads untold: half an hour
	$(BIN)/python bench/any.py --wheel

bench-peers: $(VENV)/bench peers packages  ## beside five other readers: half an hour
	@command -v tesseract >/dev/null || echo "Tesseract is left out: apt-get install tesseract-ocr"
	$(BIN)/python bench/peers.py

peers: $(VENV)-peers/installed  ## the other readers, for the benches alone

packages: $(VENV)-packages/installed  ## packages that draw captchas, for the benches alone
	@command -v php perl >/dev/null || echo "Debian has two more: apt-get install php-cli" \
		"php-gd php-gregwar-captcha libgd-securityimage-perl"

soak: $(VENV)/dev  ## the long runs
	$(BIN)/python bench/soak.py
	$(BIN)/python bench/soak_models.py
	OMP_NUM_THREADS=1 $(BIN)/python bench/fuzz.py
	$(BIN)/python bench/soak_web.py
	$(BIN)/python bench/soak_labels.py
	$(BIN)/python bench/slow_clients.py
	$(BIN)/python bench/overload.py
	$(BIN)/python bench/bulk_faults.py

opencv4: $(VENV)-opencv4/core  ## the tests that need no torch, on the oldest OpenCV that works; a program is frozen
	$(VENV)-opencv4/bin/python -m pytest -q -m "not wheel"

bounds: $(VENV)-lowest/installed $(VENV)-newest/python  ## the tests that need no torch, on the lowest versions allowed, and on the newest
	$(VENV)-newest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade \
		pytest pytest-xdist hypothesis onnx fonttools -e '.[$(BOUND)]'
	$(VENV)-lowest/bin/python tools/bounds.py $(BOUND) $(VENV)-lowest $(VENV)-newest
	OMP_NUM_THREADS=1 $(VENV)-lowest/bin/python $(BOUND_SUITE)
	OMP_NUM_THREADS=1 $(VENV)-newest/bin/python $(BOUND_SUITE)

$(VENV)/python:
	@test -n "$(PYTHON)" || { echo "make: no Python from 3.11 up was found; name one: make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/core: $(VENV)/python pyproject.toml constraints.txt
	$(PIP) -e .
	@touch $@

# pip itself first, as older ones know no dependency groups; then torch alone, its version's CPU
# build, whatever other packages would choose.
$(VENV)/dev: $(VENV)/core
	$(PIP) --upgrade pip
	$(PIP) torch
	$(PIP) -e '.[all,docs,ray]' --group dev
	@touch $@

$(VENV)/release: $(VENV)/dev
	$(PIP) --group release
	@touch $@

$(VENV)/bench: $(VENV)/dev
	$(PIP) --group bench
	@touch $@

# Alone, so that what they need changes no version here. Of azcrawlerpy only what reads: all that it
# asks for is a crawler with two browsers.
$(VENV)-peers/installed: constraints.txt
	$(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/python -m pip install --quiet --disable-pip-version-check \
		-c constraints.txt ddddocr captcha-whisperer azcrawlerpy-recaptcha-text
	$(VENV)-peers/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		-c constraints.txt azcrawlerpy
	@touch $@

# Alone, as one of them takes the name of the package captcha. Without the scripts that npm runs
# after installing: one would fetch a program from elsewhere, and draws on @napi-rs/canvas instead.
$(VENV)-packages/installed: constraints.txt
	$(PYTHON) -m venv $(VENV)-packages
	$(VENV)-packages/bin/python -m pip install --quiet --disable-pip-version-check \
		-c constraints.txt multicolorcaptcha claptcha django-simple-captcha
	@command -v npm >/dev/null || echo "JavaScript's packages are left out: there is no npm"
	! command -v npm >/dev/null || npm install --silent --ignore-scripts --prefix $(VENV)-packages \
		svg-captcha@1.4.0 trek-captcha@0.4.0 captcha-canvas@3.4.0 \
		@napi-rs/canvas@1.1.1 @resvg/resvg-js@2.6.2
	@touch $@

$(VENV)-pages/installed:
	npm install --silent --ignore-scripts --prefix $(VENV)-pages vnu-jar@26.9.27
	@touch $@

$(VENV)-opencv4/core: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-opencv4
	grep -vE '^(opencv|numpy)' constraints.txt > $(VENV)-opencv4/constraints.txt
	$(VENV)-opencv4/bin/python -m pip install --quiet --disable-pip-version-check \
		-c $(VENV)-opencv4/constraints.txt \
		'opencv-python-headless==4.10.*' 'numpy<2.3' pytest hypothesis onnx fonttools pyinstaller -e .
	@touch $@

# What captchascope names at its lowest, which uv finds; what those need in turn, and what tests, not.
# But pyparsing: 3.3 has matplotlib's earlier ones warn, and a warning is an error here.
$(VENV)-lowest/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	echo 'pyparsing<3.3' > $(VENV)-lowest/constraints.txt
	$(VENV)-lowest/bin/uv pip compile --quiet --upgrade --resolution lowest-direct pyproject.toml \
		--python $(VENV)-lowest/bin/python -c $(VENV)-lowest/constraints.txt \
		$(foreach extra,$(subst $(comma), ,$(BOUND)),--extra $(extra)) -o $(VENV)-lowest/versions.txt
	grep -E '^(pytest|hypothesis|onnx=)' constraints.txt >> $(VENV)-lowest/versions.txt
	$(VENV)-lowest/bin/python -m pip install --quiet --disable-pip-version-check \
		-r $(VENV)-lowest/versions.txt fonttools -e .
	@touch $@

$(VENV)-newest/python:
	$(NEWEST) -m venv $(VENV)-newest
	@touch $@

clean:  ## remove what make made
	rm -rf $(VENV) $(VENV)-opencv4 $(VENV)-lowest $(VENV)-newest $(VENV)-peers $(VENV)-packages $(VENV)-pages .coverage demo build dist
