# The two commands that matter: `make demo` (the main job) and `make test` (every test).
GO ?= go
RUN ?= runs

.PHONY: demo test lint bench overhead setup figures findings goldens calibrate zoo clean

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

# findings runs the experiments behind the project's questions and writes docs/findings.md: half an hour on two idle cores, resumable.
# MODELS (published networks), IMAGES (photographs in folders by class) and DATA (published judgements and features) add what needs them.
findings: setup
	$(GO) run ./experiments/findings --runs $(RUN)/findings $(if $(MODELS),--models $(MODELS)) $(if $(IMAGES),--images $(IMAGES)) $(if $(DATA),--data $(DATA)) docs

# calibrate simulates how often intervals cover and tests reject, at full size, and writes docs/calibration.md.
calibrate:
	$(GO) run ./stats/calibrate/run > docs/calibration.md.tmp
	mv docs/calibration.md.tmp docs/calibration.md

# goldens makes the reference values anew; it needs the Python packages that each script names. With FULL=FOLDER it makes the full-size
# architectures instead, of which nothing is committed: PROBITY_FULL=FOLDER go test ./zoo ./metrics -run 'FullSize|Architectures' -v compares them.
PYTHON ?= python3
SHARED ?= ../shared
goldens:
ifdef FULL
	$(PYTHON) testdata/zoo/goldens.py --full $(FULL) --shared $(SHARED)
	$(PYTHON) testdata/metrics/architectures.py $(FULL)
else
	for f in testdata/*/goldens.py; do $(PYTHON) $$f || exit 1; done
endif

# zoo trains, exports and measures the bundled models anew, in $(ZOO): hours of every core, resumable. See zoo/train/README.md.
ZOO ?= runs/zoo
CORES ?= 2
SEEDS ?= 3
zoo:
	test -e $(ZOO)/data/train/scenes.jsonl || $(GO) run . scenes --count 196608 --size 64 --shards 16384 --no-png --seed 20261124 --out $(ZOO)/data/train
	test -e $(ZOO)/data/eval/scenes.jsonl || $(GO) run . scenes --count 4096 --size 64 --shards 4096 --no-png --seed 7 --out $(ZOO)/data/eval
	$(PYTHON) zoo/train/train.py --data $(ZOO)/data --work $(ZOO)/cells --recipe cells --samples 200000 --seeds $(SEEDS) --workers $(CORES)
	$(PYTHON) zoo/train/train.py --data $(ZOO)/data --work $(ZOO)/ladder --recipe ladder --samples 50000 --families cnn --seeds 3 --workers $(CORES)
	$(PYTHON) zoo/train/export.py --data $(ZOO)/data --work $(ZOO)/cells --untrained $(SEEDS) --out $(ZOO)/models --table $(ZOO)/results/cells.csv
	$(PYTHON) zoo/train/matched.py --data $(ZOO)/data --work $(ZOO)/cells --out $(ZOO)/models --table $(ZOO)/results/matched.csv
	$(PYTHON) zoo/train/export.py --data $(ZOO)/data --work $(ZOO)/ladder --out $(ZOO)/models --table $(ZOO)/results/ladder.csv

clean:
	rm -rf $(RUN)
