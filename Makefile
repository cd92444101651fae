# Every developer command by name. `make help` lists them.
SWIFT ?= swift
DEBIAN_PACKAGES = zlib1g-dev liblz4-dev libsqlite3-dev
ALL_TRAITS = --traits GZip,LZ4,Macros,RocksDB

.PHONY: help demo test quick-test sanitize bench bench-decode check-demo check-nexmark check-crashes check-instructions setup setup-rocksdb format lint docs clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

demo: setup ## Build and run the main job: a year of flights into a SQLite database
	@echo "==> Building examples/flights (release; the first build takes a few minutes)"
	cd examples/flights && $(SWIFT) build -c release --product flights
	@echo "==> Running it on 336,776 flights and 26,115 hours of weather"
	examples/flights/.build/release/flights --data examples/flights/data --output examples/flights/out

test: setup setup-rocksdb ## Build and run all tests, the macro's too (builds swift-syntax: minutes)
	@echo "==> Building and running all tests"
	$(SWIFT) test $(ALL_TRAITS) --scratch-path .build-all

quick-test: setup ## Build and run the tests that need no macro
	$(SWIFT) test

# The suites in which several threads meet. All else runs on the deterministic executor, or without one, on a thread
# of its own: the thread sanitizer would take a quarter of an hour to find nothing there.
THREADED = thread|A Dispatch worker|A bounded queue|A tasklet|Asynchronous|SQLite|Print sink|Back-pressure|State command|Upgrades|Options of|Embedded job|Job program|Collect and discard|memory of a process|asynchronous map|A job that is stopped|whose barriers

# Fewer seeds than `make test`, and no simulations or golden data: the sanitizers look at each access of a run, not at
# many runs of the same code.
sanitize: export WEIR_SEED_PERCENT = 20
sanitize: export WEIR_SIMULATION_SEEDS = 15
sanitize: setup ## Run what has threads under the thread sanitizer, and all tests under the address sanitizer
	$(SWIFT) test --sanitize=thread --scratch-path .build-thread --filter '$(THREADED)'
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --sanitize=address --scratch-path .build-address \
		--skip 'GoldenTests|[Ss]imulation'

bench: setup ## Write the tables of docs/benchmarks.md; those alone that TABLES="compare operators" names
	tools/write-benchmarks.sh $(TABLES)

bench-decode: setup ## Time CSV and JSON Lines decoding against a C++ loop and simdjson
	@tools/setup.sh libsimdjson-dev
	$(SWIFT) run -c release --traits GZip,LZ4,Yardsticks weir-bench decode --clock cpu

check-demo: ## Compare the demo's tables with DuckDB's, at parallelism 1, 2, 3 and 8 (installs DuckDB from PyPI)
	cd examples/flights && check/check-all.sh

check-nexmark: setup setup-rocksdb ## Compare the Nexmark queries' results with the golden data, in release mode
	tools/check-nexmark.sh

check-crashes: setup setup-rocksdb ## Kill two jobs with SIGKILL 20 times, and compare what they leave
	tools/check-crashes.sh

check-instructions: setup setup-rocksdb ## Compare instructions a record, under callgrind, with the stored baseline
	tools/check-instructions.sh

setup: ## Install what the build needs from Debian's packages, where it is missing
	@tools/setup.sh $(DEBIAN_PACKAGES)

setup-rocksdb: ## Install RocksDB, for the trait of that name
	@tools/setup.sh librocksdb-dev

format: ## Format all sources in place
	$(SWIFT) format -i -r -p Sources Tests examples/*/Sources benchmarks/*/Sources Package.swift

lint: ## Check the format of all sources
	$(SWIFT) format lint -s -r -p Sources Tests examples/*/Sources benchmarks/*/Sources Package.swift

docs: ## Build the documentation archive, and check that its programs compile
	WEIR_DOCS_OUTPUT=.build/docs tools/check-articles.sh

clean: ## Remove everything built
	rm -rf .build .build-* examples/*/.build examples/*/out benchmarks/*/.build
