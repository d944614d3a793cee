"""Make testdata/zoo-bundled/features.json: what the bundled models say of two pictures and some texts.

    python testdata/zoo-bundled/goldens.py

Oracle: Pillow (resizing) and ONNX Runtime's Python package, on the files in zoo/bundled/models; zoo/train/export.py has
compared the same graphs with torch. Every output of every model is kept as its length and eight of its values.
"""

import importlib.metadata
import json
import pathlib
import re

import numpy as np
import onnxruntime
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
MODELS = HERE.parent.parent / "zoo" / "bundled" / "models"
PICTURES = ["wide.png", "tall.png"]
TEXTS = ["a large red striped star in the centre on a grey solid ground", "a circle", "a small green dotted ring, an unheard word", ""]


def sample(a):
    a = np.asarray(a, np.float64).ravel()
    at = np.linspace(0, a.size - 1, 8).round().astype(int)
    return {"size": a.size, "norm": float(np.sqrt((a * a).sum())), "at": at.tolist(), "values": [float(v) for v in a[at]]}


def session(path):
    o = onnxruntime.SessionOptions()
    o.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), o, providers=["CPUExecutionProvider"])


def encode(text, vocabulary, context):
    ids = [vocabulary.get(w, 1) for w in text.replace(",", "").split()]
    return ids + [0] * (context - len(ids))


def main():
    vocabulary = {w: i for i, w in enumerate((MODELS / "micro-words.txt").read_text().split())}
    x = []
    for p in PICTURES:
        img = Image.open(HERE.parent / "zoo" / p).convert("RGB").resize((64, 64), Image.LANCZOS)
        x.append(((np.asarray(img, np.float64) / 255 - 0.5) / 0.5).astype(np.float32).transpose(2, 0, 1))
    x = np.stack(x)
    out = {"oracle": ", ".join(f"{n} {importlib.metadata.version(n)}" for n in ("onnxruntime", "pillow", "numpy")), "pictures": PICTURES, "texts": TEXTS, "models": {}}
    for manifest in sorted(MODELS.glob("*.toml")):
        s = session(manifest.with_suffix(".onnx"))
        names = [o.name for o in s.get_outputs()]
        got = dict(zip(names, s.run(names, {"pixels": x})))
        record = {k: [sample(v[i]) for i in range(len(PICTURES))] for k, v in got.items()}
        text = manifest.with_name(manifest.stem + "-text.onnx")
        if text.exists():
            context = int(re.search(r"context = (\d+)", manifest.read_text()).group(1))
            ids = np.array([encode(t, vocabulary, context) for t in TEXTS], np.int64)
            record["text"] = [sample(v) for v in session(text).run(["embedding"], {"ids": ids})[0]]
        out["models"][manifest.stem] = record
    lines = [json.dumps({k: out[k] for k in ("oracle", "pictures", "texts")})[:-1] + ', "models": {']
    lines += [",\n".join(f"{json.dumps(n)}: {json.dumps(r)}" for n, r in out["models"].items()), "}}"]
    (HERE / "features.json").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
