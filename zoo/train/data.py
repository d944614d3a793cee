"""Scenes as `probity scenes` writes them, and batches that a contrastive model cannot solve by colour alone."""

import json
import pathlib

import numpy as np

SHAPES = ["circle", "square", "triangle", "star", "cross", "heart", "crescent", "ring", "arrow", "bolt"]
COLOURS = ["red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "white"]
TEXTURES = ["solid", "striped", "dotted", "checked"]
GROUNDS = ["grey", "beige", "slate"]
PLACES = ["at the upper left", "at the top", "at the upper right", "on the left", "in the centre", "on the right",
          "at the lower left", "at the bottom", "at the lower right"]
CONTEXT = 56

# The facts of a full caption as labels: one of n for the main object and the ground, and for each combination of
# shape, colour and texture whether a small object has it.
HEADS = {"shape": 10, "colour": 10, "texture": 4, "place": 9, "count": 4, "ground-colour": 3, "ground-texture": 4, "small": 400}


def words(caption):
    return caption.replace(",", "").split()


def vocabulary():
    """Every word that a caption can hold, in a fixed order; 0 is padding, 1 an unknown word."""
    fixed = ["<pad>", "<unknown>", "a", "an", "and", "on", "at", "in", "the", "large", "small", "ground", "upper", "lower",
             "left", "right", "top", "bottom", "centre"]
    return fixed + SHAPES + COLOURS + TEXTURES + GROUNDS


VOCABULARY = {w: i for i, w in enumerate(vocabulary())}


def encode(captions):
    out = np.zeros((len(captions), CONTEXT), np.int64)
    for i, c in enumerate(captions):
        ids = [VOCABULARY.get(w, 1) for w in words(c)]
        if len(ids) > CONTEXT:
            raise ValueError(f"a caption of {len(ids)} words is longer than the context of {CONTEXT}: {c}")
        out[i, : len(ids)] = ids
    return out


class Scenes:
    """The scenes of one folder. Pictures stay on disk; labels and word ids are held in memory."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.shards = [np.load(p, mmap_mode="r") for p in sorted(folder.glob("images-*.npy"))]
        self.per_shard = len(self.shards[0])
        cache = folder / "labels.npz"
        if not cache.exists():
            self.read(folder / "scenes.jsonl", cache)
        z = np.load(cache)
        self.labels = {k: z[k] for k in HEADS if k != "small"}
        self.small, self.ids = z["small"], {q: z["ids-" + q] for q in ("full", "partial", "class")}
        self.n = len(self.ids["full"])

    @staticmethod
    def read(path, cache):
        records = [json.loads(line) for line in open(path)]
        a = [r["attributes"] for r in records]
        out = {"shape": [SHAPES.index(x["shape"]) for x in a], "colour": [COLOURS.index(x["colour"]) for x in a],
               "texture": [TEXTURES.index(x["texture"]) for x in a], "place": [PLACES.index(x["place"]) for x in a],
               "count": [int(x["count"]) - 1 for x in a], "ground-colour": [GROUNDS.index(x["ground-colour"]) for x in a],
               "ground-texture": [TEXTURES.index(x["ground-texture"]) for x in a]}
        small = np.full((len(a), 3), -1, np.int64)
        for i, x in enumerate(a):
            for k in range(int(x["count"]) - 1):
                s = str(k + 2)
                small[i, k] = (SHAPES.index(x["shape-" + s]) * 10 + COLOURS.index(x["colour-" + s])) * 4 + TEXTURES.index(x["texture-" + s])
        out = {k: np.array(v) for k, v in out.items()}
        for q in ("full", "partial", "class"):
            out["ids-" + q] = encode([r["captions"][q] for r in records]).astype(np.int16)
        np.savez(cache, small=small, **out)

    def images(self, index):
        """[N, 3, S, S] float32 in -1..1."""
        x = np.stack([self.shards[i // self.per_shard][i % self.per_shard] for i in index])
        return np.ascontiguousarray(x.transpose(0, 3, 1, 2), np.float32) / 127.5 - 1

    def targets(self, index):
        out = {k: v[index] for k, v in self.labels.items()}
        bag = np.zeros((len(index), 400), np.float32)
        for r, i in enumerate(index):
            for s in self.small[i]:
                if s >= 0:
                    bag[r, s] = 1
        out["small"] = bag
        return out


class Batches:
    """An endless, seeded order of batches, the same for every arm and family of a seed.

    One batch in three is drawn at random. One in three holds scenes of a single object that share ground and colour, and
    differ in shape, texture and place only; one in three scenes with the same main colour, ground and number of objects.
    Without these a contrastive model tells the scenes of a batch apart by ground and colours, and shape and texture get no
    gradient (measured: retrieval .99 with shape at chance)."""

    def __init__(self, scenes, size, seed, subset=None):
        self.rng, self.size = np.random.default_rng([seed, 3]), size
        self.all = np.arange(scenes.n) if subset is None else subset
        lab = scenes.labels
        single, several = {}, {}
        for i in self.all:
            key = (lab["ground-colour"][i], lab["colour"][i])
            if lab["count"][i] == 0:
                single.setdefault(key, []).append(i)
            else:
                several.setdefault(key + (lab["count"][i],), []).append(i)
        self.groups = [[np.array(g) for _, g in sorted(d.items())] for d in (single, several)]
        self.step = 0

    def next(self):
        kind = self.step % 3
        self.step += 1
        if kind == 0 or not self.groups[kind - 1]:
            return self.rng.choice(self.all, self.size)
        groups = self.groups[kind - 1]
        weights = np.array([len(g) for g in groups], float)
        # Two groups a batch: what differs between them is still seen.
        pick = self.rng.choice(len(groups), 2, p=weights / weights.sum())
        half = self.size // 2
        return np.concatenate([self.rng.choice(groups[p], half) for p in pick])
