"""Make the fixtures and goldens of package zoo.

    python testdata/zoo/goldens.py                      # small models, their features, tokens
    python testdata/zoo/goldens.py --shared ../shared   # features of the genuine models on real pictures as well
    python testdata/zoo/goldens.py --full /some/folder  # full-size architectures with seeded random weights, not committed

Oracles: torch (features of the small and the full-size models), Pillow (pictures, resizing), ONNX Runtime's Python package
(features of the genuine models), open_clip with ftfy and transformers (tokens). Each golden file names their versions.
"""

import argparse
import base64
import importlib.metadata
import json
import pathlib
import sys

import numpy as np
import torch
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "zoo" / "export"))
import export  # noqa: E402

version = lambda *names: ", ".join(f"{n} {importlib.metadata.version(n)}" for n in names)
SEED = 20261123


def render(w, h, seed):
    """A picture of our own: gradients, a disc, stripes and noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:h, 0:w] / max(w, h)
    img = np.stack([255 * x, 255 * y, 128 + 100 * np.sin(9 * x + 5 * y)], -1)
    img[(x - 0.4) ** 2 + (y - 0.3) ** 2 < 0.04] = (220, 40, 60)
    img[(np.floor(24 * x) % 4 == 0) & (y > 0.4)] = (20, 90, 160)
    return Image.fromarray(np.clip(img + rng.normal(0, 12, img.shape), 0, 255).astype(np.uint8))


PICTURES = {"wide.png": (53, 37, 1), "tall.png": (41, 64, 2)}

CORPUS = """a photograph of a red circle on a green ground and a small blue square at the left of the large circle
the striped triangle stands in the centre of the picture while the dotted star is at the top right of it
make the circle yellow and leave everything else as it is please do not change the colour of the ground
two dogs run along the beach in the evening light and a cat is watching them from the roof of a house"""


def merges(n):
    """Byte-pair merges learnt from the corpus above: the vocabulary of the small CLIP is our own."""
    words = {}
    for w in CORPUS.split():
        key = tuple(w[:-1]) + (w[-1] + "</w>",)
        words[key] = words.get(key, 0) + 1
    out = []
    while len(out) < n:
        pairs = {}
        for w, k in words.items():
            for p in zip(w, w[1:]):
                pairs[p] = pairs.get(p, 0) + k
        if not pairs:
            break
        best = min(pairs, key=lambda p: (-pairs[p], p))
        out.append(best)
        merged = {}
        for w, k in words.items():
            new, i = [], 0
            while i < len(w):
                if i + 1 < len(w) and (w[i], w[i + 1]) == best:
                    new.append(w[i] + w[i + 1])
                    i += 2
                else:
                    new.append(w[i])
                    i += 1
            merged[tuple(new)] = merged.get(tuple(new), 0) + k
        words = merged
    return out


def vocabulary(pairs):
    from open_clip.tokenizer import bytes_to_unicode

    symbols = list(bytes_to_unicode().values())
    names = symbols + [s + "</w>" for s in symbols] + ["".join(p) for p in pairs] + ["<|startoftext|>", "<|endoftext|>"]
    return {s: i for i, s in enumerate(names)}


def hf_tokenizer(pairs):
    from transformers import CLIPTokenizer

    return CLIPTokenizer(vocab=vocabulary(pairs), merges=[tuple(p) for p in pairs])


def small_models():
    import timm
    import transformers

    def conv():
        torch.manual_seed(SEED)
        return torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, 2, 1), torch.nn.ReLU(), torch.nn.Conv2d(8, 16, 3, 2, 1), torch.nn.ReLU())

    module, outs = export.vgg_like_taps(conv(), [1, 3], ["relu1", "relu2"])
    yield export.Export("tiny-cnn", "cnn", "none", "none", "seeded random weights", module, outs, export.prep("squash", (32, 32), filt="bilinear"), "two convolutions", "BSD-3-Clause", True)

    def alex():
        torch.manual_seed(SEED + 1)
        n, r, m = torch.nn, torch.nn.ReLU, lambda: torch.nn.MaxPool2d(3, 2)
        return n.Sequential(n.Conv2d(3, 8, 11, 4, 2), r(), m(), n.Conv2d(8, 12, 5, 1, 2), r(), m(), n.Conv2d(12, 16, 3, 1, 1), r(), n.Conv2d(16, 12, 3, 1, 1), r(), n.Conv2d(12, 12, 3, 1, 1), r())

    module, outs = export.vgg_like_taps(alex(), *export.TRUNKS["alexnet"])
    yield export.Export("tiny-alex", "cnn", "none", "none", "seeded random weights", module, outs, export.prep("crop", (64, 64), 72, "bilinear"), "AlexNet's convolutions with few channels", "BSD-3-Clause", True)

    build = lambda: timm.models.vision_transformer.VisionTransformer(img_size=32, patch_size=8, embed_dim=32, depth=2, num_heads=2, num_classes=10)
    module, outs, family = export.timm_taps(export.seeded(build, SEED + 2).eval())
    yield export.Export("tiny-vit", family, "none", "none", "seeded random weights", module, outs, export.prep("crop", (32, 32), 36, "bicubic", (0.5,) * 3, (0.5,) * 3), "timm's ViT, two blocks", "BSD-3-Clause")

    build = lambda: timm.models.resnet.ResNet(timm.models.resnet.BasicBlock, (1, 1, 1, 1), channels=(8, 12, 16, 24), stem_width=8, num_classes=10)
    module, outs, family = export.timm_taps(export.seeded(build, SEED + 3).eval())
    yield export.Export("tiny-resnet", family, "none", "none", "seeded random weights", module, outs, export.prep("crop", (64, 64), 73, "lanczos"), "timm's ResNet with few channels", "BSD-3-Clause")

    pairs = merges(200)
    vocab = vocabulary(pairs)
    cfg = transformers.CLIPConfig(
        text_config=dict(vocab_size=len(vocab), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=24,
                         bos_token_id=len(vocab) - 2, eos_token_id=len(vocab) - 1, projection_dim=24),
        vision_config=dict(image_size=32, patch_size=8, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, projection_dim=24),
        projection_dim=24)
    cfg._attn_implementation = "eager"
    module, outs, text = export.transformers_towers(export.seeded(lambda: transformers.CLIPModel(cfg), SEED + 4).eval())
    (HERE / "models" / "tiny-merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in pairs))
    p = export.prep("crop", (32, 32), 32, "bicubic", (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711), "floor")
    yield export.Export("tiny-clip", "vit", "none", "none", "seeded random weights", module, outs, p, "transformers' CLIP, two blocks a tower", "BSD-3-Clause",
                        text=dict(module=text, tokenizer="clip-bpe-transformers", vocab="tiny-merges.txt", context=24, pad=len(vocab) - 1, scale=100.0, size=len(vocab), tok=hf_tokenizer(pairs)))


def packed(x):
    return base64.b64encode(np.ascontiguousarray(x, dtype="<f4").tobytes()).decode()


def sampled(x, most=96):
    """A tensor as shape, norm and evenly spaced values."""
    flat = x.astype(np.float64).ravel()
    at = np.linspace(0, flat.size - 1, min(most, flat.size)).astype(int)
    return dict(shape=list(x.shape), norm=float(np.linalg.norm(flat)), at=at.tolist(), values=packed(flat[at]))


TEXTS = ["a red circle on a green ground", "make the circle yellow, please!", "", "two dogs' houses aren't 42 metres away", "Ünïcode & ünusual wörds"]


def small():
    (HERE / "models").mkdir(exist_ok=True)
    for name, (w, h, seed) in PICTURES.items():
        render(w, h, seed).save(HERE / name, optimize=True)
    gold = dict(oracle=version("torch", "timm", "transformers", "Pillow"), pictures=list(PICTURES), models={})
    for e in small_models():
        tok = e.text.pop("tok") if e.text else None
        export.write(e, HERE / "models")
        export.check(e, HERE / "models", [])
        entry = gold["models"][e.name] = dict(outputs={}, native={})
        for name in PICTURES:
            img = Image.open(HERE / name).convert("RGB")
            for native in (False, True):
                if native and not e.dynamic:
                    continue
                if native and e.name == "tiny-alex" and min(img.size) < 63:
                    img = img.resize((img.width * 2, img.height * 2), Image.Resampling.NEAREST)
                p = dict(e.preprocess, fit="asis") if native else e.preprocess
                x = torch.from_numpy(export.prepare(p, img)[None])
                with torch.no_grad():
                    out = e.module(x)
                for o, v in zip(e.outputs, out):
                    entry["native" if native else "outputs"].setdefault(o["name"], {})[name] = sampled(v[0].numpy())
        if e.text:
            ids = tok(TEXTS, padding="max_length", max_length=24, truncation=True, return_tensors="pt").input_ids
            with torch.no_grad():
                emb = e.text["module"](ids).numpy()
            entry["texts"] = [dict(text=t, ids=i.tolist(), values=packed(v)) for t, i, v in zip(TEXTS, ids, emb)]
    (HERE / "features.json").write_text(json.dumps(gold, indent=1) + "\n")


STRINGS = [
    "", " ", "a photo of a cat", "A Photo, of A CAT!", "don't I'll we've they're it's I'm he'd CAN'T", "x'S y'ſ z", "hello   world\n\tnew  line", "1234567890 3.14", "日本語のテキスト と 中文",
    "emoji 😀👍🏽 flags 🇩🇪", "naïve café résumé", "nai\u0308ve cafe\u0301", "&amp;lt;b&amp;gt; bold &amp;amp; more", "&lt;tag&gt; &nbsp; &#39;quoted&#39; &eacute; &EACUTE;", "&#x1F600; &#0; &#13; &#128; &#xFFFF; &#1;",
    "&notit; &not it &ampx &copy2024", "ΟΔΥΣΣΕΥΣ ΣΑΣ Σ ΑΣ. Σ'", "İstanbul IŞIK ISTANBUL", "ﬁne ﬂour oﬃce ﬆ ĳs", "ＦＵＬＬ　ｗｉｄｔｈ ｶﾀｶﾅ", "“curly” ‘quotes’ it’s", "line\r\nbreak\rand\u2028more\u0085end",
    "\x1b[31mred\x1b[0m text\x07\x00", "zero\u200bwidth\u200djoiner\ufeff", "<|startoftext|>inside<|endoftext|>", "snake_case __init__ #hash @at $5 50% a+b=c", "ŉ ǆ Ǉ", "cafÃ© sÃ³ â€œquotedâ€\x9d", "¼ ½ ² ³ Ⅷ ①", "हिन्दी العربية עברית ไทย",
    "<b>html &amp; tags</b> &eacute;", "a\u00a0b\u3000c\u2003d", "ΑΣ\u00ad ΑΣ\u0301Β", "x" * 60, "the quick brown fox jumps over the lazy dog " * 8, "don''t ''s '", "(c) © ® ™ … — –", "ǅungla ß ẞ STRASSE", "K Å Ω", "\u0085 nel \x9c",
]


def tokens(bpe):
    import open_clip

    ref = open_clip.tokenizer.SimpleTokenizer(bpe_path=str(bpe))
    pairs = sorted(ref.bpe_ranks, key=ref.bpe_ranks.get)
    hf = hf_tokenizer(pairs)
    rows = []
    for s in STRINGS:
        row = dict(text=s, openai=[ref.sot_token_id] + ref.encode(s) + [ref.eot_token_id], transformers=hf(s).input_ids)
        if "<|" in s:
            row["openai"] = row["transformers"]  # open_clip writes the marks in another way
        rows.append(row)
    gold = dict(oracle=version("open_clip_torch", "ftfy", "regex", "transformers", "tokenizers"), rows=rows)
    (HERE / "tokens.json").write_text(json.dumps(gold, ensure_ascii=True, separators=(",", ":")).replace('{"text"', '\n{"text"') + "\n")


REAL = ["kodak/01.png", "kodak/07.png", "kodak/19.png", "kodak/23.png"]
POOLED = {"vit-tiny-patch16-224": ["embedding", "logits"], "mobilenetv2-1.0": ["embedding", "logits"], "squeezenet1.1": ["embedding", "logits"],
          "squeezenet1.1-taps": ["tap4"], "alexnet": ["embedding", "relu3"], "inception-2015-mixed8": ["mixed_8_pool_1280"]}


def shared(root):
    import tomllib

    jpegs = sorted(str(p.relative_to(root / "data")) for p in (root / "data" / "imagenet-samples").rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))[::60][:2]
    gold = dict(oracle=version("onnxruntime", "Pillow", "numpy"), pictures=REAL + jpegs, models={})
    for name, wanted in POOLED.items():
        m = tomllib.loads((HERE.parent.parent / "zoo" / "catalog" / f"{name}.toml").read_text())
        p = dict(dict(centre="round", resize=0), **m["preprocess"])
        s = export.session(root / "models" / m["file"])
        entry = gold["models"][name] = {}
        for pic in REAL + jpegs:
            x = export.prepare(p, export.picture(root / "data" / pic))[None]
            out = s.run(wanted, {m["input"]["name"]: np.concatenate([x, x])})
            for o, v in zip(wanted, out):
                entry.setdefault(o, {})[pic] = sampled(v[0], 1300 if o in ("embedding", "mixed_8_pool_1280") else 96)
                if o == "logits":
                    entry[o][pic]["top"] = int(v[0].argmax())
    (HERE / "shared.json").write_text(json.dumps(gold, separators=(",", ":")).replace('"norm"', '\n"norm"') + "\n")


FULL = ["clip:openai/clip-vit-base-patch32", "timm:vit_small_patch14_dinov2.lvd142m", "timm:resnet50", "torchvision:vgg16"]


def full(out, root):
    """Full-size architectures with seeded random weights: the libraries' own transforms and tokenizer on real pictures."""
    import timm
    import transformers

    data = root / "data"
    jpegs = sorted(str(p.relative_to(data)) for p in (data / "imagenet-samples").rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))[::12][:11]
    pictures = sorted(str(p.relative_to(data)) for p in (data / "kodak").glob("*.png")) + jpegs
    gold = dict(oracle=version("torch", "timm", "transformers", "torchvision", "Pillow"), pictures=pictures, models={})
    for spec in FULL:
        e = export.build(spec, 1, out)
        export.write(e, out)
        if spec.startswith("timm:"):
            own = timm.data.create_transform(**timm.data.resolve_model_data_config(e.module.model))
        elif spec.startswith("clip:"):
            ip = transformers.CLIPImageProcessorPil()
            own = lambda img: torch.from_numpy(np.asarray(ip(img, return_tensors="np")["pixel_values"][0]))
        else:
            own = lambda img: torch.from_numpy(export.prepare(e.preprocess, img))
        entry = gold["models"][e.name] = dict(outputs={})
        for name in pictures:
            with torch.no_grad():
                values = e.module(own(export.picture(data / name))[None])
            for o, v in zip(e.outputs, values):
                entry["outputs"].setdefault(o["name"], {})[name] = sampled(v[0].numpy(), 1024)
        if e.text:
            from open_clip.tokenizer import SimpleTokenizer

            ref = SimpleTokenizer(bpe_path=str(root / "models" / "clip_bpe" / "bpe_simple_vocab_16e6.txt.gz"))
            tok = hf_tokenizer(sorted(ref.bpe_ranks, key=ref.bpe_ranks.get))
            texts = (STRINGS + ["a photo of a dog", "make the sky more dramatic", "replace the cat by a fox"])[:40]
            ids = tok(texts, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
            with torch.no_grad():
                emb = e.text["module"](ids).numpy()
            entry["texts"] = [dict(text=t, values=packed(v)) for t, v in zip(texts, emb)]
        (out / "full.json").write_text(json.dumps(gold))
        print(e.name, "done", flush=True)


if __name__ == "__main__":
    a = argparse.ArgumentParser()
    a.add_argument("--shared", type=pathlib.Path)
    a.add_argument("--full", type=pathlib.Path)
    args = a.parse_args()
    if args.full:
        full(args.full, args.shared)
    else:
        small()
        if args.shared:
            tokens(args.shared / "models" / "clip_bpe" / "bpe_simple_vocab_16e6.txt.gz")
            shared(args.shared)
