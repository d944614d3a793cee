# The two commands that matter: `make demo` (the main job) and `make test` (every test).
GO ?= go
RUN ?= runs

.PHONY: demo test lint bench setup figures findings goldens calibrate clean

# setup finds the ONNX Runtime library, or fetches it through a package client into a cache folder.
setup:
	$(GO) run . setup

# demo runs the first experiment and says where its report lies.
demo: setup
	$(GO) run . run experiments/first-look.toml --out $(RUN)/first-look

test: setup
	$(GO) vet ./...
	$(GO) test ./...

lint:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

clean:
	rm -rf $(RUN)
