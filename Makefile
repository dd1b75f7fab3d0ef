# Every target sets up what it needs, on a fresh machine too: Python 3.11 or later and a C++17 compiler.
#   make setup   .venv with everything the rest needs       make check   lint and types
#   make demo    train a model of the next word             make fix     mend what lint can mend
#   make test    native tests and pytest                    make soak    the long tests and the sanitizers
#   make bench   measure, beside other libraries            make fuzz    MINUTES=n: look for what harms
#   make mutants plant small faults: which does no test notice?    make web: build the page of the studio (needs npm)

PYTHON ?= python3
BIN := .venv/bin
NATIVE := CMakeLists.txt $(wildcard native/*.*)
INSTALLED := .venv/installed
PEERS := .venv/peers
WEB := web/node_modules/.package-lock.json
comma := ,

# Instruction sets that are compiled: base and the best of this machine, or all with HITHERTO_ISAS=all, as in wheels and CI.
export HITHERTO_ISAS ?= native

# $(call native_tests,FOLDER,OPTIONS): build the native tests in build/FOLDER and run them
native_tests = PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S . -B build/$(1) -G Ninja --log-level=WARNING \
	-DHITHERTO_ISAS=$(HITHERTO_ISAS) -DHITHERTO_EXTENSION=OFF -DHITHERTO_NATIVE_TESTS=ON -DHITHERTO_WERROR=ON $(2) \
	&& $(BIN)/cmake --build build/$(1) && $(BIN)/ctest --test-dir build/$(1) --output-on-failure

# $(call sanitized,FOLDER,LIBRARY,TESTS): these tests of Python on the extension of that folder, beside the library of its sanitizer
SANITIZED_ISA := $(if $(filter x86_64 amd64,$(shell uname -m)),avx2,base)
sanitized = LD_PRELOAD="$$($(or $(CXX),c++) -print-file-name=$(2)) $$($(or $(CXX),c++) -print-file-name=libstdc++.so)" \
	ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 OMP_NUM_THREADS=2 \
	HITHERTO_NATIVE="$(CURDIR)/build/$(1)/_native.abi3.so" PYTHONPATH=tests \
	$(BIN)/python -m pytest -q -p no:cacheprovider -p another_native $(3)

# $(call sanitized_extension,FOLDER,SANITIZERS): the extension with sanitizers, of one instruction set
sanitized_extension = PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S . -B build/$(1) -G Ninja --log-level=WARNING \
	-DPython_EXECUTABLE="$(CURDIR)/$(BIN)/python" -DCMAKE_BUILD_TYPE=Debug -DHITHERTO_SANITIZE=$(2) -DHITHERTO_ISAS=$(SANITIZED_ISA) \
	&& $(BIN)/cmake --build build/$(1)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fix web web-check soak bench native-test sanitize fuzz fuzz-native fuzz-python mutants
.DELETE_ON_ERROR:

help:
	@sed -n '2,7s/^# *//p' Makefile

setup: $(INSTALLED)

$(BIN)/python:
	@echo "Making .venv"
	$(PYTHON) -m venv .venv

# Editable: changes in src count at once; a change in native builds the extension again.
$(INSTALLED): pyproject.toml constraints.txt $(NATIVE) | $(BIN)/python
	@echo "Installing Python packages and compiling the extension: about a minute to compile on two cores, half of that after a change"
	@echo "of the kernels; the first time pip downloads PyTorch too, some 200 MB (much more with CUDA)."
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
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	@if command -v npm > /dev/null; then $(MAKE) --no-print-directory web-check; else echo "npm is not there: web/ is not checked"; fi

fix: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@if command -v npm > /dev/null; then $(MAKE) --no-print-directory $(WEB) && cd web && npm run --silent fix; fi

# The page of the studio: TypeScript in web/, built into one script that the package carries.
$(WEB): web/package-lock.json
	cd web && npm ci --no-fund --no-audit --loglevel=error
	@touch $@

web-check: $(WEB)
	cd web && npm run --silent check

web: $(WEB)
	cd web && npm run --silent build

# The short form; `soak` has the long one.
sanitize: $(INSTALLED)
	$(call sanitized_extension,sanitized,address$(comma)undefined)
	$(call sanitized,sanitized,libasan.so,tests/test_native.py)

soak: sanitize
	$(call native_tests,address,-DCMAKE_BUILD_TYPE=Debug -DHITHERTO_SANITIZE=address)
	$(call native_tests,undefined,-DCMAKE_BUILD_TYPE=Debug -DHITHERTO_SANITIZE=undefined)
	$(call native_tests,thread,-DCMAKE_BUILD_TYPE=Debug -DHITHERTO_SANITIZE=thread)
	$(call sanitized_extension,sanitized-threads,thread)
	$(call sanitized,sanitized-threads,libtsan.so,tests/test_native.py)
	$(call sanitized,sanitized,libasan.so,tests/test_engine.py tests/test_session.py tests/test_kernels.py tests/test_normed.py tests/test_bundle.py)
	$(BIN)/python -m pytest -m soak

MINUTES ?= 1
fuzz: fuzz-native fuzz-python

# clang has libFuzzer: on Debian, apt-get install clang.
fuzz-native: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" CXX=clang++ cmake -S . -B build/fuzz-native -G Ninja --log-level=WARNING -DHITHERTO_EXTENSION=OFF \
		-DHITHERTO_FUZZ=ON -DHITHERTO_SANITIZE=address -DHITHERTO_ISAS=$(SANITIZED_ISA)
	$(BIN)/cmake --build build/fuzz-native
	$(BIN)/python fuzz/native/step_seeds.py build/fuzz-native/seeds
	mkdir -p build/fuzz-native/corpus
	cd build/fuzz-native && ./fuzz_steps -max_total_time=$$(($(MINUTES) * 60)) -timeout=20 -rss_limit_mb=2048 -max_len=1024 \
		-print_final_stats=1 corpus seeds

fuzz-python: $(INSTALLED)
	$(BIN)/python fuzz/run.py --minutes $(MINUTES)

mutants: $(INSTALLED)
	$(BIN)/python fuzz/mutants.py

bench: $(PEERS)
	$(BIN)/python benchmarks/stream.py
	$(BIN)/python benchmarks/layers.py
