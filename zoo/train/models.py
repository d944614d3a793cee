"""The networks of the micro zoo: two image families of equal size, and one text tower.

Both image towers take [N, 3, 64, 64] in 0..1 after mean 0.5 and standard deviation 0.5, end in an 8 x 8 map of
features, and average it into the embedding, so that the pooling is the same in both and only what happens before it
differs.
"""

import math

import torch
from torch import nn
import torch.nn.functional as F


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.a = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.na = nn.BatchNorm2d(width)
        self.b = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.nb = nn.BatchNorm2d(width)

    def forward(self, x):
        return F.relu(x + self.nb(self.b(F.relu(self.na(self.a(x))))))


def down(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU())


class CNN(nn.Module):
    """A small residual network (He et al., 2016): stages of 32, 64 and 160 channels at 32, 16 and 8 pixels."""

    width = 160
    maps = ("stage1", "stage2", "stage3")

    def __init__(self):
        super().__init__()
        self.stage1 = nn.Sequential(down(3, 32), Residual(32))
        self.stage2 = nn.Sequential(down(32, 64), Residual(64))
        self.stage3 = nn.Sequential(down(64, 160), Residual(160), nn.Conv2d(160, 160, 3, padding=1, bias=False), nn.BatchNorm2d(160))

    def forward(self, x):
        s1 = self.stage1(x)
        s2 = self.stage2(s1)
        s3 = self.stage3(s2)
        return {"stage1": s1, "stage2": s2, "stage3": s3, "embedding": s3.mean((2, 3))}


class Attention(nn.Module):
    def __init__(self, width, heads, causal=False):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x, keep=None):
        n, t, c = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        a = (q @ k.transpose(-2, -1)) * (c // self.heads) ** -0.5
        if keep is not None:
            a = a.masked_fill(~keep[:, None, None, :], -1e4)
        return self.out((a.softmax(-1) @ v).transpose(1, 2).reshape(n, t, c))


class Block(nn.Module):
    """A pre-norm transformer block (Vaswani et al., 2017; Dosovitskiy et al., 2021)."""

    def __init__(self, width, heads, hidden=4):
        super().__init__()
        self.n1, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.n2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, hidden * width), nn.GELU(), nn.Linear(hidden * width, width))

    def forward(self, x, keep=None):
        x = x + self.attention(self.n1(x), keep)
        return x + self.mlp(self.n2(x))


class ViT(nn.Module):
    """A vision transformer of width 128 and depth 4 on an 8 x 8 grid. With stem="conv" three strided convolutions make
    the patches (Xiao et al., 2021), with stem="patch" one linear map of 8 x 8 pixels does."""

    width = 128
    maps = ("block2", "tokens")

    def __init__(self, stem="conv", depth=4, heads=4):
        super().__init__()
        if stem == "conv":
            self.stem = nn.Sequential(down(3, 24), down(24, 48), nn.Conv2d(48, self.width, 3, stride=2, padding=1))
        else:
            self.stem = nn.Conv2d(3, self.width, 8, stride=8)
        self.place = nn.Parameter(0.02 * torch.randn(1, 64, self.width))
        self.blocks = nn.ModuleList(Block(self.width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(self.width)

    def forward(self, x):
        x = self.stem(x).flatten(2).transpose(1, 2) + self.place
        mid = None
        for i, b in enumerate(self.blocks):
            x = b(x)
            if i == len(self.blocks) // 2 - 1:
                mid = x
        t = self.norm(x)
        return {"block2": mid, "tokens": t, "embedding": t.mean(1)}


class Text(nn.Module):
    """A transformer over words: width 128, depth 2, mean over the words that are there."""

    def __init__(self, words, context, width=128, joint=128):
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.place = nn.Parameter(0.02 * torch.randn(1, context, width))
        self.blocks = nn.ModuleList(Block(width, 4, 2) for _ in range(2))
        self.norm = nn.LayerNorm(width)
        self.joint = nn.Linear(width, joint, bias=False)

    def forward(self, ids):
        keep = ids > 0
        x = self.embed(ids) + self.place
        for b in self.blocks:
            x = b(x, keep)
        w = keep[..., None].to(x.dtype)
        x = (self.norm(x) * w).sum(1) / w.sum(1).clamp(min=1)
        return F.normalize(self.joint(x).float(), dim=-1)


class Classifier(nn.Module):
    """An image tower with label heads: the class alone, or every fact that a full caption tells."""

    def __init__(self, tower, heads):
        super().__init__()
        self.tower = tower
        self.heads = nn.ModuleDict({k: nn.Linear(tower.width, n) for k, n in heads.items()})
        if "small" in heads:  # most combinations are absent from most scenes
            nn.init.constant_(self.heads["small"].bias, -5.5)

    def forward(self, x):
        e = self.tower(x)["embedding"]
        return {k: h(e) for k, h in self.heads.items()}

    def outputs(self, x):
        """What an exported model gives: the maps, the embedding and the logits of the main object's shape."""
        out = self.tower(x)
        return {**out, "logits": self.heads["shape"](out["embedding"])}


class CLIP(nn.Module):
    """Two towers and a learned temperature (Radford et al., 2021)."""

    def __init__(self, tower, words, context, joint=128):
        super().__init__()
        self.tower = tower
        self.joint = nn.Linear(tower.width, joint, bias=False)
        self.text = Text(words, context, joint=joint)
        self.scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def outputs(self, x):
        """What an exported model gives: the maps, the embedding and its place in the space shared with words."""
        out = self.tower(x)
        return {**out, "joint": self.joint(out["embedding"])}

    def image(self, x):
        return F.normalize(self.joint(self.tower(x)["embedding"]).float(), dim=-1)


def count(module):
    return sum(p.numel() for p in module.parameters())


def tower(family):
    return {"cnn": CNN, "vit": lambda: ViT("conv"), "vit-patch": lambda: ViT("patch")}[family]()


if __name__ == "__main__":
    for name in ("cnn", "vit", "vit-patch"):
        print(name, count(tower(name)))
