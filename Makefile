.PHONY: help up services mirror down clean test test-alerts test-compose test-counts test-ha test-mirror test-page-load test-upgrade drill bench micro counts chaos fuzz deny deploy-check packages quick-programs programs
.DEFAULT_GOAL := help
target := $(or $(CARGO_TARGET_DIR),target)
# What is started here is quick to build, what is measured is quick to run.
quick := $(target)/up
release := $(target)/release
# The one test of test-page-load, which test-ha leaves out.
page-load := with_two_million_orders_and_their_history_99_of_100_traces_of_the_page_take_less_than_300_ms
# Ignored tests of the mirror that show what docs/mirror.md says cannot be equal.
mirror-limits := without_a_key under_another_key
# make up SECURE=1: TLS and logins everywhere, with data of its own. make down and make clean take the same word.
secure := $(if $(SECURE), --secure)

help:           ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

up: quick-programs ## start everything without Docker, until Ctrl-C or `make down`; MONITORING=1 with Prometheus, SECURE=1 with TLS and logins
	@$(quick)/stack up$(secure)$(if $(MONITORING), --monitoring)

services: quick-programs ## the same without orderstream
	@$(quick)/stack services$(secure)

mirror: quick-programs ## tables of one database kept equal in another, by the job `mirror`: docs/mirror.md
	@$(quick)/stack mirror$(secure)

down:           ## stop what runs in another shell
	@! [ -x $(quick)/stack ] || $(quick)/stack down$(secure)

clean: quick-programs ## remove the data of the services
	@$(quick)/stack clean$(secure)

test:           ## format, lints, docs, and all tests
	@stack/test.sh

test-alerts: packages ## each alert on its real fault, and each query of the dashboards, with the real Prometheus and Alertmanager
	@stack/with-jars.sh cargo test --workspace --locked --test alerts -- --ignored --nocapture

test-compose:   ## docker compose up as people start it, with each version of Compose: the image, the README's session, a restart
	@stack/test-compose.sh

test-ha: packages ## brokers of three and a master of Redis that die, hang, are cut off or come back, under load: the gaps are printed
	@stack/with-jars.sh cargo test --workspace --locked --test ha --test field -- --ignored --nocapture --test-threads=1 --skip $(page-load)

test-mirror: packages ## the long tests of the mirror: each change of a table with plan and apply, all types with schemas; minutes
	@stack/with-jars.sh cargo test -p orderstream --locked --test mirror -- --ignored --nocapture --test-threads=1 $(addprefix --skip ,$(mirror-limits))

test-page-load: packages ## the traces of the page among two million orders with their history, in time; takes minutes
	@stack/with-jars.sh cargo test --workspace --locked --test field -- --ignored --nocapture --exact page_reading::$(page-load)

test-upgrade: packages ## a rolling upgrade under load, from the program of an earlier revision: make test-upgrade FROM=<revision>
	@stack/test-upgrade.sh $(FROM)

drill: packages ## back up, lose, restore, move and grow on the real stack, by the very commands of docs/operations.md; some minutes
	@stack/with-jars.sh cargo test --workspace --locked --test drill -- --ignored --test-threads=1 --nocapture

bench: programs ## rates, cost and latency on the real stack: CASE=.. BASE=earlier.json REPEAT=n N=events; CASE=outage SECONDS=n; CASE=mirror PEER=jdbc-sink
	@$(release)/bench

micro:          ## time of the pure parts: decode, position, collapse, encode
	@cargo bench -p orderstream --bench pure

counts: packages ## store the instruction counts of the pure parts anew
	@STORE_COUNTS=1 cargo test -p orderstream --locked --test instruction_counts -- --ignored

test-counts: packages ## whether the pure parts still take the instructions that are stored; takes minutes
	@cargo test -p orderstream --locked --test instruction_counts -- --ignored

chaos: programs ## random faults on the real stack, then every promise checked: make chaos [JOB=mirror] [WORLD=ha] [ROUNDS=n] [SEED=s]
	@$(release)/chaos $(addprefix --job ,$(JOB)) $(addprefix --world ,$(WORLD)) $(addprefix --rounds ,$(ROUNDS)) $(addprefix --seed ,$(SEED))

fuzz:           ## the decoder and the position rule on arbitrary input, SECONDS=600 each; needs nightly Rust and cargo-fuzz
	@cargo run --quiet -p orderstream --example fuzz_seeds
	@cd fuzz && for target in envelope position; do \
		cargo +nightly fuzz run --sanitizer none $$target -- -max_total_time=$(or $(SECONDS),600) -max_len=8192 -dict=words || exit 1; done

deny:           ## licences, advisories, sources and second versions of the dependencies; needs cargo-deny
	@cargo deny check --deny unnecessary-skip --deny unmatched-skip

deploy-check:   ## the chart, the unit, the image, the workflows, the rules: without a cluster; needs Go and Python
	@stack/deploy-check.sh

quick-programs: packages
	@[ -x $(quick)/stack ] || echo '== compiling orderstream and fetching Kafka and Debezium: 2 to 3 minutes on 2 idle cores'
	@stack/with-jars.sh cargo build --locked --profile up -p orderstream -p stack --bins

programs: packages
	@cargo build --release --bins

packages:
	@stack/packages.sh
