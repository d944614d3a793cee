"""Measure snapshots of training, and export of each two cells that differ in architecture the pair that is equally accurate.

    python matched.py --data DATA --work WORK/cells --out MODELS --table results/matched.csv

Of the two families of an arm and seed, the one whose linear probe of the shape ends more accurate is taken at the snapshot where
it is nearest to the other's end, and exported as micro-FAMILY-ARM-matched-sSEED; where that is its own end, nothing is exported.
Accuracy is that on 4,096 scenes that no model was trained on; since it rises with training, the snapshots are bisected. The table
has a row a state that was measured; its column "matched" names the exported model. What it has is not measured again.
"""

import argparse
import bisect
import csv
import json
import os
import pathlib

import onnx
import torch

from data import Scenes, vocabulary
from evaluate import VALUES, outputs, probe
from export import export, public_name
from train import build

SCENES = 4096
FIELDS = ["family", "arm", "seed", "step", "samples", "loss", "probe-shape", "probe-colour", "probe-texture", "matched", "sha256", "text-sha256"]


def measure(j, state, scenes):
    model = build(j)
    model.load_state_dict(torch.load(state))
    model.eval()
    e = outputs(model, scenes, SCENES)["embedding"]
    return {"probe-" + k: round(probe(e, scenes.labels[k][:SCENES], len(v)), 4) for k, v in VALUES.items()}


def snapshots(folder):
    """The states of a run by step, the end last."""
    found = {int(p.stem.split("-")[1]): p for p in folder.glob("snapshot-*.pt")}
    lines = {l["step"]: l for l in map(json.loads, open(folder / "log.jsonl"))}
    end = max(lines)
    loss = lambda step: lines[min(lines, key=lambda s: abs(s - step))]["loss"]
    return [(s, found[s], loss(s)) for s in sorted(found)] + [(end, folder / "model.pt", loss(end))]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--work", type=pathlib.Path, required=True, help="folder that train.py filled")
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--table", type=pathlib.Path, required=True)
    p.add_argument("--weights", choices=["int8", "fp16", "fp32"], default="int8")
    a = p.parse_args()
    torch.set_num_threads(1)
    a.out.mkdir(parents=True, exist_ok=True)
    (a.out / "micro-words.txt").write_text("\n".join(vocabulary()) + "\n")
    scenes, drawn = Scenes(a.data / "eval"), Scenes(a.data / "train")
    key = lambda r: (r["family"], r["arm"], int(r["seed"]), int(r["step"]))
    rows = {key(r): r for r in csv.DictReader(open(a.table))} if a.table.exists() else {}
    cells = {}

    def shape(entry):
        r, state, card, _ = entry
        if key(r) not in rows:
            rows[key(r)] = {**r, **(measure(card["job"], state, scenes) if state.name != "model.pt" else {k: card["measured"][k] for k in FIELDS[6:9]})}
            print(*[f"{k} {rows[key(r)][k]}" for k in FIELDS[:9]], flush=True)
            write(rows.values(), a.table)
        return float(rows[key(r)]["probe-shape"])

    for path in sorted(a.work.glob("*/card.json")):
        card = json.loads(path.read_text())
        j = card["job"]
        found = snapshots(path.parent)
        if len(found) < 2:
            continue
        for step, state, loss in found:
            r = {"family": j["family"], "arm": j["arm"], "seed": j["seed"], "step": step, "samples": step * card["batch"], "loss": loss, "matched": "", "sha256": "", "text-sha256": ""}
            cells.setdefault((j["arm"], j["seed"]), {}).setdefault(j["family"], []).append((r, state, card, path.parent))
    provenance = f"Made by zoo/train (torch {torch.__version__.split('+')[0]}, onnx {onnx.__version__}, {a.weights} weights)."
    for (arm, seed), families in sorted(cells.items()):
        if len(families) < 2:
            continue
        low, high = sorted(families.values(), key=lambda list: shape(list[-1]))
        end = shape(low[-1])
        after = bisect.bisect_left(high, end, key=shape)
        at = min(high[max(0, after - 1) : after + 1], key=lambda entry: abs(shape(entry) - end))
        if at is high[-1] or rows[key(at[0])]["matched"]:
            continue
        r, state, card, folder = at
        j = {**card["job"], "samples": r["samples"]}
        model = build(j)
        model.load_state_dict(torch.load(state))
        name = public_name({**j, "arm": arm + "-matched"})
        row = export(j, model, a.data, a.out, a.weights, provenance, card, folder / "log.jsonl", drawn, name)
        rows[key(r)].update({"matched": name, "sha256": row["sha256"], "text-sha256": row["text-sha256"]})
        write(rows.values(), a.table)


def write(rows, table):
    table.parent.mkdir(parents=True, exist_ok=True)
    with open(str(table) + ".tmp", "w", newline="") as f:
        w = csv.DictWriter(f, FIELDS, lineterminator="\n")
        w.writeheader()
        w.writerows(sorted(rows, key=lambda r: (r["arm"], int(r["seed"]), r["family"], int(r["step"]))))
    os.replace(str(table) + ".tmp", table)


if __name__ == "__main__":
    main()
