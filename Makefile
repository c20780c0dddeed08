# The checks, and nothing that building needs: `go build ./cmd/ringzero` is enough.
GO          ?= go
FUZZTIME    ?= 30s
BENCH       ?= .
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Hosts that every package must build for, and the binary link for.
TARGETS := $(foreach os,linux darwin windows freebsd,$(os)/amd64 $(os)/arm64) linux/riscv64 linux/s390x js/wasm

# `go test` does not take the profile of the main package by itself.
PGO := $(addprefix -pgo=,$(abspath $(wildcard cmd/ringzero/default.pgo)))

.PHONY: all check test fuzz bench race fmt vet staticcheck rules fresh cross clean-tree

all: check test

check: fmt vet staticcheck rules fresh cross clean-tree
	@echo "check: all is well"

test:
	$(GO) test ./...

fmt:
	@bad=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	if [ -n "$$bad" ]; then echo "not gofmt-ed:"; echo "$$bad"; exit 1; fi

vet:
	$(GO) vet ./...

staticcheck:
	$(GO) run $(STATICCHECK) ./...

# Who imports whom, where unsafe stands, no clock and no state in the machine's packages.
rules:
	$(GO) test ./internal/rules

# Generated files are those that the generators make now. What was changed by hand
# before shows as well: commit first.
fresh:
	$(GO) generate ./...
	@git diff --exit-code || { echo "generated files are stale, or the tree was not clean"; exit 1; }

cross:
	@set -e; for target in $(TARGETS); do \
		echo "build $$target"; \
		export CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/}; \
		$(GO) build -pgo=off ./...; \
		$(GO) build -pgo=off -o /dev/null ./cmd/ringzero; \
	done

clean-tree:
	@left=$$(git status --porcelain); \
	if [ -n "$$left" ]; then echo "the tree is not clean:"; echo "$$left"; exit 1; fi

# Every fuzz target of the module for FUZZTIME each.
fuzz:
	@set -e; found=; for file in $$(git grep --untracked -l '^func Fuzz' -- '*_test.go'); do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$file); do \
			found=1; echo "fuzz $$(dirname $$file) $$name"; \
			$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x ./$$(dirname $$file); \
		done; \
	done; \
	[ -n "$$found" ] || { echo "no fuzz target found"; exit 1; }

bench:
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem $(PGO) ./...

# Two machines in one process under the race detector: the tests named *TwoMachines*.
race:
	@set -e; dirs=$$(git grep --untracked -l '^func Test.*TwoMachines' -- '*_test.go' | xargs -r -n1 dirname | sort -u); \
	[ -n "$$dirs" ] || { echo "no test named *TwoMachines* found"; exit 1; }; \
	for dir in $$dirs; do CGO_ENABLED=1 $(GO) test -race -run TwoMachines ./$$dir; done
