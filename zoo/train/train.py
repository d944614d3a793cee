"""Train the micro zoo: every family x arm x seed of a recipe, resumable, one process a core.

    probity scenes --count 196608 --size 64 --shards 16384 --seed 20261124 --out DATA/train
    probity scenes --count 4096 --size 64 --shards 4096 --seed 7 --out DATA/eval
    python train.py --data DATA --work WORK --recipe cells --workers 2

A job's folder under --work is named by what it depends on. It holds checkpoint.pt while training, log.jsonl with the
curve, snapshot-STEP.pt at the shares of training in SNAPSHOTS, and model.pt with card.json when done; a job that is done
is passed over, one that was interrupted goes on from its checkpoint.
"""

import argparse
import hashlib
import json
import math
import multiprocessing
import os
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F

from data import CONTEXT, HEADS, VOCABULARY, Batches, Scenes
from evaluate import evaluate
from models import CLIP, Classifier, count, tower

VERSION = 1
BATCH = 128
ARMS = ("class", "attributes", "clip-full", "clip-class")
SNAPSHOTS = (0.04, 0.06, 0.09, 0.13, 0.2, 0.3, 0.45, 0.67)  # of the steps: cells are also compared where they are equally accurate


def job(family, arm, seed, samples, lr, pairs=0, mismatch=0.0, quality=None):
    return dict(version=VERSION, family=family, arm=arm, seed=seed, samples=samples, lr=lr, pairs=pairs, mismatch=mismatch, quality=quality)


def name(j):
    text = f"{j['family']}-{j['arm']}"
    if j["quality"]:  # a rung of the ladder: what the captions tell, and how many pairs there are (0: all of them)
        text = f"{j['family']}-ladder-{j['quality']}-{j['pairs'] or 'fresh'}"
    if j["mismatch"]:
        text += f"-mismatch{round(100 * j['mismatch'])}"
    return f"{text}-s{j['seed']}-{hashlib.sha256(json.dumps(j, sort_keys=True).encode()).hexdigest()[:8]}"


def build(j):
    torch.manual_seed(1000 + j["seed"])
    t = tower(j["family"])
    if j["arm"].startswith("clip"):
        return CLIP(t, len(VOCABULARY), CONTEXT)
    return Classifier(t, {"shape": 10} if j["arm"] == "class" else HEADS)


def label_loss(out, targets):
    loss = 0
    for k, logits in out.items():
        y = torch.from_numpy(targets[k])
        if k == "small":
            # Summed over the 400 combinations, of which one or two are there: about as much as two other facts at first.
            loss = loss + F.binary_cross_entropy_with_logits(logits.float(), y, reduction="sum") / len(y) / 2
        else:
            loss = loss + F.cross_entropy(logits.float(), y)
    return loss


def clip_loss(model, image, text, ids):
    """Symmetric cross-entropy; captions with the same words share the target, since neither is wrong."""
    same = (ids[:, None, :] == ids[None, :, :]).all(-1).float()
    target = same / same.sum(1, keepdim=True)
    logits = model.scale.exp().clamp(max=100) * image @ text.T
    return -((target * logits.log_softmax(1)).sum(1).mean() + (target * logits.T.log_softmax(1)).sum(1).mean()) / 2


def schedule(step, steps):
    """Linear warm-up over the first 8 %, then a cosine to 2 %."""
    warm = max(1, round(0.08 * steps))
    if step < warm:
        return (step + 1) / warm
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def captions(scenes, j, index, wrong):
    quality = j["quality"] or ("class" if j["arm"] == "clip-class" else "full")
    ids = scenes.ids[quality][index]
    if j["mismatch"]:
        # A fixed share of the pairs has another scene's caption, the same one every time it is seen.
        ids = np.where(wrong[index, None] >= 0, scenes.ids[quality][np.maximum(wrong[index], 0)], ids)
    return torch.from_numpy(ids.astype(np.int64))


def train(j, data, work, scenes=None):
    folder = work / name(j)
    if (folder / "card.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    scenes = scenes or Scenes(data / "train")
    rng = np.random.default_rng([j["seed"], 7])
    subset = rng.permutation(scenes.n)[: j["pairs"]] if j["pairs"] else None
    wrong = np.full(scenes.n, -1)
    if j["mismatch"]:
        pool = subset if subset is not None else np.arange(scenes.n)
        bad = rng.permutation(pool)[: round(j["mismatch"] * len(pool))]
        wrong[bad] = np.roll(rng.permutation(bad), 1)
    model = build(j)
    if j["family"] == "cnn":
        model = model.to(memory_format=torch.channels_last)
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    opt = torch.optim.AdamW([{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}], lr=j["lr"], betas=(0.9, 0.98))
    steps, batches, done, seconds = j["samples"] // BATCH, Batches(scenes, BATCH, j["seed"], subset), 0, 0.0
    checkpoint, snapshots = folder / "checkpoint.pt", {round(share * steps) for share in SNAPSHOTS}
    if checkpoint.exists():
        c = torch.load(checkpoint, weights_only=False)
        model.load_state_dict(c["model"])
        opt.load_state_dict(c["opt"])
        done, seconds = c["step"], c["seconds"]
        for _ in range(done):
            batches.next()
    started, running = time.time(), None
    with open(folder / "log.jsonl", "a") as log:
        for step in range(done, steps):
            for g in opt.param_groups:
                g["lr"] = j["lr"] * schedule(step, steps)
            index = batches.next()
            x = torch.from_numpy(scenes.images(index))
            if j["family"] == "cnn":
                x = x.contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                if j["arm"].startswith("clip"):
                    ids = captions(scenes, j, index, wrong)
                    loss = clip_loss(model, model.image(x), model.text(ids), ids)
                else:
                    loss = label_loss(model(x), scenes.targets(index))
            opt.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            running = loss.item() if running is None else 0.95 * running + 0.05 * loss.item()
            if (step + 1) % 50 == 0 or step + 1 == steps:
                spent = seconds + time.time() - started
                log.write(json.dumps({"step": step + 1, "samples": (step + 1) * BATCH, "loss": round(running, 5), "seconds": round(spent, 1)}) + "\n")
                log.flush()
            if step + 1 in snapshots:
                torch.save(model.state_dict(), folder / f"snapshot-{step + 1}.pt")
            if (step + 1) % 100 == 0:
                torch.save({"model": model.state_dict(), "opt": opt.state_dict(), "step": step + 1, "seconds": seconds + time.time() - started}, str(checkpoint) + ".tmp")
                os.replace(str(checkpoint) + ".tmp", checkpoint)
    model.eval()
    torch.save(model.state_dict(), folder / "model.pt")
    card = {"job": j, "name": name(j), "torch": torch.__version__, "parameters": {"image": count(model.tower), "all": count(model)},
            "batch": BATCH, "loss": running, "seconds": round(seconds + time.time() - started, 1), "measured": evaluate(model, j, data)}
    (folder / "card.json.tmp").write_text(json.dumps(card, indent=1))
    os.replace(folder / "card.json.tmp", folder / "card.json")
    checkpoint.unlink(missing_ok=True)


def recipe(which, samples, rates, families, seeds):
    """The jobs of a recipe, most wanted first."""
    if which == "sweep":  # the same effort for every cell: three rates, short, a seed of its own
        return [job(f, a, 90, samples, lr) for lr in (5e-4, 1e-3, 2e-3) for f in families for a in ARMS]
    if which == "cells":
        return [job(f, a, s, samples, rates[f"{f}/{a}"]) for s in seeds for a in ARMS for f in families]
    if which == "ladder":  # the corners first, every seed of a rung before the next rung, so that stopping drops levels, not seeds
        f, rungs = families[0], []
        ends, between = (("full", 0.0), ("class", 0.0), ("full", 0.6)), (("partial", 0.0), ("full", 0.3))
        for some in ((64, 0, 1024), (4096, 256, 32768)):
            for contents in (ends, between):
                rungs += [(pairs, quality, mismatch) for pairs in some for quality, mismatch in contents]
        return [job(f, "clip-class" if quality == "class" else "clip-full", s, samples, rates[f"{f}/clip-full"], pairs=pairs, mismatch=mismatch, quality=quality)
                for pairs, quality, mismatch in rungs for s in seeds]
    raise SystemExit(f"there is no recipe {which}; there are sweep, cells, ladder")


def seeds(text):
    """The seeds of "5" (0 to 4) or of "3-4"."""
    first, _, last = text.rpartition("-")
    return range(int(first), int(last) + 1) if first else range(int(last))


def work_on(args):
    j, data, work = args
    train(j, data, work)
    return name(j)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", type=pathlib.Path, required=True)
    p.add_argument("--work", type=pathlib.Path, required=True)
    p.add_argument("--recipe", default="cells")
    p.add_argument("--samples", type=int, default=300_000)
    p.add_argument("--families", default="cnn,vit")
    p.add_argument("--seeds", type=seeds, default="5", help="how many, or first-last (default 5)")
    p.add_argument("--workers", type=int, default=2)
    a = p.parse_args()
    rates = json.loads((pathlib.Path(__file__).parent / "rates.json").read_text())
    jobs = recipe(a.recipe, a.samples, rates, a.families.split(","), a.seeds)
    a.work.mkdir(parents=True, exist_ok=True)
    for part in ("train", "eval"):
        Scenes(a.data / part)  # reads the labels once, before the workers do
    with multiprocessing.get_context("spawn").Pool(a.workers, maxtasksperchild=1) as pool:
        for n in pool.imap_unordered(work_on, [(j, a.data, a.work) for j in jobs], chunksize=1):
            print(time.strftime("%H:%M:%S"), n, flush=True)


if __name__ == "__main__":
    main()
