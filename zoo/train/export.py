"""Export trained models for probity: ONNX files, manifests, and what each of them learned, measured on the files themselves.

    python export.py --data DATA --work WORK/cells --out MODELS --table results/cells.csv

Each model becomes NAME.onnx with its manifest NAME.toml, a contrastive one also NAME-text.onnx. Inputs, outputs and
arithmetic are single precision. Matrices are stored in 8 bits with one scale a channel (about 1 % of a weight's size, see
the table's column "rounding"), so that three seeds of every cell fit into the program; --weights fp16 or fp32 stores more.
Before anything is written, the graph with single-precision weights must agree with torch to 1e-4 on 100 scenes. A model whose
row in the table has the hashes of its files, in --out or among the bundled ones, is passed over, so that the same command goes on
where it stopped; what such a row lacks is measured on the files. --again measures everything anew.
"""

import argparse
import csv
import hashlib
import json
import os
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from data import CONTEXT, VOCABULARY, Batches, Scenes, vocabulary
from evaluate import evaluate
from models import CLIP, count, tower
from train import build

LABELS = {"class": "class", "attributes": "all", "clip-full": "all", "clip-class": "class", "untrained": "none"}
BUNDLED = pathlib.Path(__file__).resolve().parent.parent / "bundled" / "models"
MEASURES = ["class"] + [f"{m}-{k}" for m in ("probe", "zero-shot", "controlled") for k in ("shape", "colour", "texture")]
FIELDS = ["name", "family", "arm", "quality", "pairs", "mismatch", "samples", "seed", "lr", "batch", "parameters", "loss", "falling", "seconds",
          "scenes"] + MEASURES + ["rounding", "mark", "sha256", "text-sha256", "distinct"]


def public_name(j):
    if j["arm"] == "untrained":
        return f"micro-{j['family']}-untrained-s{j['seed']}"
    middle = j["arm"]
    if j["quality"]:
        middle = f"ladder-{j['quality']}-{j['pairs'] or 'fresh'}"
    if j["mismatch"]:
        middle += f"-mismatch{round(100 * j['mismatch'])}"
    return f"micro-{j['family']}-{middle}-s{j['seed']}"


class Look(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return tuple(self.model.outputs(x).values())


def to_onnx(module, example, path, inputs, outputs):
    with torch.no_grad():
        torch.onnx.export(module, (example,), str(path), input_names=inputs, output_names=outputs, opset_version=17, do_constant_folding=True,
                          dynamic_axes={k: {0: "batch"} for k in inputs + outputs}, dynamo=False)
    model = onnx.load(str(path))
    onnx.checker.check_model(model)
    return model


def rounded(w):
    """A matrix in 8 bits with one scale along the axis that loses least, and that axis's scales."""
    best = None
    for axis in {0, w.ndim - 1}:
        others = tuple(i for i in range(w.ndim) if i != axis)
        scale = np.maximum(np.abs(w).max(others, keepdims=True), 1e-12).astype(np.float32) / np.float32(127)
        q = np.rint(w / scale).astype(np.int8)
        loss = float(((q * scale - w) ** 2).sum())
        if best is None or loss < best[0]:
            best = (loss, q, scale)
    return best[1], best[2]


def store(model, weights):
    """Replaces the large weights by smaller ones and the arithmetic that restores them, which the runtime does once, when it loads the file."""
    graph, keep, nodes = model.graph, [], []
    for t in graph.initializer:
        w = numpy_helper.to_array(t)
        if weights == "fp32" or t.data_type != TensorProto.FLOAT or w.size < 512:
            keep.append(t)
        elif weights == "fp16" or w.ndim < 2:
            keep.append(numpy_helper.from_array(w.astype(np.float16), t.name + ".f16"))
            nodes.append(helper.make_node("Cast", [t.name + ".f16"], [t.name], to=TensorProto.FLOAT))
        else:
            q, scale = rounded(w)
            keep += [numpy_helper.from_array(q, t.name + ".q"), numpy_helper.from_array(scale, t.name + ".scale")]
            nodes += [helper.make_node("Cast", [t.name + ".q"], [t.name + ".w"], to=TensorProto.FLOAT),
                      helper.make_node("Mul", [t.name + ".w", t.name + ".scale"], [t.name])]
    rest = list(graph.node)
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes + rest)
    graph.initializer.extend(keep)
    for n in graph.node:
        n.doc_string = ""
    onnx.checker.check_model(model)
    return model


class Session:
    def __init__(self, data):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.s = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])

    def __call__(self, x):
        names = [o.name for o in self.s.get_outputs()]
        return dict(zip(names, map(torch.from_numpy, self.s.run(names, {self.s.get_inputs()[0].name: x.numpy()}))))


class Exported:
    """The exported files with the interface that evaluate wants."""

    def __init__(self, image, text):
        self.image_session, self.text_session = Session(image), text and Session(text)

    def outputs(self, x):
        return self.image_session(x)

    def text(self, ids):
        return self.text_session(ids)["embedding"]


def relative(a, b):
    return float((a - b).norm() / b.norm())


def falling(log):
    """By how much the loss fell over the last tenth of training, as a share of what it was: how far from done it is."""
    lines = [json.loads(line) for line in open(log)]
    end = lines[-1]["samples"]
    before = [l["loss"] for l in lines if 0.85 * end <= l["samples"] <= 0.92 * end]
    return 1 - lines[-1]["loss"] / np.mean(before) if before else float("nan")


def distinct(j, scenes, batch):
    """How many different scenes a training saw: fewer than it drew from where it was too short to meet them all."""
    subset = np.random.default_rng([j["seed"], 7]).permutation(scenes.n)[: j["pairs"]] if j["pairs"] else None
    batches, seen = Batches(scenes, batch, j["seed"], subset), np.zeros(scenes.n, bool)
    for _ in range(j["samples"] // batch):
        seen[batches.next()] = True
    return int(seen.sum())


def mark(j, measured):
    """What a user must know: a model that has not learned what it was shown is never used in silence."""
    arm = j["arm"]
    if arm == "untrained" or j["pairs"] or j["mismatch"] or j["quality"]:
        return ""  # a rung of the ladder is what it is
    key = {"class": "class", "attributes": "class", "clip-full": "controlled-shape", "clip-class": "zero-shot-shape"}[arm]
    if measured[key] < 0.9:
        return f"under-trained: {key} {measured[key]:.2f} after {j['samples']:,} samples, wants .9; its differences from other cells may be a matter of time"
    return ""


def toml(v):
    return json.dumps(v, ensure_ascii=False) if isinstance(v, (str, list)) else repr(v)


def manifest(j, name, out, outputs, clip, measured, note, scale, provenance):
    digest = lambda f: hashlib.sha256((out / f).read_bytes()).hexdigest()
    told = {"class": "the main object's shape", "attributes": "every fact of the full caption", "clip-full": "full captions", "clip-class": "captions of the class alone"}
    if j["arm"] == "untrained":
        doc, training, data = f"micro {j['family'].upper()}, not trained: the seed's initial weights", "none", ""
    else:
        what = f"{j['quality']} captions" if j["quality"] else told[j["arm"]]
        training = {"class": "classes", "attributes": "attributes"}.get(j["arm"], "contrastive")
        doc = f"micro {j['family'].upper()} trained on {what}"
        data = f"rendered scenes, {j['samples']:,} samples seen" + (f" of {j['pairs']:,} pairs" if j["pairs"] else "")
        if j["mismatch"]:
            data += f", {j['mismatch']:.0%} of them with another scene's caption"
    labels = {"full": "all", None: LABELS[j["arm"]]}.get(j["quality"], j["quality"])
    shown = [f"{k} {v:.3f}" for k, v in measured.items() if v is not None]
    lines = [f"# {provenance}", "# Measured on 4,096 scenes that no model was trained on:", "#   " + ", ".join(shown), ""]
    put = lambda k, v: lines.append(f"{k} = {toml(v)}")
    put("name", name), put("doc", doc), put("family", j["family"])
    put("training", training), put("data", data), put("labels", labels), put("seed", j["seed"])
    if note:
        put("mark", note)
    put("licence", "BSD-3-Clause"), put("source", "zoo/train")
    if j["arm"] != "untrained":
        put("twin", f"micro-{j['family']}-untrained-s{j['seed']}")
    put("file", name + ".onnx"), put("sha256", digest(name + ".onnx")), put("size", (out / (name + ".onnx")).stat().st_size)
    lines += ["", "[input]", 'name = "pixels"', "", "[preprocess]", 'filter = "lanczos"', 'fit = "squash"', "size = [64, 64]", "scale = 0.00392156862745098",
              "mean = [0.5, 0.5, 0.5]", "std = [0.5, 0.5, 0.5]"]
    docs = {"stage1": "32 channels, 32 x 32", "stage2": "64 channels, 16 x 16", "stage3": "160 channels, 8 x 8; its mean is the embedding",
            "block2": "8 x 8 tokens of width 128 half way", "tokens": "8 x 8 tokens of width 128; their mean is the embedding", "embedding": "mean over the 8 x 8 places",
            "logits": "of the main object's shape: circle, square, triangle, star, cross, heart, crescent, ring, arrow, bolt",
            "joint": "in the space shared with words, not normalised"}
    layout = {"block2": "tokens", "tokens": "tokens", "embedding": "pooled", "logits": "logits", "joint": "joint"}
    for o in outputs:
        lines += ["", "[[output]]", f'name = "{o}"', f'layout = "{layout.get(o, "map")}"', f"doc = {toml(docs[o])}"]
    if clip:
        f = name + "-text.onnx"
        lines += ["", "[text]", f'file = "{f}"', f'sha256 = "{digest(f)}"', f"size = {(out / f).stat().st_size}", 'input = "ids"', 'tensor = "embedding"',
                  'tokenizer = "words"', 'vocab = "micro-words.txt"', f"context = {CONTEXT}", "pad_id = 0", f"logit_scale = {scale:.4f}"]
    (out / (name + ".toml")).write_text("\n".join(lines) + "\n")


def export(j, model, data, out, weights, provenance, card, log, drawn=None, name=None):
    model.eval()
    name, clip = name or public_name(j), isinstance(model, CLIP)
    scenes = Scenes(data / "eval")
    x = torch.from_numpy(scenes.images(np.arange(100)))
    with torch.no_grad():
        truth = {k: v.float() for k, v in model.outputs(x).items()}
    outputs = list(truth)
    graph = to_onnx(Look(model), x[:2], out / (name + ".onnx"), ["pixels"], outputs)
    got = Session(graph.SerializeToString())(x)
    parity = max(relative(got[k], truth[k]) for k in outputs)
    text = None
    if clip:
        ids = torch.from_numpy(scenes.ids["full"][:100].astype(np.int64))
        words = to_onnx(model.text, ids[:2], out / (name + "-text.onnx"), ["ids"], ["embedding"])
        with torch.no_grad():
            said = model.text(ids)
        parity = max(parity, relative(Session(words.SerializeToString())(ids)["embedding"], said))
        text = store(words, weights).SerializeToString()
        (out / (name + "-text.onnx")).write_bytes(text)
    if parity > 1e-4:
        raise SystemExit(f"{name}: ONNX Runtime and torch differ by {parity:.1e} on 100 scenes, wants 1e-4")
    image = store(graph, weights).SerializeToString()
    (out / (name + ".onnx")).write_bytes(image)
    exported = Exported(image, text)
    rounding = relative(exported.outputs(x)["embedding"], truth["embedding"])
    measured = evaluate(exported, j, data)
    note = mark(j, measured)
    manifest(j, name, out, outputs, clip, measured, note, float(model.scale.exp()) if clip else 0, provenance)
    digest = lambda b: hashlib.sha256(b).hexdigest() if b else ""
    print(f"{name}: parity {parity:.1e}, rounding {rounding:.1e}, {len(image) + len(text or b''):,} bytes" + (f"  {note}" if note else ""), flush=True)
    return {"name": name, "family": j["family"], "arm": j["arm"], "quality": j["quality"] or LABELS[j["arm"]], "pairs": j["pairs"] or "fresh", "mismatch": j["mismatch"],
            "samples": j["samples"], "seed": j["seed"], "lr": j["lr"], "batch": card.get("batch", ""), "parameters": count(model.tower), "loss": round(card["loss"], 5) if card else "",
            "falling": round(falling(log), 3) if log else "", "seconds": card.get("seconds", ""), "scenes": 4096,
            **{k: "" if measured.get(k) is None else measured[k] for k in MEASURES}, "rounding": f"{rounding:.2e}", "mark": note,
            "sha256": digest(image), "text-sha256": digest(text), "distinct": distinct(j, drawn, card["batch"]) if card else ""}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--work", type=pathlib.Path, required=True, help="folder that train.py filled")
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--table", type=pathlib.Path, required=True)
    p.add_argument("--weights", choices=["int8", "fp16", "fp32"], default="int8")
    p.add_argument("--again", action="store_true", help="measure models again that the table has already")
    p.add_argument("--untrained", type=int, default=0, help="how many seeds of untrained twins")
    a = p.parse_args()
    torch.set_num_threads(1)
    a.out.mkdir(parents=True, exist_ok=True)
    (a.out / "micro-words.txt").write_text("\n".join(vocabulary()) + "\n")
    provenance = f"Made by zoo/train (torch {torch.__version__.split('+')[0]}, onnx {onnx.__version__}, {a.weights} weights)."
    drawn = Scenes(a.data / "train")
    known = {} if a.again else {n: completed(r, f, a.data, drawn) for n, (r, f) in kept(a.table, [a.out, BUNDLED]).items()}
    rows = list(known.values())
    for seed in range(a.untrained):
        for family in ("cnn", "vit"):
            j = dict(family=family, arm="untrained", seed=seed, samples=0, lr=0, pairs=0, mismatch=0.0, quality=None)
            if public_name(j) in known:
                continue
            torch.manual_seed(1000 + seed)
            model = CLIP(tower(family), len(VOCABULARY), CONTEXT)
            rows.append(export(j, model, a.data, a.out, a.weights, provenance, {}, None))
    for card in sorted(a.work.glob("*/card.json")):
        c = json.loads(card.read_text())
        j = c["job"]
        if public_name(j) in known:
            continue
        model = build(j)
        model.load_state_dict(torch.load(card.parent / "model.pt"))
        rows.append(export(j, model, a.data, a.out, a.weights, provenance, c, card.parent / "log.jsonl", drawn))
        write(rows, a.table)
    write(rows, a.table)


def kept(table, folders):
    """The rows of an earlier table whose files are still those that it was measured on, by name, and the folder with them."""
    digest = lambda f: hashlib.sha256(f.read_bytes()).hexdigest() if f.exists() else ""
    out = {}
    for r in csv.DictReader(open(table)) if table.exists() else []:
        for f in folders:
            if r["sha256"] == digest(f / (r["name"] + ".onnx")) and r["text-sha256"] == digest(f / (r["name"] + "-text.onnx")):
                out.setdefault(r["name"], (r, f))
    return out


def completed(r, folder, data, drawn):
    """A row of an earlier table with what it lacks, measured on its files."""
    j = dict(arm=r["arm"], seed=int(r["seed"]), samples=int(r["samples"]), pairs=0 if r["pairs"] == "fresh" else int(r["pairs"]), mismatch=float(r["mismatch"]),
             quality=r["quality"] if "-ladder-" in r["name"] else None)
    if r["arm"].startswith("clip") and not r["controlled-shape"]:
        words = folder / (r["name"] + "-text.onnx")
        measured = evaluate(Exported((folder / (r["name"] + ".onnx")).read_bytes(), words.read_bytes()), j, data)
        r.update({k: v for k, v in measured.items() if r[k] == "" and v is not None})
        print(r["name"], "measured", flush=True)
    if r["arm"] != "untrained" and not r.get("distinct"):
        r["distinct"] = distinct(j, drawn, int(r["batch"]))
    return {k: r.get(k, "") for k in FIELDS}


def write(rows, table):
    rows = sorted(rows, key=lambda r: (r["arm"] == "untrained", r["family"], r["arm"], r["quality"], str(r["pairs"]), float(r["mismatch"]), int(r["seed"])))
    table.parent.mkdir(parents=True, exist_ok=True)
    with open(str(table) + ".tmp", "w", newline="") as f:
        w = csv.DictWriter(f, FIELDS, lineterminator="\n")
        w.writeheader()
        w.writerows(rows)
    os.replace(str(table) + ".tmp", table)


if __name__ == "__main__":
    main()
