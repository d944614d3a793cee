"""What a micro model learned, measured on scenes that no model was trained on.

class         accuracy of the main object's shape by the model's own head (class and attribute arms)
probe-*       accuracy of a linear probe (ridge regression to one-hot targets) of the main object's shape, colour and
              texture on the pooled image embedding; fitted on the first half, judged on the second
zero-shot-*   accuracy by words alone, mean text embedding of three prompts (contrastive arms; 'not applicable' where the
              captions it was trained on never held such words)
controlled-*  share of scenes whose own caption scores above the same caption with one attribute of the main object
              replaced, mean over the replacements: 1 / 2 is chance. The caption is of the quality that the model was trained
              on: full, partial (colour and shape) or class (shape), so that rungs of different content compare on shape
"""

import numpy as np
import torch

from data import COLOURS, CONTEXT, GROUNDS, PLACES, SHAPES, TEXTURES, VOCABULARY, Scenes, encode

VALUES = {"shape": SHAPES, "colour": COLOURS, "texture": TEXTURES}
PROMPTS = {"shape": ["a {}", "a large {}", "a large {} in the centre"], "colour": ["a {}", "a large {}", "a large {} ground"],
           "texture": ["a {}", "a large {}", "a large {} ground"]}


def outputs(model, scenes, n):
    """The pooled outputs of scenes 0 to n - 1: embedding, and logits or joint."""
    out = {}
    with torch.no_grad():
        for i in range(0, n, 256):
            x = torch.from_numpy(scenes.images(np.arange(i, min(n, i + 256))))
            for k, v in model.outputs(x).items():
                if k in ("embedding", "logits", "joint"):
                    out.setdefault(k, []).append(v.float())
    return {k: torch.cat(v) for k, v in out.items()}


def probe(e, y, classes):
    half = len(e) // 2
    mean, std = e[:half].mean(0), e[:half].std(0) + 1e-6
    x = torch.cat([(e - mean) / std, torch.ones(len(e), 1)], 1).double()
    t = torch.nn.functional.one_hot(torch.from_numpy(y), classes).double()
    a = x[:half].T @ x[:half] + 1.0 * torch.eye(x.shape[1], dtype=torch.double)
    w = torch.linalg.solve(a, x[:half].T @ t[:half])
    return (x[half:] @ w).argmax(1).eq(torch.from_numpy(y)[half:]).double().mean().item()


def text(model, captions):
    with torch.no_grad():
        return model.text(torch.from_numpy(encode(captions)))


# Where the attributes of the main object stand in a caption of each quality: "a large COLOUR TEXTURE SHAPE ...",
# "a COLOUR SHAPE", "a SHAPE".
PLACE_OF = {"full": {"colour": 2, "texture": 3, "shape": 4}, "partial": {"colour": 1, "shape": 2}, "class": {"shape": 1}}


def captions_of(scenes, n, quality="full"):
    back = {i: w for w, i in VOCABULARY.items()}
    return [" ".join(back[int(t)] for t in row if t > 0) for row in scenes.ids[quality][:n]]


def replaced(caption, at, value):
    """The caption with another word at a place, and the article that the word after it asks for."""
    w = caption.split()
    w[at] = value
    w[0] = "an" if w[1][0] in "aeiou" else "a"
    return " ".join(w)


def evaluate(model, j, data, n=4096, retrieval=512):
    """model has outputs(pictures) and, where it was trained on captions, text(ids); it may be torch's or an exported one."""
    scenes = Scenes(data / "eval")
    n = min(n, scenes.n)
    looked = outputs(model, scenes, n)
    e, out = looked["embedding"], {}
    for k, v in VALUES.items():
        out["probe-" + k] = probe(e, scenes.labels[k][:n], len(v))
    if not j["arm"].startswith("clip"):
        if j["arm"] != "untrained":
            out["class"] = looked["logits"].argmax(1).numpy().__eq__(scenes.labels["shape"][:n]).mean().item()
        return {k: round(v, 4) for k, v in out.items()}
    image = torch.nn.functional.normalize(looked["joint"], dim=-1)
    quality = j["quality"] or ("class" if j["arm"] == "clip-class" else "full")
    for k in VALUES:
        if k not in PLACE_OF[quality]:
            out["zero-shot-" + k] = out["controlled-" + k] = None
            continue
        t = torch.stack([torch.nn.functional.normalize(text(model, [p.format(v) for p in PROMPTS[k]]).mean(0), dim=-1) for v in VALUES[k]])
        out["zero-shot-" + k] = (image @ t.T).argmax(1).numpy().__eq__(scenes.labels[k][:n]).mean().item()
    own_words = captions_of(scenes, retrieval, quality)
    own = (image[:retrieval] * text(model, own_words)).sum(1)
    for k, at in PLACE_OF[quality].items():
        wins = []
        for v in VALUES[k]:
            s = (image[:retrieval] * text(model, [replaced(c, at, v) for c in own_words])).sum(1)
            ok = torch.tensor([c.split()[at] != v for c in own_words])
            won = (own > s).double() + 0.5 * (own == s).double()
            wins.append(torch.where(ok, won, torch.nan))
        out["controlled-" + k] = torch.stack(wins).nanmean().item()
    return {k: None if v is None else round(v, 4) for k, v in out.items()}
