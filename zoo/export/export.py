"""Export a public model to ONNX with a manifest, and check it against the library that it comes from.

    python export.py timm:vit_small_patch14_dinov2.lvd142m --out models/
    python export.py clip:openai/clip-vit-base-patch32 --out models/
    python export.py torchvision:vgg16 --out models/ --check photos/

Sources: timm:NAME, torchvision:NAME, clip:NAME and siglip:NAME (transformers), open_clip:ARCH/PRETRAINED, lpips:alex|vgg|squeeze,
dists, fidelity:inception. --random SEED takes the architecture with seeded random weights and downloads nothing.

Every file has a dynamic batch. Outputs: pooled embedding, last and intermediate maps or tokens, keys of the last attention,
logits, joint embedding. The manifest's preprocessing is the library's own configuration. The parity check runs the library
and ONNX Runtime on the same pictures and fails above a relative L2 of 1e-3 or a cosine distance of 1e-6.
"""

import argparse
import hashlib
import json
import math
import pathlib
import re
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from PIL import Image, ImageOps

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LICENCES = "see the source"


class Export:
    """A model on its way to ONNX: a module that maps a picture to a tuple of tensors, and what the manifest says of it."""

    def __init__(self, name, family, training, data, source, module, outputs, preprocess, doc="", licence=LICENCES, dynamic=False, text=None):
        self.name, self.family, self.training, self.data, self.source = name, family, training, data, source
        self.module, self.outputs, self.preprocess, self.doc, self.licence = module.eval(), outputs, preprocess, doc, licence
        self.dynamic, self.text = dynamic, text  # text: dict(module, tokenizer, vocab(path or None), context, pad, scale, bias, mask)


def output(name, layout, doc, prefix=0):
    return dict(name=name, layout=layout, doc=doc, prefix=prefix)


def prep(fit, size, resize=0, filt="bicubic", mean=IMAGENET_MEAN, std=IMAGENET_STD, centre="round"):
    size = [size, size] if isinstance(size, int) else list(size or [])
    return dict(filter=filt, fit=fit, resize=resize, size=size, scale=1 / 255, mean=list(map(float, mean)), std=list(map(float, std)), centre=centre)


def seeded(build, seed):
    """Build a model with the global generator seeded; random running statistics too, so that normalisation is exercised."""
    torch.manual_seed(seed)
    model = build()
    gen = torch.Generator().manual_seed(seed + 1)
    for m in model.modules():
        if isinstance(m, torch.nn.modules.batchnorm._BatchNorm):
            m.running_mean.copy_(0.1 * torch.randn(m.running_mean.shape, generator=gen))
            m.running_var.copy_(0.75 + 0.5 * torch.rand(m.running_var.shape, generator=gen))
    return model


class Taps(torch.nn.Module):
    """Runs forward(x) and returns what head makes of it and of the outputs of the hooked modules."""

    def __init__(self, model, hooked, head):
        super().__init__()
        self.model, self.head, self.kept = model, head, {}
        for key, module in hooked.items():
            module.register_forward_hook(lambda _m, _i, o, key=key: self.kept.__setitem__(key, o))

    def forward(self, x):
        self.kept.clear()
        return tuple(self.head(self.model, x, self.kept))


# ---------------------------------------------------------------- timm


def from_timm(name, seed, **kwargs):
    import timm

    build = lambda: timm.create_model(name, pretrained=seed is None, **kwargs)
    model = (build() if seed is None else seeded(build, seed)).eval()
    cfg = timm.data.resolve_model_data_config(model)
    size = cfg["input_size"][1:]
    if cfg.get("crop_mode", "center") == "squash":
        p = prep("squash", size, filt=cfg["interpolation"], mean=cfg["mean"], std=cfg["std"])
    else:
        p = prep("crop", size, resize=int(math.floor(size[0] / cfg["crop_pct"])), filt=cfg["interpolation"], mean=cfg["mean"], std=cfg["std"])
    tag = name.split(".")[-1] if "." in name else ""
    training, data = "classes", "ImageNet-1k"
    if "dino" in name:
        training, data = "self-supervised", "LVD-142M" if "lvd142m" in tag else "ImageNet-1k without labels"
    elif "clip" in name or "siglip" in name:
        training, data = "contrastive", tag or "see the source"
    elif "in21k" in tag or "in22k" in tag:
        data = "ImageNet-21k, then ImageNet-1k" if "ft_in1k" in tag else "ImageNet-21k"
    if seed is not None:
        training, data = "none", "none"
    module, outs, family = timm_taps(model)
    return Export(slug(name, seed), family, training, data, f"timm {timm.__version__} {name}", module, outs, p, doc=f"timm's {name}")


def timm_taps(model):
    """Module, outputs and family for any timm model: transformers by blocks, the others by feature_info."""
    classes = getattr(model, "num_classes", 0)
    if hasattr(model, "blocks") and hasattr(model, "patch_embed") and hasattr(model, "num_prefix_tokens"):
        depth, prefix = len(model.blocks), model.num_prefix_tokens
        at = sorted({max(1, round(depth * q / 4)) for q in (1, 2, 3, 4)})
        hooked = {f"block{i}": model.blocks[i - 1] for i in at}
        hooked["qkv"] = model.blocks[-1].attn.qkv

        def head(m, x, kept):
            tokens = m.forward_features(x)
            out = [m.forward_head(tokens, pre_logits=True), tokens]
            out += [kept[f"block{i}"] for i in at]
            d = kept["qkv"].shape[-1] // 3
            out.append(kept["qkv"][..., d : 2 * d])
            if classes:
                out.append(m.forward_head(tokens))
            return out

        outs = [output("embedding", "pooled", "what the classifier would be given"), output("tokens", "tokens", "after the last norm", prefix)]
        outs += [output(f"block{i}", "tokens", f"residual stream after block {i} of {depth}", prefix) for i in at]
        outs.append(output("keys", "tokens", "keys of the last attention, all heads", prefix))
        if classes:
            outs.append(output("logits", "logits", f"{classes} classes"))
        return Taps(model, hooked, head), outs, "vit"
    info = [i["module"] for i in model.feature_info]
    hooked = {f"stage{k + 1}": model.get_submodule(n) for k, n in enumerate(info)}

    def head(m, x, kept):
        last = m.forward_features(x)
        out = [m.forward_head(last, pre_logits=True), last] + [kept[k] for k in hooked]
        if classes:
            out.append(m.forward_head(last))
        return out

    outs = [output("embedding", "pooled", "mean of the last map, as the classifier takes it"), output("spatial", "map", "last map")]
    outs += [output(f"stage{k + 1}", "map", f"after {n}") for k, n in enumerate(info)]
    if classes:
        outs.append(output("logits", "logits", f"{classes} classes"))
    return Taps(model, hooked, head), outs, "cnn"


# ---------------------------------------------------------------- torchvision, lpips, DISTS, torch-fidelity


def vgg_like_taps(features, at, names):
    """Outputs of a Sequential after the given indices, and the mean of the last."""
    layers = torch.nn.Sequential(*list(features.children())[: at[-1] + 1])

    class Trunk(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = layers

        def forward(self, x):
            out = []
            for i, layer in enumerate(self.layers):
                if isinstance(layer, torch.nn.ReLU):
                    x = torch.relu(x)  # never in place: earlier taps must stay
                else:
                    x = layer(x)
                if i in at:
                    out.append(x)
            return tuple(out + [x.mean((2, 3))])

    outs = [output(n, "map", f"after layer {i} of the features") for n, i in zip(names, at)]
    return Trunk(), outs + [output("embedding", "pooled", f"mean of {names[-1]}")]


TRUNKS = {
    "vgg16": ([3, 8, 15, 22, 29], ["relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"]),
    "alexnet": ([1, 4, 7, 9, 11], ["relu1", "relu2", "relu3", "relu4", "relu5"]),
    "squeezenet1_1": ([1, 4, 7, 9, 10, 11, 12], ["tap1", "tap2", "tap3", "tap4", "tap5", "tap6", "tap7"]),
}


def from_torchvision(name, seed):
    import torchvision

    build = lambda: torchvision.models.get_model(name, weights="DEFAULT" if seed is None else None)
    model = build() if seed is None else seeded(build, seed)
    p, data, training = prep("crop", 224, 256, "bilinear"), "ImageNet-1k", "classes"
    if seed is None:
        t = torchvision.models.get_model_weights(name).DEFAULT.transforms()
        p = prep("crop", t.crop_size[0], t.resize_size[0], t.interpolation.value, t.mean, t.std)
    else:
        data, training = "none", "none"
    if name in TRUNKS:
        module, outs = vgg_like_taps(model.features, *TRUNKS[name])
        return Export(slug(name, seed), "cnn", training, data, f"torchvision {torchvision.__version__} {name}", module, outs, p, dynamic=True, licence="BSD-3-Clause")
    if not hasattr(model, "layer4"):
        sys.exit(f"torchvision:{name}: only ResNets, VGG-16, AlexNet and SqueezeNet 1.1 are exported from torchvision; timm has the others")
    hooked = {f"stage{i}": getattr(model, f"layer{i}") for i in range(1, 5)}
    hooked["embedding"] = model.avgpool

    def head(m, x, kept):
        logits = m(x)
        return [kept["embedding"].flatten(1)] + [kept[f"stage{i}"] for i in range(1, 5)] + [logits]

    outs = [output("embedding", "pooled", "mean of the last map")] + [output(f"stage{i}", "map", f"after layer{i}") for i in range(1, 5)]
    outs.append(output("logits", "logits", "1,000 ImageNet classes"))
    return Export(slug(name, seed), "cnn", training, data, f"torchvision {torchvision.__version__} {name}", Taps(model, hooked, head), outs, p, licence="BSD-3-Clause")


def from_lpips(net, seed, out):
    """The trunk of LPIPS and its linear heads, v0.1."""
    import lpips

    model = lpips.LPIPS(net=net, pnet_rand=seed is not None, pretrained=True, verbose=False)
    heads = {f"lin{k}.model.1.weight": lin.model[-1].weight.detach().numpy().ravel().tolist() for k, lin in enumerate(model.lins)}
    (out / "lpips_lin").mkdir(parents=True, exist_ok=True)
    (out / "lpips_lin" / f"{net}.json").write_text(json.dumps(heads))
    name = {"alex": "alexnet", "vgg": "vgg16", "squeeze": "squeezenet1_1"}[net]
    e = from_torchvision(name, seed)
    e.name = slug("lpips-" + net, seed)
    return e


def from_dists(seed, out):
    """VGG-16 with L2 pooling instead of maximum pooling, as DISTS has it, and the learned alpha and beta that the package brings."""
    import DISTS_pytorch.DISTS_pt as d
    import torchvision

    if seed is not None:
        vgg = d.models.vgg16
        d.models.vgg16 = lambda pretrained=True: seeded(lambda: vgg(weights=None), seed)
    model = d.DISTS(load_weights=True)
    (out / "dists").mkdir(parents=True, exist_ok=True)
    (out / "dists" / "weights.json").write_text(json.dumps({k: getattr(model, k).detach().numpy().ravel().tolist() for k in ("alpha", "beta")}))

    class Trunk(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.m = model

        def forward(self, x):  # normalised already
            out = []
            for stage in (self.m.stage1, self.m.stage2, self.m.stage3, self.m.stage4, self.m.stage5):
                x = stage(x)
                out.append(x)
            return tuple(out)

    for m in model.modules():
        if isinstance(m, torch.nn.ReLU):
            m.inplace = False
    names = TRUNKS["vgg16"][1]
    return Export(slug("dists-vgg16", seed), "cnn", "classes" if seed is None else "none", "ImageNet-1k" if seed is None else "none",
                  f"DISTS_pytorch, torchvision {torchvision.__version__} vgg16", Trunk(), [output(n, "map", "with L2 pooling between the stages") for n in names],
                  prep("asis", None, filt="bilinear"), dynamic=True, licence="MIT")


def from_fidelity(seed):
    """torch-fidelity's Inception v3 of 2015 without its resize: 299 x 299 goes in, (x - 128) / 128."""
    import torch_fidelity.feature_extractor_inceptionv3 as f

    names = ["64", "192", "768", "2048", "logits_unbiased"]
    if seed is None:
        model = f.FeatureExtractorInceptionV3("inception-v3-compat", names)
    else:
        load = f.load_state_dict_from_url
        keep = f.FeatureExtractorInceptionV3.load_state_dict
        f.load_state_dict_from_url = lambda *a, **k: None
        f.FeatureExtractorInceptionV3.load_state_dict = lambda self, *a, **k: None
        model = seeded(lambda: f.FeatureExtractorInceptionV3("inception-v3-compat", names), seed)
        f.load_state_dict_from_url, f.FeatureExtractorInceptionV3.load_state_dict = load, keep
    hooked = {n: getattr(model, n) for n in ("MaxPool_1", "MaxPool_2", "Mixed_6e", "Mixed_7c", "Mixed_7a")}

    class Body(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.m = model

        def forward(self, x):
            m, out = self.m, []
            for n in ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "MaxPool_1", "Conv2d_3b_1x1", "Conv2d_4a_3x3", "MaxPool_2", "Mixed_5b", "Mixed_5c",
                      "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e", "Mixed_7a", "Mixed_7b", "Mixed_7c"):
                x = getattr(m, n)(x)
                if n in ("MaxPool_1", "MaxPool_2", "Mixed_6e", "Mixed_7c"):
                    out.append(x.mean((2, 3)))
            return tuple(out + [x, out[-1] @ m.fc.weight.T])

    outs = [output(f"fid_{n}", "pooled", f"{n} features") for n in ("64", "192", "768", "2048")]
    outs += [output("spatial", "map", "last map, 2048 x 8 x 8"), output("logits", "logits", "1,008 classes, without the bias, as the Inception Score takes them")]
    p = prep("squash", 299, filt="bilinear", mean=(128, 128, 128), std=(128, 128, 128))
    p["scale"] = 1.0
    return Export(slug("inception-2015", seed), "cnn", "classes" if seed is None else "none", "ImageNet-1k" if seed is None else "none",
                  "torch-fidelity, TensorFlow's inception-2015-12-05", Body(), outs, p, licence="Apache-2.0")


# ---------------------------------------------------------------- joint models


def hf_processor(ip):
    """Preprocessing of a transformers image processor. Its crop floors odd margins, unlike torchvision's."""
    filt = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}[int(ip.resample)]
    if getattr(ip, "do_center_crop", False):
        size = ip.crop_size
        short = ip.size["shortest_edge"] if "shortest_edge" in ip.size else min(ip.size["height"], ip.size["width"])
        return prep("crop", (size["height"], size["width"]), short, filt, ip.image_mean, ip.image_std, "floor")
    return prep("squash", (ip.size["height"], ip.size["width"]), 0, filt, ip.image_mean, ip.image_std)


def transformers_towers(model, siglip=False):
    """The two modules of a transformers CLIPModel or SiglipModel, and the outputs of the first."""
    vision = model.vision_model
    depth = model.config.vision_config.num_hidden_layers
    prefix = 0 if siglip else 1
    at = sorted({max(1, round(depth * q / 4)) for q in (1, 2, 3, 4)})
    hooked = {f"block{i}": vision.encoder.layers[i - 1] for i in at}
    hooked["keys"] = vision.encoder.layers[-1].self_attn.k_proj

    def head(m, x, kept):
        v = m.vision_model(pixel_values=x)
        joint = v.pooler_output if siglip else m.visual_projection(v.pooler_output)
        first = lambda t: t[0] if isinstance(t, tuple) else t
        return [joint, v.pooler_output, v.last_hidden_state] + [first(kept[f"block{i}"]) for i in at] + [kept["keys"]]

    outs = [output("joint", "joint", "image embedding in the space shared with text, not normalised"), output("embedding", "pooled", "before the projection"),
            output("tokens", "tokens", "last hidden state", prefix)]
    outs += [output(f"block{i}", "tokens", f"residual stream after block {i} of {depth}", prefix) for i in at]
    outs.append(output("keys", "tokens", "keys of the last attention, all heads", prefix))

    class TextTower(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.m = model

        def forward(self, ids):
            t = self.m.text_model(input_ids=ids)
            return t.pooler_output if siglip else self.m.text_projection(t.pooler_output)

    return Taps(model, hooked, head), outs, TextTower()


def from_transformers(kind, name, seed):
    import transformers

    siglip = kind == "siglip"
    cls = transformers.SiglipModel if siglip else transformers.CLIPModel
    if seed is None:
        model = cls.from_pretrained(name, attn_implementation="eager")
        p = hf_processor(transformers.AutoImageProcessor.from_pretrained(name))
        tok = transformers.AutoTokenizer.from_pretrained(name)
    else:
        arch = {"openai/clip-vit-base-patch32": {}, "openai/clip-vit-base-patch16": dict(patch_size=16), "google/siglip-base-patch16-224": {}}.get(name)
        if arch is None:
            sys.exit(f"--random knows no configuration of {name}")
        cfg = (transformers.SiglipConfig if siglip else transformers.CLIPConfig)(vision_config=arch)
        cfg._attn_implementation = "eager"
        model = seeded(lambda: cls(cfg), seed)
        ip = (transformers.SiglipImageProcessor if siglip else transformers.CLIPImageProcessor)()
        p, tok = hf_processor(ip), None
    module, outs, text = transformers_towers(model, siglip)
    context = model.config.text_config.max_position_embeddings
    if siglip:
        text = None  # its tokenizer is SentencePiece, which probity has not got; the image tower is exported alone
    else:
        text = dict(module=text, tokenizer="clip-bpe-transformers", vocab=tok or "clip_bpe/bpe_simple_vocab_16e6.txt.gz", context=context, pad=49407, scale=float(model.logit_scale.exp()))
    return Export(slug(name.split("/")[-1], seed), "vit", "contrastive" if seed is None else "none", "see the source" if seed is None else "none",
                  f"transformers {transformers.__version__} {name}", module, outs, p, text=text)


def from_open_clip(name, seed):
    import open_clip

    arch, _, tag = name.partition("/")
    build = lambda: open_clip.create_model(arch, pretrained=tag if seed is None else None)
    model = (build() if seed is None else seeded(build, seed)).eval()
    cfg = open_clip.get_model_preprocess_cfg(model)
    size = cfg["size"] if isinstance(cfg["size"], int) else cfg["size"][0]
    fit = "squash" if cfg.get("resize_mode") == "squash" else "crop"
    p = prep(fit, size, size if fit == "crop" else 0, cfg.get("interpolation", "bicubic"), cfg["mean"], cfg["std"])

    class Image_(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.m = model

        def forward(self, x):
            return (self.m.encode_image(x),)

    class TextTower(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.m = model

        def forward(self, ids):
            return self.m.encode_text(ids)

    text = None
    if isinstance(open_clip.get_tokenizer(arch), open_clip.SimpleTokenizer):
        text = dict(module=TextTower(), tokenizer="clip-bpe", vocab="clip_bpe/bpe_simple_vocab_16e6.txt.gz", context=model.context_length, pad=0, scale=float(model.logit_scale.exp()))
    family = "cnn" if re.match(r"(RN|convnext|resnet)", arch) else "vit"
    return Export(slug(f"open-clip-{arch}-{tag}" if tag else f"open-clip-{arch}", seed), family, "contrastive" if seed is None else "none", tag or "none",
                  f"open_clip {open_clip.__version__} {name}", Image_(), [output("joint", "joint", "image embedding in the space shared with text, not normalised")], p, text=text)


# ---------------------------------------------------------------- writing and checking


def slug(name, seed=None):
    s = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")
    return s if seed is None else f"{s}-random{seed}"


def to_onnx(module, example, path, inputs, outputs, dynamic, opset):
    with torch.no_grad():
        torch.onnx.export(module, (example,), str(path), input_names=inputs, output_names=outputs, dynamic_axes=dynamic, opset_version=opset,
                          do_constant_folding=True, dynamo=False)
    model = onnx.load(str(path))
    onnx.checker.check_model(model)


def toml_value(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, (list, tuple)):
        return "[" + ", ".join(toml_value(x) for x in v) + "]"
    if isinstance(v, str):
        return json.dumps(v, ensure_ascii=False)
    return repr(v)


def manifest(e, out):
    digest = lambda f: hashlib.sha256((out / f).read_bytes()).hexdigest()
    lines = []
    put = lambda key, v: lines.append(f"{key} = {toml_value(v)}")
    put("name", e.name), put("doc", e.doc or e.source), put("family", e.family), put("training", e.training), put("data", e.data)
    put("licence", e.licence), put("source", e.source), put("file", e.name + ".onnx"), put("sha256", digest(e.name + ".onnx"))
    put("size", (out / (e.name + ".onnx")).stat().st_size)
    lines += ["", "[input]", 'name = "pixel_values"', "", "[preprocess]"]
    for key in ("filter", "fit", "resize", "size", "centre", "scale", "mean", "std"):
        if e.preprocess[key] not in (0, [], None):
            put(key, e.preprocess[key])
    for o in e.outputs:
        lines += ["", "[[output]]"]
        for key in ("name", "layout", "prefix", "doc"):
            if o[key]:
                put(key, o[key])
    if e.text:
        t, f = e.text, e.name + "-text.onnx"
        lines += ["", "[text]"]
        put("file", f), put("sha256", digest(f)), put("size", (out / f).stat().st_size), put("input", "input_ids"), put("tensor", "joint")
        put("tokenizer", t["tokenizer"]), put("vocab", t["vocab"])
        put("context", t["context"]), put("pad_id", t["pad"]), put("logit_scale", t["scale"])
    (out / (e.name + ".toml")).write_text("\n".join(lines) + "\n")


def resize(img, size, filt):
    """Pillow's resize, horizontal pass first. Pillow 13 alone swaps the passes where the height shrinks most (off by a level)."""
    return img.resize((size[0], img.height), filt).resize(size, filt)


def prepare(p, img):
    """The manifest's preprocessing in Pillow and numpy: the oracle of the Go code, and itself checked against the libraries."""
    filt = getattr(Image.Resampling, p["filter"].upper())
    w, h = img.size
    if p["fit"] == "crop":
        short, (ch, cw) = p["resize"], p["size"]
        rw, rh = (short, int(short * h / w)) if w <= h else (int(short * w / h), short)
        img = resize(img, (rw, rh), filt)
        rnd = (lambda d: d // 2) if p["centre"] == "floor" else (lambda d: int(round(d / 2.0)))
        x0, y0 = rnd(rw - cw), rnd(rh - ch)
        img = img.crop((x0, y0, x0 + cw, y0 + ch))
    elif p["fit"] == "squash":
        img = resize(img, (p["size"][1], p["size"][0]), filt)
    x = np.asarray(img, dtype=np.float64).transpose(2, 0, 1)
    mean, std = np.array(p["mean"])[:, None, None], np.array(p["std"])[:, None, None]
    return ((x * p["scale"] - mean) / std).astype(np.float32)


def picture(path):
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")


def session(path):
    opts = onnxruntime.SessionOptions()
    opts.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), opts, providers=["CPUExecutionProvider"])


def distance(a, b):
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    return np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-30), 1 - a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-30)


def check(e, out, pictures):
    s, worst = session(out / (e.name + ".onnx")), (0.0, 0.0, "")
    if not pictures:
        rng = np.random.default_rng(0)
        pictures = [Image.fromarray(rng.integers(0, 256, (240, 320, 3), dtype=np.uint8)) for _ in range(2)]
    for img in pictures:
        x = prepare(e.preprocess, img)[None]
        with torch.no_grad():
            want = e.module(torch.from_numpy(x))
        got = s.run(None, {"pixel_values": np.concatenate([x, x])})
        for o, w, g in zip(e.outputs, want, got):
            rel, cos = distance(g[1], w[0].numpy())
            worst = max(worst, (rel, cos, o["name"]))
    print(f"parity of {e.name}: worst relative L2 {worst[0]:.1e}, cosine distance {worst[1]:.1e} ({worst[2]}) over {len(pictures)} pictures")
    if e.text:
        s, t = session(out / (e.name + "-text.onnx")), e.text
        ids = torch.zeros((2, t["context"]), dtype=torch.int64) + t["pad"]
        vocab = t.get("size", 49408)
        ids[:, 0], ids[:, 1], ids[:, 2] = vocab - 2, 320 % (vocab - 2), vocab - 1
        with torch.no_grad():
            rel, cos = distance(s.run(None, {"input_ids": ids.numpy()})[0], t["module"](ids).numpy())
        print(f"parity of its text tower: relative L2 {rel:.1e}, cosine distance {cos:.1e}")
        worst = max(worst, (rel, cos, "text"))
    if worst[0] > 1e-3 or worst[1] > 1e-6:
        sys.exit(f"{e.name}: the ONNX file does not do what the library does")


def write(e, out, opset=17):
    """Write NAME.onnx, NAME-text.onnx where there is a text tower, and NAME.toml."""
    out.mkdir(parents=True, exist_ok=True)
    h, w = e.preprocess["size"] or (64, 80)
    if e.dynamic:
        h, w = max(h, 64), max(w, 64)
    names = [o["name"] for o in e.outputs]
    dynamic = {n: {0: "N"} for n in ["pixel_values"] + names}
    if e.dynamic:
        dynamic["pixel_values"].update({2: "H", 3: "W"})
        for o in e.outputs:
            if o["layout"] == "map":
                dynamic[o["name"]].update({2: o["name"] + "_h", 3: o["name"] + "_w"})
    to_onnx(e.module, torch.zeros(2, 3, h, w), out / (e.name + ".onnx"), ["pixel_values"], names, dynamic, opset)
    if e.text:
        ids = torch.zeros((2, e.text["context"]), dtype=torch.int64)
        ids[:, -1] = e.text.get("size", 49408) - 1
        to_onnx(e.text["module"].eval(), ids, out / (e.name + "-text.onnx"), ["input_ids"], ["joint"], {"input_ids": {0: "N"}, "joint": {0: "N"}}, opset)
        if e.text["vocab"] is not None and not isinstance(e.text["vocab"], str):
            save_vocab(e.text["vocab"], out)
            e.text["vocab"] = "tokenizer.json"
    manifest(e, out)


def save_vocab(tokenizer, out):
    tokenizer.backend_tokenizer.save(str(out / "tokenizer.json"))


def build(spec, seed, out):
    kind, _, name = spec.partition(":")
    makers = {
        "timm": lambda: from_timm(name, seed),
        "torchvision": lambda: from_torchvision(name, seed),
        "clip": lambda: from_transformers("clip", name, seed),
        "siglip": lambda: from_transformers("siglip", name, seed),
        "open_clip": lambda: from_open_clip(name, seed),
        "lpips": lambda: from_lpips(name, seed, out),
        "dists": lambda: from_dists(seed, out),
        "fidelity": lambda: from_fidelity(seed),
    }
    if kind not in makers:
        sys.exit(f"{spec}: there is no source {kind!r}, there are {', '.join(makers)}")
    return makers[kind]()


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument("spec", help="timm:NAME, torchvision:NAME, clip:NAME, siglip:NAME, open_clip:ARCH/PRETRAINED, lpips:NET, dists, fidelity:inception")
    a.add_argument("--out", type=pathlib.Path, default=pathlib.Path("models"))
    a.add_argument("--name", help="name of the model; by default made from the source's")
    a.add_argument("--random", type=int, metavar="SEED", help="seeded random weights, nothing is downloaded")
    a.add_argument("--check", type=pathlib.Path, metavar="FOLDER", help="pictures for the parity check; noise without")
    a.add_argument("--opset", type=int, default=17)
    args = a.parse_args()
    e = build(args.spec, args.random, args.out)
    if args.name:
        e.name = args.name
    write(e, args.out, args.opset)
    files = sorted(p for p in args.check.rglob("*") if p.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp", ".bmp")) if args.check else []
    check(e, args.out, [picture(f) for f in files[:20]])
    print(f"wrote {args.out / e.name}.onnx and .toml; its licence is for you to fill in" if e.licence == LICENCES else f"wrote {args.out / e.name}.onnx and .toml")


if __name__ == "__main__":
    main()
