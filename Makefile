# The two commands that matter: `make demo` (the main job) and `make test` (every test).
GO ?= go
RUN ?= runs

.PHONY: demo test lint bench overhead setup figures goldens calibrate clean

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

# overhead measures runs beside their bare models and beside Python, for docs/benchmarks.md; it wants IMAGES and MODELS.
overhead: setup
	$(GO) run ./experiments/bench --images $(IMAGES) --models $(MODELS) --python $(PYTHON)

# figures redraws docs/gallery.md with its pictures, and the README's figure from the demo.
figures: demo
	cp $(RUN)/first-look/figures/detection-hue-shift.png docs/first-look.png
	$(GO) run ./reports/figure/gallery docs
	$(GO) run ./reports/preview/reference docs/perturbations

# calibrate simulates how often intervals cover and tests reject, at full size, and writes docs/calibration.md.
calibrate:
	$(GO) run ./stats/calibrate/run > docs/calibration.md.tmp
	mv docs/calibration.md.tmp docs/calibration.md

# goldens makes the reference values anew; it needs the Python packages that each script names.
PYTHON ?= python3
goldens:
	for f in testdata/*/goldens.py; do $(PYTHON) $$f || exit 1; done

clean:
	rm -rf $(RUN)
