# Every target sets up what it needs, on a fresh machine too: Python 3.11 or later and a C++17 compiler.
#   make setup   .venv with everything the rest needs       make check   lint and types
#   make demo    train a model of the next word             make fix     mend what lint can mend
#   make test    native tests and pytest                    make soak    the long tests and the sanitizers
#   make bench   measure, beside other libraries

PYTHON ?= python3
BIN := .venv/bin
NATIVE := CMakeLists.txt $(wildcard native/*.*)
INSTALLED := .venv/installed
PEERS := .venv/peers

# $(call native_tests,FOLDER,OPTIONS): build the native tests in build/FOLDER and run them
native_tests = PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S . -B build/$(1) -G Ninja --log-level=WARNING \
	-DHITHERTO_EXTENSION=OFF -DHITHERTO_NATIVE_TESTS=ON -DHITHERTO_WERROR=ON $(2) \
	&& $(BIN)/cmake --build build/$(1) && $(BIN)/ctest --test-dir build/$(1) --output-on-failure

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fix soak bench native-test
.DELETE_ON_ERROR:

help:
	@sed -n '2,5s/^# *//p' Makefile

setup: $(INSTALLED)

$(BIN)/python:
	$(PYTHON) -m venv .venv

# Editable: changes in src count at once; a change in native builds the extension again.
$(INSTALLED): pyproject.toml constraints.txt $(NATIVE) | $(BIN)/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,train]'
	@touch $@

$(PEERS): $(INSTALLED)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[onnx]'
	@touch $@

demo: $(INSTALLED)
	$(BIN)/python examples/demo.py

test: native-test
	$(BIN)/python -m pytest

native-test: $(INSTALLED)
	$(call native_tests,native)

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fix: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

soak: $(INSTALLED)
	$(call native_tests,address,-DCMAKE_BUILD_TYPE=Debug -DHITHERTO_SANITIZE=address)
	$(call native_tests,undefined,-DCMAKE_BUILD_TYPE=Debug -DHITHERTO_SANITIZE=undefined)
	$(call native_tests,thread,-DCMAKE_BUILD_TYPE=Debug -DHITHERTO_SANITIZE=thread)
	$(BIN)/python -m pytest -m soak

bench: $(PEERS)
	$(BIN)/python benchmarks/stream.py
	$(BIN)/python benchmarks/layers.py
