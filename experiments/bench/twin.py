"""The experiments learned.toml and classical.toml as a careful Python user would write them: every feature computed
once, in batches of 8, several processes-worth of work shared by threads (ONNX Runtime, Pillow, numpy and scikit-image
let go of the interpreter's lock where it matters).

Use: twin.py learned|classical IMAGES MODELS THREADS
Needs onnxruntime, Pillow, numpy, scikit-image.
"""
import hashlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

SIZE, LIMIT, BATCH = 256, 96, 8


def working(path):
    im = Image.open(path).convert("RGB")
    w, h = im.size
    k = SIZE / min(w, h)
    im = im.resize((max(SIZE, round(w * k)), max(SIZE, round(h * k))), Image.Resampling.BICUBIC)
    w, h = im.size
    x, y = (w - SIZE) // 2, (h - SIZE) // 2
    return np.asarray(im.crop((x, y, x + SIZE, y + SIZE)))


def masks(rng):
    """Discs, boxes of given area at a random place, and the whole."""
    yy, xx = np.mgrid[:SIZE, :SIZE]
    out = {}
    cx, cy = rng.uniform(SIZE / 4, 3 * SIZE / 4, 2)
    for area in (0.04, 0.16):
        r = np.sqrt(area / np.pi) * SIZE
        out["disc", area] = (xx - cx) ** 2 + (yy - cy) ** 2 <= r * r
        s = np.sqrt(area) * SIZE / 2
        out["box", area] = (abs(xx - cx) <= s) & (abs(yy - cy) <= s)
    out["whole", 1] = np.ones((SIZE, SIZE), bool)
    return out


def stimuli(img, seed):
    rng = np.random.default_rng(seed)
    m = masks(rng)
    field = rng.standard_normal(img.shape)
    rows = []
    for sigmas, names in (((2, 8, 32), (("disc", .04), ("disc", .16), ("whole", 1))), ((1, 4, 16), (("box", .04), ("box", .16)))):
        for name in names:
            for s in sigmas:
                noisy = np.clip(np.rint(img + s * field), 0, 255).astype(np.uint8)
                rows.append(np.where(m[name][..., None], noisy, img))
    pil = Image.fromarray(img)
    for _ in range(8):
        dx, dy = rng.uniform(-1, 1, 2)
        rows.append(np.asarray(pil.transform(pil.size, Image.Transform.AFFINE, (1, 0, dx, 0, 1, dy), Image.Resampling.BICUBIC)))
    return rows


def prepare(img, short, resample, scale, mean, std):
    im = Image.fromarray(img)
    if short != SIZE:
        im = im.resize((short, short), resample)
    o = (short - 224) // 2
    x = np.asarray(im.crop((o, o, o + 224, o + 224)), np.float32)
    return ((x * scale - mean) / std).transpose(2, 0, 1)


def cosine(a, b, axis):
    return 1 - (a * b).sum(axis) / (np.linalg.norm(a, axis=axis) * np.linalg.norm(b, axis=axis))


IMAGENET = (np.float32([.485, .456, .406]), np.float32([.229, .224, .225]))
HALF = (np.float32(.5), np.float32(.5))
BIL, BIC = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC


def learned(models, threads):
    import onnxruntime as ort

    opt = ort.SessionOptions()
    opt.intra_op_num_threads = 1
    nets = []
    for file, prep in (
        ("mobilenetv2_1.0_224.onnx", (256, BIL, np.float32(1), np.float32(128), np.float32(128))),
        ("alexnet_features.onnx", (256, BIL, np.float32(1 / 255), *IMAGENET)),
        ("squeezenet1.1.onnx", (256, BIL, np.float32(1 / 255), *IMAGENET)),
        ("vit_tiny_patch16_224.onnx", (248, BIC, np.float32(1 / 255), *HALF)),
    ):
        s = ort.InferenceSession(os.path.join(models, file), opt, providers=["CPUExecutionProvider"])
        nets.append((s, s.get_inputs()[0].name, prep))

    def score(img, rows):
        batch = [img, *rows]
        out = []
        for s, name, prep in nets:
            pooled, spatial = [], []
            for i in range(0, len(batch), BATCH):
                x = np.stack([prepare(b, *prep) for b in batch[i:i + BATCH]])
                res = s.run(None, {name: x})
                for r in res:
                    if r.ndim == 2:
                        p = r
                maps = [r for r in res if r.ndim == 4]
                tokens = [r for r in res if r.ndim == 3]
                if maps:
                    sp = maps[-1].reshape(len(x), maps[-1].shape[1], -1).transpose(0, 2, 1)
                    p = sp.mean(1)
                else:
                    sp = tokens[-1][:, 1:]
                    p = tokens[-1][:, 0]
                pooled.append(p)
                spatial.append(sp)
            pooled, spatial = np.concatenate(pooled), np.concatenate(spatial)
            out.append(cosine(pooled[1:], pooled[:1], 1))
            out.append(cosine(spatial[1:], spatial[:1], 2).mean(1))
        return out

    return score


def classical(models, threads):
    from skimage.color import deltaE_ciede2000, rgb2lab
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    def score(img, rows):
        lab = rgb2lab(img)
        out = []
        for r in rows:
            out.append((
                peak_signal_noise_ratio(img, r, data_range=255),
                structural_similarity(img, r, channel_axis=2, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False),
                deltaE_ciede2000(lab, rgb2lab(r)).mean(),
            ))
        return out

    return score


def main():
    kind, images, models, threads = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    score = {"learned": learned, "classical": classical}[kind](models, threads)
    paths = []
    for d, _, names in os.walk(images):
        paths += [os.path.join(d, n) for n in names if n.lower().endswith((".jpg", ".jpeg", ".png"))]
    paths.sort(key=lambda p: hashlib.sha256(p.encode()).digest())

    def one(path):
        img = working(path)
        return score(img, stimuli(img, 1))

    with ThreadPoolExecutor(threads) as pool:
        table = list(pool.map(one, paths[:LIMIT]))
    print(len(table), "sources")


if __name__ == "__main__":
    main()
