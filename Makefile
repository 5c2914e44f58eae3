# Two commands set a fresh machine up: `make run` and `make test`. Needed: Go, Node, npm.
# Logic is not written here but in Go (internal/tools, test) and in web/package.json.

ONLY ?=

help: ## print this list
	@sed -n 's/^\([a-z0-9]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

run: build ## build, start everything on loopback with a demo shop, print the links
	bin/vitrine serve --dev

build: web ## build the browser code and bin/vitrine
	go build -trimpath -o bin/vitrine ./cmd/vitrine

test: build ## every test: Go, TypeScript, real browser (installs browsers and servers that are missing)
	go run ./internal/tools/stages test

check: web ## format, vet, staticcheck, types, lint, house rules, stale generated code
	go run ./internal/tools/stages check

e2e: build ## only the tests in the real browser; E2E="name" picks some
	go run ./internal/tools/stages e2e $(E2E)

bench: build ## measure; ONLY=snapshot,latency picks figures
	go run ./test/bench $(ONLY)

mutants: ## take out one rule of the sanitizer at a time and expect a test to fail; ONLY=row33 picks
	go run ./internal/tools/mutants -only "$(ONLY)"

fuzz: ## give every fuzz target 10 minutes of CPU time, FUZZTIME=30s for less; ONLY=FuzzSheet picks
	go run ./internal/tools/stages fuzz $(or $(FUZZTIME),10m) "$(ONLY)"

verdicts: build ## take all payloads of the corpora to the stage and write docs/verdicts.md; ONLY=h5sc picks a corpus
	go run ./internal/tools/stages verdicts "$(ONLY)"

fidelity: build ## compare pictures of eight pages of others with the stage; report in test/artefacts/fidelity
	go run ./internal/tools/stages fidelity

wire: ## write the code and tables generated from internal/wire
	go generate ./internal/wire/...

clean: ## remove what was built or installed
	rm -rf bin web/dist web/node_modules test/artefacts

web: web/node_modules/.package-lock.json
	cd web && npm run --silent build

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-progress && touch node_modules/.package-lock.json

.PHONY: help run build test check e2e bench mutants fuzz verdicts fidelity wire clean web
