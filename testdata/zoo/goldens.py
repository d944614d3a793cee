"""Make the fixtures and goldens of package zoo.

    python testdata/zoo/goldens.py                      # small models, their features on pictures of every kind, tokens
    python testdata/zoo/goldens.py --shared ../shared   # features of the genuine models on real pictures as well
    python testdata/zoo/goldens.py --full /some/folder --shared ../shared
                                                        # full-size architectures with seeded random weights, not committed
    python testdata/zoo/goldens.py --catalogue          # what the exporter makes of each `export` of the catalogue, without weights

Oracles: torch (features of the small and the full-size models), Pillow (pictures, resizing), ONNX Runtime's Python package
(features of the genuine models), open_clip with ftfy, transformers, sentencepiece and tokenizers (tokens). Each golden file names
their versions. The packages are those of zoo/export/requirements.txt, and ftfy.
"""

import argparse
import base64
import gzip
import importlib.metadata
import json
import pathlib
import sys
import tempfile

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


# What SentencePiece's usual rules do to some letters (nmt_nfkc, Unicode 15), which would be 240 kB if all were written down.
RULES = [("\t", " "), ("\n", " "), ("\u00a0", " "), ("\u200b", " "), ("\u2581", " "), ("\u3000", " "), ("ﬁ", "fi"), ("ﬂ", "fl"), ("²", "2"), ("①", "1"), ("Ａ", "A"),
         ("ａ", "a"), ("½", "1⁄2"), ("…", "..."), ("ｶ", "カ"), ("ｶ\uff9e", "ガ"), ("e\u0301", "é"), ("E\u0301", "É"), ("\u00ad", ""), ("\u212b", "\u00c5")]


def sentencepiece_model():
    """A unigram model of our own, learnt from the corpus above with the marks of SigLIP's: <pad>, </s>, <unk>."""
    import sentencepiece

    file = HERE / "models" / "tiny-spiece.model"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "corpus.txt").write_text("\n".join(CORPUS.splitlines() * 3))
        code = lambda t: " ".join(f"{ord(c):X}" for c in t)
        (folder / "rules.tsv").write_text("".join(f"{code(a)}\t{code(b)}\n" for a, b in RULES))
        sentencepiece.SentencePieceTrainer.train(
            input=str(folder / "corpus.txt"), model_prefix=str(folder / "m"), vocab_size=120, model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
            pad_piece="<pad>", normalization_rule_tsv=str(folder / "rules.tsv"), hard_vocab_limit=False, num_threads=1, minloglevel=2,
            user_defined_symbols=["zebra"])
        model = (folder / "m.model").read_bytes()
    from transformers.convert_slow_tokenizer import import_protobuf

    proto = import_protobuf().ModelProto.FromString(model)
    proto.trainer_spec.ClearField("input")  # a path on this machine
    proto.trainer_spec.ClearField("model_prefix")
    proto.normalizer_spec.ClearField("normalization_rule_tsv")
    file.write_bytes(proto.SerializeToString())
    return file, proto


def siglip_tokenizer(file):
    from transformers import SiglipTokenizer

    return SiglipTokenizer(vocab_file=str(file), model_max_length=1 << 20)


def t5_tokenizer(proto):
    """The same pieces as the library tokenizers holds them, which is how open_clip's SigLIP models get them."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    t = Tokenizer(models.Unigram([(p.piece, p.score) for p in proto.pieces], unk_id=2))
    t.add_special_tokens(["<pad>", "</s>", "<unk>"])
    t.normalizer = normalizers.Sequence([normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    t.post_processor = processors.TemplateProcessing(single=["$A", "</s>"], special_tokens=[("</s>", 1)])
    return t


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
    module, outs, family = export.timm_taps(export.seeded(build, SEED + 2).eval(), (32, 32))
    yield export.Export("tiny-vit", family, "none", "none", "seeded random weights", module, outs, export.prep("crop", (32, 32), 36, "bicubic", (0.5,) * 3, (0.5,) * 3), "timm's ViT, two blocks", "BSD-3-Clause")

    build = lambda: timm.models.resnet.ResNet(timm.models.resnet.BasicBlock, (1, 1, 1, 1), channels=(8, 12, 16, 24), stem_width=8, num_classes=10)
    module, outs, family = export.timm_taps(export.seeded(build, SEED + 3).eval(), (64, 64))
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
                        text=dict(module=text, tokenizer="clip-bpe-transformers", vocab="tiny-merges.txt", context=24, pad=len(vocab) - 1, scale=100.0, size=len(vocab),
                                  ids=encoder(hf_tokenizer(pairs), 24)))

    file, proto = sentencepiece_model()
    cfg = transformers.SiglipConfig(
        text_config=dict(vocab_size=len(proto.pieces), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=24),
        vision_config=dict(image_size=32, patch_size=8, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2))
    cfg._attn_implementation = "eager"
    model = export.seeded(lambda: transformers.SiglipModel(cfg), SEED + 5).eval()
    module, outs, text = export.transformers_towers(model, True)
    p = export.prep("squash", (32, 32), filt="bicubic", mean=(0.5,) * 3, std=(0.5,) * 3)
    yield export.Export("tiny-siglip", "vit", "none", "none", "seeded random weights", module, outs, p, "transformers' SigLIP, two blocks a tower", "BSD-3-Clause",
                        text=dict(module=text, tokenizer="siglip", vocab=file.name, context=24, pad=1, scale=float(model.logit_scale.exp()), bias=float(model.logit_bias),
                                  size=len(proto.pieces), ids=encoder(siglip_tokenizer(file), 24)))

    import open_clip

    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "merges.gz"
        file.write_bytes(gzip.compress((HERE / "models" / "tiny-merges.txt").read_bytes().rstrip()))
        tok = open_clip.SimpleTokenizer(bpe_path=str(file), context_length=24)
    build = lambda: open_clip.CLIP(24, dict(image_size=32, patch_size=8, width=32, head_width=16, layers=2),
                                   dict(context_length=24, vocab_size=len(vocab), width=32, heads=2, layers=2))
    model = export.seeded(build, SEED + 6).eval()
    module, outs, _ = export.open_clip_taps(model, 32)

    class TextTower(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.m = model

        def forward(self, ids):
            return self.m.encode_text(ids)

    p = export.prep("crop", (32, 32), 32, "bicubic", (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
    yield export.Export("tiny-open-clip", "vit", "none", "none", "seeded random weights", module, outs, p, "open_clip's CLIP, two blocks a tower", "BSD-3-Clause",
                        text=dict(module=TextTower(), tokenizer="clip-bpe", vocab="tiny-merges.txt", context=24, pad=0, scale=100.0, size=len(vocab), ids=tok))


def encoder(tok, context):
    return lambda texts: tok(texts, padding="max_length", max_length=context, truncation=True, return_tensors="pt").input_ids


# ---------------------------------------------------------------- pictures of every kind


def kinds(photo, out):
    """20 pictures of every kind that a folder of photographs may hold, made of photo(0), photo(1), ... and written to out. Returns names."""
    out.mkdir(parents=True, exist_ok=True)
    names = []

    def put(name, img, **how):
        img.save(out / name, **how)
        names.append(name)

    def exif(orientation):
        tags = Image.Exif()
        tags[0x0112] = orientation
        return tags

    def odd(k, w, h):
        img = photo(k)
        return img.crop((0, 0, max(1, img.width * w // 64), max(1, img.height * h // 64)))

    put("whole.png", photo(0))
    put("tall.png", odd(1, 29, 64))
    put("wide.png", odd(2, 64, 23))
    put("odd.png", odd(3, 61, 59))
    put("small.png", photo(4).resize((19, 15), Image.Resampling.BOX))
    put("square.png", photo(5).resize((37, 37), Image.Resampling.BOX))
    put("palette.png", photo(6).quantize(64, dither=Image.Dither.NONE))
    put("palette-few.png", photo(7).quantize(7, dither=Image.Dither.NONE), bits=4)
    see = photo(8).quantize(32, dither=Image.Dither.NONE)
    put("palette-transparent.png", see, transparency=3)
    alpha = photo(0).copy()
    alpha.putalpha(Image.linear_gradient("L").resize(alpha.size))
    put("alpha.png", alpha)
    put("grey.png", photo(1).convert("L"))
    put("grey-alpha.png", alpha.convert("LA"))
    put("bilevel.png", photo(2).convert("1"))
    put("exif-6.png", photo(3), exif=exif(6))
    put("exif-2.png", odd(4, 53, 41), exif=exif(2))
    put("quality-95.jpg", photo(5), quality=95, subsampling=0)
    put("chroma-420.jpg", odd(6, 63, 61), quality=85, subsampling=2)
    put("progressive.jpg", photo(7), quality=75, progressive=True)
    put("grey.jpg", photo(8).convert("L"), quality=90)
    put("exif-8.jpg", photo(0), quality=90, exif=exif(8))
    return names


def packed(x):
    return base64.b64encode(np.ascontiguousarray(x, dtype="<f4").tobytes()).decode()


def sampled(x, most=96):
    """A tensor as shape, norm and evenly spaced values."""
    flat = x.astype(np.float64).ravel()
    at = np.linspace(0, flat.size - 1, min(most, flat.size)).astype(int)
    return dict(shape=list(x.shape), norm=float(np.linalg.norm(flat)), at=at.tolist(), values=packed(flat[at]))


TEXTS = ["a red circle on a green ground", "make the circle yellow, please!", "", "two dogs' houses aren't 42 metres away", "Ünïcode & ünusual wörds"]

CAPTIONS = """a photo of a dog
a photo of two cats on a sofa
A Red Car, parked by the sea.
a man riding a wave on top of a surfboard
a bowl of fruit on a wooden table
the tower in the fog
make the sky more dramatic
replace the cat by a fox
turn the day into a night scene
remove the people in the background
don't change the colours, only the texture
make it look like a watercolour
add a small boat on the lake
what if it were winter?
a close-up of a striped shirt
a black-and-white photograph of a street in 1950
3 apples & 2 pears
a dog that isn't there
an old woman's hands
a city at night, seen from above
the same picture, but with a blue door
a horse eating grass in a green field
put sunglasses on the child
a very long bridge over a very wide river
café on the corner
a plane flying over snow-capped mountains
make the dress longer
a stack of books (with a cup on top)
an aerial view of fields; one of them burns
change the season to autumn""".splitlines()


def fitting(texts, ids, pad, n):
    """The first n texts that do not fill the whole context: none of them was cut."""
    return [t for t, row in zip(texts, ids(texts).tolist()) if row[-1] == pad and row[-2] == pad][:n]


def small():
    (HERE / "models").mkdir(exist_ok=True)
    for name, (w, h, seed) in PICTURES.items():
        render(w, h, seed).save(HERE / name, optimize=True)
    every = kinds(lambda k: render(61 + 3 * k, 53 - 2 * k, 10 + k), HERE / "kinds")
    gold = dict(oracle=version("torch", "timm", "transformers", "Pillow", "sentencepiece"), pictures=list(PICTURES), models={}, kinds=every)
    for e in small_models():
        export.write(e, HERE / "models")
        export.check(e, HERE / "models", [])
        entry = gold["models"][e.name] = dict(outputs={}, native={}, kinds={})
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
        for name in every:
            with torch.no_grad():
                out = e.module(torch.from_numpy(export.prepare(e.preprocess, export.picture(HERE / "kinds" / name))[None]))
            for o, v in zip(e.outputs, out):
                if o["layout"] in ("pooled", "joint") or o["name"] in ("keys", "spatial"):
                    entry["kinds"].setdefault(o["name"], {})[name] = sampled(v[0].numpy(), 32)
        if e.text:
            texts = fitting(TEXTS + CAPTIONS + STRINGS, e.text["ids"], e.text["pad"], 40)
            ids = e.text["ids"](texts)
            with torch.no_grad():
                emb = e.text["module"](ids).numpy()
            entry["texts"] = [dict(text=t, ids=i.tolist(), values=packed(v)) for t, i, v in zip(texts, ids, emb)]
    (HERE / "features.json").write_text(json.dumps(gold, separators=(",", ":")).replace('"shape"', '\n"shape"').replace('{"text"', '\n{"text"') + "\n")
    siglip_tokens()


STRINGS = [
    "", " ", "a photo of a cat", "A Photo, of A CAT!", "don't I'll we've they're it's I'm he'd CAN'T", "x'S y'ſ z", "hello   world\n\tnew  line", "1234567890 3.14", "日本語のテキスト と 中文",
    "emoji 😀👍🏽 flags 🇩🇪", "naïve café résumé", "nai\u0308ve cafe\u0301", "&amp;lt;b&amp;gt; bold &amp;amp; more", "&lt;tag&gt; &nbsp; &#39;quoted&#39; &eacute; &EACUTE;", "&#x1F600; &#0; &#13; &#128; &#xFFFF; &#1;",
    "&notit; &not it &ampx &copy2024", "ΟΔΥΣΣΕΥΣ ΣΑΣ Σ ΑΣ. Σ'", "İstanbul IŞIK ISTANBUL", "ﬁne ﬂour oﬃce ﬆ ĳs", "ＦＵＬＬ　ｗｉｄｔｈ ｶﾀｶﾅ", "“curly” ‘quotes’ it’s", "line\r\nbreak\rand\u2028more\u0085end",
    "\x1b[31mred\x1b[0m text\x07\x00", "zero\u200bwidth\u200djoiner\ufeff", "<|startoftext|>inside<|endoftext|>", "snake_case __init__ #hash @at $5 50% a+b=c", "ŉ ǆ Ǉ", "cafÃ© sÃ³ â€œquotedâ€\x9d", "¼ ½ ² ³ Ⅷ ①", "हिन्दी العربية עברית ไทย",
    "<b>html &amp; tags</b> &eacute;", "a\u00a0b\u3000c\u2003d", "ΑΣ\u00ad ΑΣ\u0301Β", "x" * 60, "the quick brown fox jumps over the lazy dog " * 8, "don''t ''s '", "(c) © ® ™ … — –", "ǅungla ß ẞ STRASSE", "K Å Ω", "\u0085 nel \x9c",
]


def siglip_tokens():
    from open_clip.tokenizer import _clean_canonicalize

    file, proto = sentencepiece_model()
    tok, t5 = siglip_tokenizer(file), t5_tokenizer(proto)
    t5.save(str(HERE / "models" / "tiny-siglip-tokenizer.json"), pretty=False)
    texts = STRINGS + TEXTS + CAPTIONS + ["a cat </s> and a dog", "</s>", "<unk> cat", "cat</s>", "a zebra's zebras", "under_score_d", "▁marks▁ within", "a ▁ b", "½ \u212b ＡＢ ｶﾞ e\u0301 soft\u00adhyphen",
                                          "日本語 red 日本", "x\u2581y", "a\u001cb", "red circle" * 30]
    rows = [dict(text=s, transformers=tok(s).input_ids, open_clip=t5.encode(_clean_canonicalize(s)).ids) for s in texts]
    gold = dict(oracle=version("transformers", "sentencepiece", "open_clip_torch", "ftfy", "tokenizers"), rows=rows)
    (HERE / "tokens-siglip.json").write_text(json.dumps(gold, ensure_ascii=True, separators=(",", ":")).replace('{"text"', '\n{"text"') + "\n")


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


FULL = ["clip:openai/clip-vit-base-patch32", "siglip:google/siglip-base-patch16-224", "open_clip:ViT-B-32/laion2b_s34b_b79k", "open_clip:RN50/openai",
        "timm:vit_small_patch14_dinov2.lvd142m", "timm:resnet50", "timm:convnext_base.fb_in22k_ft_in1k", "torchvision:vgg16", "dino:resnet50", "dreamsim:ensemble",
        "fidelity:inception"]


def own_transform(spec, e):
    """The library's own way from a picture to a tensor, and its name; the manifest's in Pillow and numpy where the library has none."""
    kind, _, name = spec.partition(":")
    if kind == "timm":
        import timm

        return timm.data.create_transform(**timm.data.resolve_model_data_config(e.module.model)), "timm"
    if kind in ("clip", "siglip"):
        import transformers

        ip = transformers.CLIPImageProcessorPil() if kind == "clip" else transformers.SiglipImageProcessorPil()
        # transformers 5 lays any transparency over white, that of a palette too, of which an RGB picture keeps a note; here it is dropped.
        plain = lambda img: Image.fromarray(np.asarray(img))
        return lambda img: torch.from_numpy(np.asarray(ip(plain(img), return_tensors="np")["pixel_values"][0])), "transformers"
    if kind == "open_clip":
        import open_clip

        arch, _, tag = name.partition("/")
        cfg = dict(open_clip.get_pretrained_cfg(arch, tag), size=224)
        keep = {k: cfg[k] for k in ("size", "mean", "std", "interpolation", "resize_mode") if k in cfg}
        return open_clip.transform.image_transform_v2(open_clip.transform.PreprocessCfg(**keep), is_train=False), "open_clip"
    if kind == "torchvision":
        import torchvision

        return torchvision.models.get_model_weights(name).DEFAULT.transforms(), "torchvision"
    if kind == "dreamsim":
        from torchvision import transforms as t

        return t.Compose([t.Resize((224, 224), interpolation=t.InterpolationMode.BICUBIC), t.ToTensor()]), "dreamsim"
    return (lambda img: torch.from_numpy(export.prepare(e.preprocess, img))), {"dino": "torchvision", "fidelity": "torch-fidelity"}[kind]


def default_transform(spec):
    """What transformers itself takes for the same file: from version 5 on torchvision's resizing, and transparency laid over white."""
    import transformers

    ip = transformers.CLIPImageProcessor() if spec.startswith("clip:") else transformers.SiglipImageProcessor()
    return lambda img: torch.from_numpy(np.asarray(ip(img, return_tensors="np")["pixel_values"][0]))


def own_tokenizer(spec, e, root, out):
    """The library's own tokenizer, with CLIP's real merges; SigLIP's pieces are a small model of ours."""
    if spec.startswith("siglip:"):
        file = out / "siglip" / "spiece.model"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes((HERE / "models" / "tiny-spiece.model").read_bytes())
        return encoder(siglip_tokenizer(file), e.text["context"])
    if spec.startswith("open_clip:"):
        return e.text["ids"]
    from open_clip.tokenizer import SimpleTokenizer

    ref = SimpleTokenizer(bpe_path=str(root / "models" / "clip_bpe" / "bpe_simple_vocab_16e6.txt.gz"))
    return encoder(hf_tokenizer(sorted(ref.bpe_ranks, key=ref.bpe_ranks.get)), e.text["context"])


def as_pillow_12():
    """Have the libraries' transforms resize horizontally first, as Pillow did up to 12: Pillow 13 swaps the passes where the height shrinks
    most, which moves single pixels by a level. raster.Version names the order that the Go code keeps."""
    plain = Image.Image.resize

    def resize(self, size, resample=None, box=None, reducing_gap=None):
        if box is None and reducing_gap is None and self.mode in ("RGB", "L") and resample not in (None, Image.Resampling.NEAREST):
            return plain(plain(self, (size[0], self.height), resample), tuple(size), resample)
        return plain(self, size, resample, box, reducing_gap)

    Image.Image.resize = resize


def full(out, root, only, again):
    """Full-size architectures with seeded random weights: the libraries' own transforms and tokenizer on real pictures."""
    data = root / "data"
    photos = sorted((data / "kodak").glob("*.png"))
    made = kinds(lambda k: Image.open(photos[k % len(photos)]).convert("RGB"), out / "pictures")
    jpegs = sorted(p for p in (data / "imagenet-samples").rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))[::25]
    pictures = {f"pictures/{n}": out / "pictures" / n for n in made} | {str(p.relative_to(data)): p for p in jpegs}
    gold = dict(oracle=version("torch", "timm", "transformers", "torchvision", "open_clip_torch", "Pillow"), pictures=list(pictures), models={})
    if (out / "full.json").exists():
        gold["models"] = json.loads((out / "full.json").read_text())["models"]
    as_pillow_12()
    for spec in only or FULL:
        e = export.build(spec, 1, out)
        if again:  # the model is there, and so are the other pictures' values
            entry = gold["models"][e.name]
        else:
            export.write(e, out)
            entry = gold["models"][e.name] = dict(spec=spec, outputs={})
        own, library = own_transform(spec, e)
        entry["oracle"] = library
        for name, path in pictures.items():
            if again and name not in again:
                continue
            with torch.no_grad():
                values = e.module(own(export.picture(path))[None])
            for o, v in zip(e.outputs, values):
                entry["outputs"].setdefault(o["name"], {})[name] = sampled(v[0].numpy(), 512)
            if library == "transformers":  # how far its default processor is from its Pillow one: the file as it is, EXIF turned
                with torch.no_grad():
                    other = e.module(default_transform(spec)(export.ImageOps.exif_transpose(Image.open(path)))[None])[0]
                entry.setdefault("default", {})[name] = [float(d) for d in export.distance(other[0].numpy(), values[0][0].numpy())]
        if e.text and not again:
            ids = own_tokenizer(spec, e, root, out)
            texts = fitting(CAPTIONS + TEXTS + STRINGS, ids, e.text["pad"], 40)
            with torch.no_grad():
                emb = e.text["module"](ids(texts)).numpy()
            entry["texts"] = [dict(text=t, values=packed(v)) for t, v in zip(texts, emb)]
        (out / "full.json").write_text(json.dumps(gold))
        print(e.name, "done", flush=True)


def catalogue():
    """What the exporter makes of each `export` of the catalogue with random weights: preprocessing, outputs and text tower."""
    import tomllib

    made = {}
    with tempfile.TemporaryDirectory() as folder:
        for file in sorted((HERE.parent.parent / "zoo" / "catalog").glob("*.toml")):
            spec = tomllib.loads(file.read_text()).get("export")
            if not spec:
                continue
            print(spec, flush=True)
            e = export.build(spec, 1, pathlib.Path(folder))
            made[spec] = dict(family=e.family, preprocess={k: v for k, v in e.preprocess.items() if v not in (0, [], None)}, outputs=e.outputs)
            if e.text:
                made[spec]["text"] = {k: e.text[k] for k in ("tokenizer", "context", "pad")}
            del e
    (HERE / "catalogue.json").write_text(json.dumps(dict(oracle=version("timm", "transformers", "torchvision", "open_clip_torch", "dreamsim", "torch"), exports=made), indent=1) + "\n")


if __name__ == "__main__":
    a = argparse.ArgumentParser()
    a.add_argument("--shared", type=pathlib.Path)
    a.add_argument("--full", type=pathlib.Path)
    a.add_argument("--only", nargs="*", help="specs of the full-size models to make, all without")
    a.add_argument("--again", nargs="*", help="of models that are there, make the values of these pictures alone anew, as pictures/tall.png")
    a.add_argument("--catalogue", action="store_true")
    args = a.parse_args()
    if args.full:
        full(args.full, args.shared or sys.exit("--full wants --shared, where the photographs are"), args.only, args.again)
    elif args.catalogue:
        catalogue()
    else:
        small()
        if args.shared:
            tokens(args.shared / "models" / "clip_bpe" / "bpe_simple_vocab_16e6.txt.gz")
            shared(args.shared)
