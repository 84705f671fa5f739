# What a developer and the CI do, one target each; `make help` lists them.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory
.DEFAULT_GOAL := help

BINARY := build/infrahub-mcp
TOOLS  := build/tools

# A file name that carries the version makes a new version a missing file.
GOLANGCI_LINT := $(TOOLS)/golangci-lint-v2.15.0
GOVULNCHECK   := $(TOOLS)/govulncheck-v1.9.0
GOTESTSUM     := $(TOOLS)/gotestsum-v1.13.0
HELM          := $(TOOLS)/helm-v3.22.0
KUBEVALIDATE  := $(TOOLS)/kubectl-validate-v0.0.4
# The definitions of ExternalSecret and ServiceMonitor.
CRDS          := $(TOOLS)/crds/external-secrets-v1.3.2.yaml $(TOOLS)/crds/prometheus-operator-v0.85.0.yaml

VERSION  ?=
LDFLAGS  := -s -w $(if $(VERSION),-X infrahub-mcp/internal/cli.version=$(VERSION))
GO_TEST  ?= go test
PACKAGES ?= ./...
FUZZTIME ?= 10s
BENCH    ?= .
GOVULNDB ?= https://vuln.go.dev
IMAGE    ?= infrahub-mcp
TARGETS  ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
BUILDER  ?= $(firstword $(foreach b,docker podman buildah,$(if $(shell command -v $b),$b)) docker)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the program: build/infrahub-mcp (VERSION=… stamps a version)
	@CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BINARY) ./cmd/infrahub-mcp

.PHONY: run
run: build ## Run the program over stdio (ARGS='--transport streamable-http')
	@$(BINARY) $(ARGS)

.PHONY: demo
demo: build ## Play a short conversation of an assistant on the sandbox
	@go run ./test/demo -program $(BINARY)

.PHONY: picture
picture: build ## Draw what the README shows, from a run of the demo: docs/images
	@go run ./test/demo -program $(BINARY) -picture docs/images/conversation.svg

.PHONY: test
test: ## Run the tests that need nothing but Go, with the race detector
	@$(GO_TEST) -race -timeout 15m $(PACKAGES)

.PHONY: test-toon
test-toon: ## Check TOON against its published fixtures and reference decoder (needs Node)
	@cd test/toon && npm install --no-package-lock --no-audit --no-fund --silent
	@TOON_FIXTURES=required $(GO_TEST) -count=1 ./test/toon/... ./internal/toon/...

.PHONY: test-infrahubctl
test-infrahubctl: build ## Check the sandbox with infrahubctl and Infrahub's Python SDK (needs Python)
	@.ci/infrahubctl

.PHONY: test-conformance
test-conformance: build ## Run the official MCP conformance suite (needs npm)
	@GO_TEST='$(GO_TEST)' .ci/conformance

.PHONY: test-clients
test-clients: ## Let MCP clients of others use the program (needs npm, Python; ARGS=-update writes their table)
	@GO_TEST='$(GO_TEST)' .ci/clients $(ARGS)

.PHONY: test-chart
test-chart: $(HELM) $(KUBEVALIDATE) $(CRDS) ## Test the Helm chart with Helm (ARGS=-update writes what it makes)
	@HELM=$(CURDIR)/$(HELM) KUBEVALIDATE=$(CURDIR)/$(KUBEVALIDATE) CRDS=$(CURDIR)/$(TOOLS)/crds $(GO_TEST) -count=1 ./test/chart $(ARGS)

.PHONY: test-compose
test-compose: ## Test the compose files with the loader of Docker Compose
	@go -C test/compose test -count=1 ./...

.PHONY: test-replicas
test-replicas: ## Kill, stop and start replicas and a real Redis under load (needs redis-server; REPLICAS=75s)
	@REPLICAS='$(REPLICAS)' GO_TEST='$(GO_TEST)' .ci/replicas

.PHONY: test-login
test-login: build ## Log in with a real Keycloak, a browser and other MCP clients (KEYCLOAK_BOOT=script)
	@GO_TEST='$(GO_TEST)' .ci/login

.PHONY: test-real
test-real: ## Run the tests of the program and of the sandbox's likeness against INFRAHUB_ADDRESS
	@INFRAHUB_REAL=required $(GO_TEST) -p 1 -count=1 -timeout 40m ./test/contract/... ./test/program/...

.PHONY: bench
bench: ## Run the benchmarks, allocations included (BENCH=pattern)
	@go test -run '^$$' -bench '$(BENCH)' -benchmem ./...

.PHONY: overhead
overhead: ## Compare the speed of the protocol layer with the library's own server
	@go test -run '^$$' -bench '^BenchmarkOverhead$$' -benchtime 40000x -timeout 0 ./internal/protocol

.PHONY: compare
compare: build ## Compare with the Python server: docs/performance.md (DURATION=3s, ROUNDS=3; needs Python 3.13 or uv)
	@.ci/compare $(if $(DURATION),-duration $(DURATION)) $(if $(ROUNDS),-rounds $(ROUNDS))

.PHONY: fuzz
fuzz: ## Fuzz every target for FUZZTIME (10s)
	@grep -rl --include='*_test.go' '^func Fuzz' cmd internal test | xargs -r dirname | sort -u | while read -r dir; do \
		for target in $$(go test -list '^Fuzz' "./$$dir" | grep '^Fuzz'); do \
			echo "$$dir $$target"; \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5s "./$$dir"; \
		done; \
	done

.PHONY: soak
soak: ## Let clients come and go for DURATION (10m) with the race detector
	@SOAK=$(or $(DURATION),10m) go test -race -count=1 -timeout 0 -v ./test/soak

.PHONY: cover
cover: ## Measure test coverage: build/cover.html
	@mkdir -p build
	@go test -coverpkg=./cmd/...,./internal/... -coverprofile build/cover.out ./...
	@go tool cover -html build/cover.out -o build/cover.html
	@go tool cover -func build/cover.out | tail -n 1

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Run the linters
	@$(GOLANGCI_LINT) config verify
	@$(GOLANGCI_LINT) run ./...

.PHONY: format
format: $(GOLANGCI_LINT) ## Format the code
	@$(GOLANGCI_LINT) fmt

.PHONY: format-check
format-check: $(GOLANGCI_LINT) ## Fail when code is not formatted
	@$(GOLANGCI_LINT) fmt --diff

.PHONY: vuln
vuln: $(GOVULNCHECK) ## Look for known vulnerabilities
	@$(GOVULNCHECK) -db $(GOVULNDB) ./...

.PHONY: image
image: ## Build the container image (IMAGE=, VERSION=, BUILDER=docker|podman|buildah, BUILD_ARGS=--platform=…)
	@$(BUILDER) build $(if $(filter-out docker,$(BUILDER)),--format docker) --tag $(IMAGE) \
		--build-arg VERSION=$(or $(VERSION),$(shell git describe --tags --always --dirty 2>/dev/null)) \
		--build-arg REVISION=$(shell git rev-parse --quiet --verify HEAD) \
		--build-arg CREATED=$(shell date -u -d '@$(SOURCE_DATE_EPOCH)' +%FT%TZ 2>/dev/null) \
		--build-arg HOMEPAGE=$(RELEASE_HOMEPAGE) --build-arg NAME=$(RELEASE_NAME) $(BUILD_ARGS) .

# The same source, version, revision, time and Go give the same bytes. The program
# that builds them is compiled as they are, so that packages are compiled once.
RELEASE_DIR       ?= build/release
REVISION          ?= $(shell git describe --always --exclude='*' --abbrev=12 --dirty=-modified 2>/dev/null)
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)
# Where people will find it: yours to set.
RELEASE_URL       ?= https://downloads.example.com/infrahub-mcp/$(VERSION)
RELEASE_HOMEPAGE  ?= https://example.com/infrahub-mcp
RELEASE_IMAGE     ?= registry.example.com/infrahub-mcp
RELEASE_NAME      ?= com.example/infrahub-mcp

.PHONY: release
release: ## Build what is released: build/release (VERSION=1.2.3, TARGETS='linux/amd64 …')
	@CGO_ENABLED=0 go run -trimpath ./deploy/release -version '$(VERSION)' -revision '$(REVISION)' -epoch '$(SOURCE_DATE_EPOCH)' \
		-targets '$(TARGETS)' -out '$(RELEASE_DIR)' -url '$(RELEASE_URL)' -homepage '$(RELEASE_HOMEPAGE)' \
		-image '$(RELEASE_IMAGE)' -name '$(RELEASE_NAME)'

.PHONY: generate
generate: ## Regenerate the generated code
	@go generate ./...

OPERATIONS := internal/infrahub/operations

.PHONY: extract
extract: ## Take what the operations need of the GraphQL schema of INFRAHUB_ADDRESS
	@go run ./$(OPERATIONS)/extract -operations $(OPERATIONS)/operations.graphql -out $(OPERATIONS)/schema.graphql
	@$(MAKE) generate

.PHONY: reference
reference: build ## Regenerate docs/reference from the program
	@mkdir -p docs/reference
	@$(BINARY) reference config >build/configuration.md
	@mv build/configuration.md docs/reference/configuration.md
	@$(BINARY) reference tools >build/tools.md
	@mv build/tools.md docs/reference/tools.md

.PHONY: tools
tools: $(GOLANGCI_LINT) $(GOVULNCHECK) $(GOTESTSUM) ## Install the pinned tools into build/tools
	@:

# Each file is named <tool>-<version>; go install knows only <tool>.
install = GOBIN=$(CURDIR)/$(TOOLS) CGO_ENABLED=0 go install $(1)@$(lastword $(subst -, ,$(notdir $@)))

$(GOLANGCI_LINT):
	@echo 'installing $(notdir $@)'
	@$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint)
	@mv $(TOOLS)/golangci-lint $@

$(GOVULNCHECK):
	@echo 'installing $(notdir $@)'
	@$(call install,golang.org/x/vuln/cmd/govulncheck)
	@mv $(TOOLS)/govulncheck $@

$(GOTESTSUM):
	@echo 'installing $(notdir $@)'
	@$(call install,gotest.tools/gotestsum)
	@mv $(TOOLS)/gotestsum $@

# Not among the tools above: only the tests of the chart need these.
$(HELM):
	@echo 'installing $(notdir $@)'
	@$(call install,helm.sh/helm/v3/cmd/helm)
	@mv $(TOOLS)/helm $@

$(KUBEVALIDATE):
	@echo 'installing $(notdir $@)'
	@$(call install,sigs.k8s.io/kubectl-validate)
	@mv $(TOOLS)/kubectl-validate $@

# A file of the module MODULE, in the version that is at the end of the target's name.
from_module = @mkdir -p $(dir $@) && rm -f $(@D)/$(1)-v*.yaml && install -m 0644 \
	"$$(go mod download -json $(2)@$(lastword $(subst -, ,$(basename $(notdir $@)))) | sed -n 's/^\t"Dir": "\(.*\)",*$$/\1/p')/$(3)" $@

$(TOOLS)/crds/external-secrets-%.yaml:
	@echo 'getting $(notdir $@)'
	$(call from_module,external-secrets,github.com/external-secrets/external-secrets,config/crds/bases/external-secrets.io_externalsecrets.yaml)

$(TOOLS)/crds/prometheus-operator-%.yaml:
	@echo 'getting $(notdir $@)'
	$(call from_module,prometheus-operator,github.com/prometheus-operator/prometheus-operator,example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml)

.PHONY: clean
clean: ## Remove what was built
	@rm -rf build

.PHONY: ci
ci: ## Run everything the CI runs
	@.ci/run
