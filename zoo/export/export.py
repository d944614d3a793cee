"""Export a public model to ONNX with a manifest, and check it against the library that it comes from.

    python export.py timm:vit_small_patch14_dinov2.lvd142m --out models/
    python export.py clip:openai/clip-vit-base-patch32 --out models/
    python export.py torchvision:vgg16 --out models/ --check photos/
    python export.py timm:resnet50 --checkpoint mine.pth --training classes --data "my pictures" --name mine --out models/

Sources: timm:NAME, torchvision:NAME, clip:NAME and siglip:NAME (transformers; NAME may be a local folder), open_clip:ARCH/PRETRAINED,
dino:resnet50, dreamsim:TYPE, lpips:alex|vgg|squeeze, dists, fidelity:inception. --checkpoint FILE loads weights of one's own into the
architecture (timm, torchvision, open_clip). --random SEED takes it with seeded random weights and downloads nothing.

Every file has a dynamic batch. Outputs: pooled embedding, last and intermediate maps or tokens, keys of the last attention,
logits, joint embedding. The manifest's preprocessing is the library's own configuration. The parity check runs the library
and ONNX Runtime on the same pictures and texts and fails above a relative L2 of 1e-3 or a cosine distance of 1e-6.
"""

import argparse
import hashlib
import json
import math
import pathlib
import re
import shutil
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from PIL import Image, ImageOps

torch.backends.mha.set_fastpath_enabled(False)  # the fused attention of nn.MultiheadAttention has no ONNX form

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LICENCES = "see the source"


class Export:
    """A model on its way to ONNX: a module that maps a picture to a tuple of tensors, and what the manifest says of it."""

    def __init__(self, name, family, training, data, source, module, outputs, preprocess, doc="", licence=LICENCES, dynamic=False, text=None):
        self.name, self.family, self.training, self.data, self.source = name, family, training, data, source
        self.module, self.outputs, self.preprocess, self.doc, self.licence = module.eval(), outputs, preprocess, doc, licence
        # text: dict(module, tokenizer, vocab (a file's name, or the library's tokenizer, whose file is then written), context, pad, scale, bias,
        # ids: texts -> token ids by the library's own tokenizer, None where there is none; size: of the vocabulary)
        self.dynamic, self.text = dynamic, text


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


def checkpoint(path):
    """The weights in a file: a state dict, perhaps within a training state and with the prefix of a parallel wrapper."""
    path = pathlib.Path(path)
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        state = load_file(path)
    else:
        state = torch.load(path, map_location="cpu", weights_only=True)
    for key in ("state_dict_ema", "model_ema", "state_dict", "model", "teacher"):
        if isinstance(state.get(key), dict):
            state = state[key]
            break
    for prefix in ("module.", "model.", "backbone."):
        if state and all(k.startswith(prefix) for k in state):
            state = {k[len(prefix) :]: v for k, v in state.items()}
    return state


def quarters(depth):
    """The blocks after which the residual stream is an output: a quarter, half, three quarters and all of the depth."""
    return sorted({max(1, round(depth * q / 4)) for q in (1, 2, 3, 4)})


# ---------------------------------------------------------------- timm


def from_timm(name, seed, weights=None, **kwargs):
    import timm

    state = checkpoint(weights) if weights else None
    if state is not None:
        head = timm.models.get_pretrained_cfg(name).classifier or "head"
        head = head if isinstance(head, str) else head[0]
        kwargs["num_classes"] = len(state[head + ".weight"]) if head + ".weight" in state else 0
    build = lambda: timm.create_model(name, pretrained=seed is None and state is None, **kwargs)
    model = (build() if seed is None else seeded(build, seed)).eval()
    if state is not None:
        model.load_state_dict(state)
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
    module, outs, family = timm_taps(model, size)
    return Export(slug(name, seed), family, training, data, f"timm {timm.__version__} {name}", module, outs, p, doc=f"timm's {name}")


def timm_taps(model, size):
    """Module, outputs and family for any timm model: transformers by blocks, the others by feature_info. size: of the input."""
    classes = getattr(model, "num_classes", 0)
    pooled = lambda m, last: m.forward_head(last, pre_logits=True)
    if hasattr(model, "blocks") and hasattr(model, "patch_embed") and hasattr(model, "num_prefix_tokens"):
        depth, prefix = len(model.blocks), model.num_prefix_tokens
        at = quarters(depth)
        hooked = {f"block{i}": model.blocks[i - 1] for i in at}
        attention = model.blocks[-1].attn
        fused = getattr(attention, "qkv", None) is not None
        if fused or getattr(attention, "k_proj", None) is not None:
            hooked["keys"] = attention.qkv if fused else attention.k_proj

        def head(m, x, kept):
            tokens = m.forward_features(x)
            out = [pooled(m, tokens), tokens] + [kept[f"block{i}"] for i in at]
            if "keys" in hooked:
                d = kept["keys"].shape[-1] // 3
                out.append(kept["keys"][..., d : 2 * d] if fused else kept["keys"])
            if classes:
                out.append(m.forward_head(tokens))
            return out

        outs = [output("embedding", "pooled", "what the classifier would be given"), output("tokens", "tokens", "after the last norm", prefix)]
        outs += [output(f"block{i}", "tokens", f"residual stream after block {i} of {depth}", prefix) for i in at]
        if "keys" in hooked:
            outs.append(output("keys", "tokens", "keys of the last attention, all heads", prefix))
        if classes:
            outs.append(output("logits", "logits", f"{classes} classes"))
        return Taps(model, hooked, head), outs, "vit"
    if not getattr(model, "feature_info", None):
        sys.exit(f"timm's {type(model).__name__} does not say where its maps are (feature_info); export it with torch.onnx.export and use probity models add")
    info = [i["module"] for i in model.feature_info]
    hooked = {f"stage{k + 1}": model.get_submodule(n) for k, n in enumerate(info)}
    last = {}  # which maps have their channels last, as in Swin

    def head(m, x, kept):
        maps = [m.forward_features(x)]
        out = [pooled(m, maps[0])]
        maps += [kept[k] for k in hooked]
        out += [v.permute(0, 3, 1, 2) if last.get(k) else v for k, v in enumerate(maps)]
        if classes:
            out.append(m.forward_head(maps[0]))
        return out

    module = Taps(model, hooked, head)
    with torch.no_grad():
        tried = module(torch.zeros(1, 3, *size))
    channels = [model.num_features] + [i["num_chs"] for i in model.feature_info]
    for k, (v, c) in enumerate(zip(tried[1:], channels)):
        last[k] = v.dim() == 4 and v.shape[1] != c and v.shape[3] == c
    outs = [output("embedding", "pooled", "mean of the last map, as the classifier takes it"), output("spatial", "map", "last map")]
    outs += [output(f"stage{k + 1}", "map", f"after {n}") for k, n in enumerate(info)]
    if classes:
        outs.append(output("logits", "logits", f"{classes} classes"))
    return module, outs, "cnn"


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


def from_torchvision(name, seed, weights=None):
    import torchvision

    state = checkpoint(weights) if weights else None
    kwargs = dict(num_classes=len(state["fc.weight"])) if state and "fc.weight" in state else {}
    build = lambda: torchvision.models.get_model(name, weights="DEFAULT" if seed is None and state is None else None, **kwargs)
    model = build() if seed is None else seeded(build, seed)
    if state is not None:
        model.load_state_dict(state)
    # Where there are no published weights to ask, the usual evaluation.
    p, data, training = prep("crop", 224, 256, "bilinear"), "ImageNet-1k", "classes"
    if seed is None and state is None:
        t = torchvision.models.get_model_weights(name).DEFAULT.transforms()
        p = prep("crop", t.crop_size[0], t.resize_size[0], t.interpolation.value, t.mean, t.std)
    elif seed is not None:
        data, training = "none", "none"
    source = f"torchvision {torchvision.__version__} {name}"
    if name in TRUNKS:
        module, outs = vgg_like_taps(model.features, *TRUNKS[name])
        return Export(slug(name, seed), "cnn", training, data, source, module, outs, p, dynamic=True, licence="BSD-3-Clause")
    if not hasattr(model, "layer4"):
        sys.exit(f"torchvision:{name}: only ResNets, VGG-16, AlexNet and SqueezeNet 1.1 are exported from torchvision; timm has the others")
    module, outs = resnet_taps(model)
    return Export(slug(name, seed), "cnn", training, data, source, module, outs, p, licence="BSD-3-Clause")


def resnet_taps(model):
    """Outputs of a torchvision ResNet; logits only where it has a classifier."""
    hooked = {f"stage{i}": getattr(model, f"layer{i}") for i in range(1, 5)}
    hooked["embedding"] = model.avgpool
    classes = getattr(model.fc, "out_features", 0)

    def head(m, x, kept):
        logits = m(x)
        return [kept["embedding"].flatten(1)] + [kept[f"stage{i}"] for i in range(1, 5)] + ([logits] if classes else [])

    outs = [output("embedding", "pooled", "mean of the last map")] + [output(f"stage{i}", "map", f"after layer{i}") for i in range(1, 5)]
    if classes:
        outs.append(output("logits", "logits", f"{classes} classes"))
    return Taps(model, hooked, head), outs


def from_dino(name, seed):
    """DINO's ResNet-50 as its authors' hubconf.py builds it. Their ViTs are timm:vit_small_patch16_224.dino and its siblings."""
    import torchvision

    if name != "resnet50":
        sys.exit(f"dino:{name}: only dino:resnet50; the ViTs are in timm: timm:vit_small_patch16_224.dino, timm:vit_base_patch16_224.dino")
    build = lambda: torchvision.models.resnet50(weights=None)
    model = build() if seed is None else seeded(build, seed)
    model.fc = torch.nn.Identity()
    if seed is None:
        url = "https://dl.fbaipublicfiles.com/dino/dino_resnet50_pretrain/dino_resnet50_pretrain.pth"
        lost = model.load_state_dict(torch.hub.load_state_dict_from_url(url, map_location="cpu", check_hash=False), strict=False)
        if lost.missing_keys:
            sys.exit(f"{url} lacks {', '.join(lost.missing_keys[:5])}")
    module, outs = resnet_taps(model)
    return Export(slug("dino-resnet50", seed), "cnn", "self-supervised" if seed is None else "none", "ImageNet-1k without labels" if seed is None else "none",
                  "Caron et al., ICCV 2021; facebookresearch/dino dino_resnet50", module, outs, prep("crop", 224, 256, "bicubic"), licence="Apache-2.0")


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


def from_dreamsim(kind, seed):
    """DreamSim: one or three ViTs with LoRA, their class tokens or projected embeddings in a row, centred and of length 1. Its distance is the
    cosine distance of the output embedding."""
    import dreamsim

    kind = kind or "ensemble"
    if kind not in dreamsim.config.dreamsim_args["model_config"] or kind.endswith("_patch"):
        sys.exit(f"dreamsim:{kind}: there are ensemble, dino_vitb16, dinov2_vitb14, clip_vitb32, open_clip_vitb32, synclr_vitb16")
    with tempfile.TemporaryDirectory() as folder:
        if seed is None:
            wrapped, _ = dreamsim.dreamsim(pretrained=True, device="cpu", cache_dir=folder, dreamsim_type=kind)
        else:
            wrapped = seeded_dreamsim(kind, seed, folder)
    model = wrapped.merge_and_unload() if hasattr(wrapped, "merge_and_unload") else wrapped

    class Embedding(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.m = model

        def forward(self, x):  # levels as 0..1; each ViT has its own normalisation. embed() itself squeezes a batch of one away
            e = torch.cat([f(x, extractor_index=i).flatten(1) for i, f in enumerate(self.m.extract_feats_list)], -1)
            e = self.m.mlp(e)
            e = e - e.mean(1, keepdim=True)
            return (e / e.norm(dim=1, keepdim=True),)

    module = Embedding().eval()
    with torch.no_grad():
        x = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
        off = (module(x)[0] - model.embed(x)).abs().max()
    if off > 1e-5:
        sys.exit(f"dreamsim:{kind}: the embedding is off from the package's by {off:.1e}; this version of dreamsim computes it in another way")
    p = prep("squash", 224, mean=(0, 0, 0), std=(1, 1, 1))
    return Export(slug("dreamsim-" + kind, seed), "vit", "contrastive" if seed is None else "none", "NIGHTS, on top of the ViTs' own" if seed is None else "none",
                  "Fu, Tamir, Sundaram et al., DreamSim, NeurIPS 2023; the package dreamsim", module,
                  [output("embedding", "pooled", "centred and of length 1; its cosine distance is DreamSim")], p, doc=f"DreamSim, {kind}", licence="MIT")


def seeded_dreamsim(kind, seed, folder):
    """DreamSim from checkpoints of its own layout with seeded random weights, so that the package's own way of loading is gone."""
    import dreamsim
    import peft
    from dreamsim.feature_extraction import vision_transformer as v

    folder = pathlib.Path(folder)
    config = dreamsim.config.dreamsim_args["model_config"][kind]
    names = config["model_type"].split(",")
    if any("dinov2" in n for n in names):
        sys.exit(f"dreamsim:{kind} loads code from torch.hub, so it cannot be had with random weights")
    for n in names:
        patch = int(n[-2:])
        if n.startswith("dino"):
            # DINOHead's layers are made anew by the package, which reads them from the student's checkpoint.
            head = v.DINOHead(768, 2048)
            student = {"module.head." + k.replace("last_layer.parametrizations.weight.original1", "last_layer.weight"): w for k, w in head.state_dict().items()}
            student["module.head.last_layer.weight"] = head.last_layer.weight.data
            torch.save({"student": student}, folder / "dino_vitb16_pretrain.pth")
        elif n.startswith("synclr"):
            state = {"module.visual." + k: w for k, w in seeded(lambda: v.vit_base(patch_size=patch), seed).state_dict().items()}
            torch.save({"model": state}, folder / "synclr_vit_b_16.pth")
        else:
            vit = seeded(lambda: v.vit_base(patch_size=patch), seed + patch)
            vit.pos_drop = torch.nn.LayerNorm(vit.embed_dim)
            gen = torch.Generator().manual_seed(seed + 2)
            state = dict(vit.state_dict(), proj=torch.randn(768, 512, generator=gen) / 28)
            torch.save({"state_dict": state}, folder / f"{n.rsplit('_', 1)[0]}_vitb{patch}_pretrain.pth.tar")
    tag = "ensemble_lora" if kind == "ensemble" else f"{names[0]}_single_lora"
    hub, torch.hub.load = torch.hub.load, lambda *_a, **_k: seeded(lambda: v.vit_base(patch_size=16), seed)
    try:
        torch.manual_seed(seed + 3)
        model = dreamsim.model.PerceptualModel(**config, device="cpu", load_dir=str(folder), normalize_embeds=True)
        lora = peft.get_peft_model(model, peft.LoraConfig(r=16, lora_alpha=0.5, lora_dropout=0.3, bias="none", target_modules=["qkv"], init_lora_weights=False))
        lora.save_pretrained(folder / tag)
        wrapped, _ = dreamsim.dreamsim(pretrained=True, device="cpu", cache_dir=str(folder), dreamsim_type=kind)
    finally:
        torch.hub.load = hub
    return wrapped


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
    at = quarters(depth)
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


# What the architectures are that --random takes: the parts of their configuration that are not the library's defaults.
TRANSFORMERS = {
    "openai/clip-vit-base-patch32": {},
    "openai/clip-vit-base-patch16": dict(vision_config=dict(patch_size=16)),
    "openai/clip-vit-large-patch14": dict(
        vision_config=dict(patch_size=14, hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16, projection_dim=768),
        text_config=dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12, projection_dim=768), projection_dim=768),
    "google/siglip-base-patch16-224": {},
    "google/siglip-base-patch16-256": dict(vision_config=dict(image_size=256)),
    "google/siglip-base-patch16-384": dict(vision_config=dict(image_size=384)),
    "google/siglip-base-patch16-512": dict(vision_config=dict(image_size=512)),
    "google/siglip-large-patch16-256": dict(
        vision_config=dict(image_size=256, hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16),
        text_config=dict(hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16)),
    "google/siglip-so400m-patch14-384": dict(
        vision_config=dict(image_size=384, patch_size=14, hidden_size=1152, intermediate_size=4304, num_hidden_layers=27, num_attention_heads=16),
        text_config=dict(hidden_size=1152, intermediate_size=4304, num_hidden_layers=27, num_attention_heads=16)),
}


def from_transformers(kind, name, seed):
    import transformers

    siglip = kind == "siglip"
    cls = transformers.SiglipModel if siglip else transformers.CLIPModel
    if seed is None:
        model = cls.from_pretrained(name, attn_implementation="eager")
        p = hf_processor(transformers.AutoImageProcessor.from_pretrained(name))
        tok = transformers.AutoTokenizer.from_pretrained(name)
    else:
        arch = TRANSFORMERS.get(name)
        if arch is None:
            sys.exit(f"--random knows no configuration of {name}, it knows {', '.join(TRANSFORMERS)}")
        cfg = (transformers.SiglipConfig if siglip else transformers.CLIPConfig)(**arch)
        cfg._attn_implementation = "eager"
        model = seeded(lambda: cls(cfg), seed)
        size = cfg.vision_config.image_size
        ip = transformers.SiglipImageProcessor(size=dict(height=size, width=size)) if siglip else transformers.CLIPImageProcessor()
        p, tok = hf_processor(ip), None
    module, outs, text = transformers_towers(model, siglip)
    context, scale = model.config.text_config.max_position_embeddings, float(model.logit_scale.exp())
    ids = None
    if tok is not None:
        ids = lambda texts: tok(texts, padding="max_length", max_length=context, truncation=True, return_tensors="pt").input_ids
    if siglip:
        text = dict(module=text, tokenizer="siglip", vocab=tok or "siglip/spiece.model", context=context, pad=tok.pad_token_id if tok else 1, scale=scale,
                    bias=float(model.logit_bias), size=model.config.text_config.vocab_size, ids=ids)
        if tok is not None and not getattr(tok, "vocab_file", None):
            print(f"{name} has no spiece.model (SigLIP 2 has another tokenizer, Gemma's): its image tower is exported alone")
            text = None
    else:
        text = dict(module=text, tokenizer="clip-bpe-transformers", vocab=tok or "clip_bpe/bpe_simple_vocab_16e6.txt.gz", context=context,
                    pad=tok.pad_token_id if tok else 49407, scale=scale, ids=ids)
    data = "WebLI" if name.startswith("google/siglip") else "WebImageText, 400 million pairs (OpenAI, not public)" if name.startswith("openai/") else "see the source"
    return Export(slug(name.rstrip("/").split("/")[-1], seed), "vit", "contrastive" if seed is None else "none", data if seed is None else "none",
                  f"transformers {transformers.__version__} {name}", module, outs, p, text=text)


def from_open_clip(name, seed, weights=None):
    import open_clip

    arch, _, tag = name.partition("/")
    build = lambda: open_clip.create_model(arch, pretrained=weights or tag if seed is None else None)
    model = (build() if seed is None else seeded(build, seed)).eval()
    cfg = dict(open_clip.get_model_preprocess_cfg(model))
    if seed is not None and tag:  # the weights' own preprocessing, which the model would have been given with them
        known = open_clip.get_pretrained_cfg(arch, tag) or sys.exit(f"open_clip has no weights {tag} of {arch}")
        cfg.update({k: known[k] for k in ("mean", "std", "interpolation", "resize_mode") if known.get(k)})
    size = cfg["size"] if isinstance(cfg["size"], int) else cfg["size"][0]
    fit = "squash" if cfg.get("resize_mode") == "squash" else "crop"
    p = prep(fit, size, size if fit == "crop" else 0, cfg.get("interpolation", "bicubic"), cfg["mean"], cfg["std"])
    module, outs, family = open_clip_taps(model, size)

    class TextTower(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.m = model

        def forward(self, ids):
            return self.m.encode_text(ids)

    text, config = None, open_clip.get_model_config(arch)["text_cfg"]
    common = dict(module=TextTower(), context=model.context_length, scale=float(model.logit_scale.exp()), bias=float(getattr(model, "logit_bias", None) or 0))
    if "hf_tokenizer_name" not in config and not config.get("tokenizer_kwargs"):
        text = dict(common, tokenizer="clip-bpe", vocab="clip_bpe/bpe_simple_vocab_16e6.txt.gz", pad=0, ids=open_clip.get_tokenizer(arch))
    elif re.search(r"SigLIP(-|$)", arch) and "i18n" not in arch:
        tok = open_clip.get_tokenizer(arch) if seed is None else None
        vocab = tok.tokenizer if tok else "siglip/spiece.model"
        text = dict(common, tokenizer="siglip-open-clip", vocab=vocab, pad=1, size=config["vocab_size"], ids=tok)
    if text is None:
        print(f"{arch}: its tokenizer is not among those that probity has (CLIP's and SigLIP's): its image tower is exported alone")
    data = next((d for part, d in (("laion2b", "LAION-2B"), ("laion400m", "LAION-400M"), ("openai", "WebImageText, 400 million pairs (OpenAI, not public)"),
                                   ("datacomp", "DataComp"), ("webli", "WebLI"), ("dfn", "DFN-2B"), ("metaclip", "MetaCLIP"), ("commonpool", "CommonPool"),
                                   ("yfcc15m", "YFCC-15M"), ("cc12m", "CC12M")) if part in tag), tag or "see the source")
    return Export(slug(f"open-clip-{arch}-{tag}" if tag else f"open-clip-{arch}", seed), family, "contrastive" if seed is None else "none",
                  data if seed is None else "none", f"open_clip {open_clip.__version__} {name}", module, outs, p, text=text)


def open_clip_taps(model, size):
    """Module, outputs and family of an open_clip image tower: its own ViT, its own ResNet, or a model of timm's."""
    v = model.visual
    joint = output("joint", "joint", "image embedding in the space shared with text, not normalised")
    if hasattr(v, "trunk"):
        inner, outs, family = timm_taps(v.trunk, (size, size))
        keep = [i for i, o in enumerate(outs) if o["name"] != "logits"]

        class Both(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.m, self.inner = model, inner

            def forward(self, x):
                return tuple([self.m.encode_image(x)] + [v for i, v in enumerate(self.inner(x)) if i in keep])

        return Both(), [joint] + [outs[i] for i in keep], family
    if hasattr(v, "layer4"):
        hooked = {f"stage{i}": getattr(v, f"layer{i}") for i in range(1, 5)}
        head = lambda m, x, kept: [m.encode_image(x), kept["stage4"].mean((2, 3))] + [kept[f"stage{i}"] for i in range(1, 5)]
        return Taps(model, hooked, head), [joint, output("embedding", "pooled", "mean of the last map, before attention pooling")] + [
            output(f"stage{i}", "map", f"after layer{i}") for i in range(1, 5)], "cnn"
    if not hasattr(v, "transformer"):
        return Taps(model, {}, lambda m, x, kept: [m.encode_image(x)]), [joint], "vit"
    blocks = v.transformer.resblocks
    depth, at = len(blocks), quarters(len(blocks))
    hooked = {f"block{i}": blocks[i - 1] for i in at}
    hooked["last"] = blocks[-1].ln_1  # what the last attention is given
    attention = blocks[-1].attn
    first = getattr(v.transformer, "batch_first", True)

    def head(m, x, kept):
        out = [m.encode_image(x)]
        own = (lambda t: t) if first else (lambda t: t.transpose(0, 1))
        out += [own(kept[f"block{i}"]) for i in at]
        d = attention.embed_dim
        out.append(torch.nn.functional.linear(own(kept["last"]), attention.in_proj_weight[d : 2 * d], attention.in_proj_bias[d : 2 * d]))
        return out

    outs = [joint] + [output(f"block{i}", "tokens", f"residual stream after block {i} of {depth}", 1) for i in at]
    outs.append(output("keys", "tokens", "keys of the last attention, all heads", 1))
    return Taps(model, hooked, head), outs, "vit"


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
        if t.get("bias"):
            put("logit_bias", t["bias"])
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


TEXTS = ["a photo of a dog", "Make the sky more dramatic, please!", "replace the cat by a fox", ""]


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
        if t.get("ids"):
            ids = t["ids"](TEXTS).to(torch.int64)
        else:  # a start, one token, an end, padding
            ids = torch.zeros((2, t["context"]), dtype=torch.int64) + t["pad"]
            vocab = t.get("size", 49408)
            ids[:, 0], ids[:, 1], ids[:, 2] = vocab - 2, 320 % (vocab - 2), vocab - 1
        with torch.no_grad():
            want = t["module"](ids).numpy()
        off = [distance(a, b) for a, b in zip(s.run(None, {"input_ids": ids.numpy()})[0], want)]
        rel, cos = max(o[0] for o in off), max(o[1] for o in off)
        print(f"parity of its text tower: worst relative L2 {rel:.1e}, cosine distance {cos:.1e} over {len(ids)} texts")
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
        if not isinstance(e.text["vocab"], str):
            e.text["vocab"] = save_vocab(e.text["vocab"], out, e.name)
    manifest(e, out)


def save_vocab(tokenizer, out, name):
    """The tokenizer's file under a name of the model's own, since a folder holds several models."""
    if getattr(tokenizer, "backend_tokenizer", None) is not None:
        file = name + "-tokenizer.json"
        tokenizer.backend_tokenizer.save(str(out / file))
    else:
        file = name + "-spiece.model"
        shutil.copyfile(tokenizer.vocab_file, out / file)
    return file


def build(spec, seed, out, weights=None):
    kind, _, name = spec.partition(":")
    if weights and kind not in ("timm", "torchvision", "open_clip"):
        sys.exit(f"--checkpoint goes with timm, torchvision and open_clip; transformers takes a folder: {kind}:FOLDER")
    makers = {
        "timm": lambda: from_timm(name, seed, weights),
        "torchvision": lambda: from_torchvision(name, seed, weights),
        "clip": lambda: from_transformers("clip", name, seed),
        "siglip": lambda: from_transformers("siglip", name, seed),
        "open_clip": lambda: from_open_clip(name, seed, weights),
        "dino": lambda: from_dino(name, seed),
        "dreamsim": lambda: from_dreamsim(name, seed),
        "lpips": lambda: from_lpips(name, seed, out),
        "dists": lambda: from_dists(seed, out),
        "fidelity": lambda: from_fidelity(seed),
    }
    if kind not in makers:
        sys.exit(f"{spec}: there is no source {kind!r}, there are {', '.join(makers)}")
    return makers[kind]()


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument("spec", help="timm:NAME, torchvision:NAME, clip:NAME, siglip:NAME, open_clip:ARCH/PRETRAINED, dino:resnet50, dreamsim:TYPE, lpips:NET, "
                                "dists, fidelity:inception")
    a.add_argument("--out", type=pathlib.Path, default=pathlib.Path("models"))
    a.add_argument("--name", help="name of the model; by default made from the source's")
    a.add_argument("--random", type=int, metavar="SEED", help="seeded random weights, nothing is downloaded")
    a.add_argument("--checkpoint", metavar="FILE", help="weights of your own: a state dict in .pth, .pt or .safetensors")
    for key in ("training", "data", "licence"):
        a.add_argument("--" + key, help=f"the manifest's {key}, where the library's weights are not what it is about")
    a.add_argument("--check", type=pathlib.Path, metavar="FOLDER", help="pictures for the parity check; noise without")
    a.add_argument("--opset", type=int, default=17)
    args = a.parse_args()
    if args.checkpoint and args.random is not None:
        sys.exit("--checkpoint and --random are two ways to weights; give one")
    if args.checkpoint and not args.data:
        sys.exit("--checkpoint wants --data: what the weights were trained on, since conclusions are drawn by it; and --training, where it is not the library's")
    args.out.mkdir(parents=True, exist_ok=True)
    e = build(args.spec, args.random, args.out, args.checkpoint)
    for key in ("name", "training", "data", "licence"):
        if getattr(args, key):
            setattr(e, key, getattr(args, key))
    write(e, args.out, args.opset)
    files = sorted(p for p in args.check.rglob("*") if p.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp", ".bmp")) if args.check else []
    check(e, args.out, [picture(f) for f in files[:20]])
    print(f"wrote {args.out / e.name}.onnx and .toml; its licence is for you to fill in" if e.licence == LICENCES else f"wrote {args.out / e.name}.onnx and .toml")


if __name__ == "__main__":
    main()
