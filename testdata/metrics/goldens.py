"""Writes pairs.json, features.json and sets.json, and the pictures a1.png ... that they speak of.

Usage: python goldens.py [folder of real pictures] (beside this file). Without the folder the real pairs keep the numbers
that pairs.json already has. All oracles run in double precision where their code lets them.

Features are not stored: noise(seed, n) below makes the same numbers as the tests do, in whole-number arithmetic.
"""
import json, os, sys
import numpy as np
import scipy, scipy.linalg, scipy.ndimage, scipy.optimize, scipy.spatial.distance, scipy.stats
import skimage, torch, torchvision, PIL, piq, colour, lpips, sklearn
import torch.nn.functional as F
from PIL import Image
from skimage.metrics import structural_similarity, mean_squared_error, peak_signal_noise_ratio

torch.set_default_dtype(torch.float64)
HERE = os.path.dirname(os.path.abspath(__file__))
os.chdir(HERE)
V = {"scikit-image": skimage.__version__, "piq": piq.__version__, "colour-science": colour.__version__, "scipy": scipy.__version__,
     "numpy": np.__version__, "lpips": "0.1.4", "DISTS_pytorch": "0.1", "torch": torch.__version__.split("+")[0],
     "torch-fidelity": "0.4.0", "scikit-learn": sklearn.__version__}


def by(name):
    return f"{name} {V[name]}"


def write(name, content):
    with open(name, "w") as f:
        json.dump(content, f, indent=1)
        f.write("\n")


# --- pictures ---------------------------------------------------------------------------------------------------------

def scene(rng, w, h):
    """Shaded ground, discs, stripes: smooth, with edges and some texture."""
    y, x = np.mgrid[:h, :w].astype(float)
    img = np.stack([90 + 60 * np.sin(x / 37 + c) + 40 * np.cos(y / 23 - c) for c in range(3)], -1)
    for _ in range(9):
        cx, cy, r = rng.uniform(0, w), rng.uniform(0, h), rng.uniform(8, 40)
        inside = (x - cx) ** 2 + (y - cy) ** 2 < r * r
        img[inside] = rng.uniform(10, 245, 3) + 15 * np.sin(x[inside] * rng.uniform(.3, 1.5))[:, None]
    return img


def picture(name, img):
    Image.fromarray(np.clip(np.round(img), 0, 255).astype(np.uint8)).save(name, optimize=True)


rng = np.random.default_rng(20261123)
a = scene(rng, 176, 168)
picture("a1.png", a)
picture("b1.png", scipy.ndimage.gaussian_filter(a, (1.2, 1.2, 0)) * .9 + 12)
a = scene(rng, 181, 163)  # odd sides
picture("a2.png", a)
picture("b2.png", a + rng.integers(-2, 3, a.shape) * 6 + np.array([8, -5, 3]))

# --- pairs ------------------------------------------------------------------------------------------------------------

def image(path):
    return np.asarray(Image.open(path).convert("RGB"))


def pair(pa, pb):
    a, b = image(pa), image(pb)
    fa, fb = a.astype(float), b.astype(float)
    la, lb = fa @ [.299, .587, .114], fb @ [.299, .587, .114]
    ta, tb = (torch.from_numpy(v.transpose(2, 0, 1)[None].copy()) for v in (fa, fb))
    ga, gb = torch.from_numpy(la)[None, None], torch.from_numpy(lb)[None, None]
    wang = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)
    out = {}

    def put(metric, oracle, value):
        out[metric] = {"oracle": by(oracle), "value": float(value)}
    put("mse", "scikit-image", mean_squared_error(a, b))
    put("psnr", "scikit-image", peak_signal_noise_ratio(a, b, data_range=255))
    put("mae", "numpy", np.abs(fa - fb).mean())
    put("ssim", "scikit-image", structural_similarity(la, lb, **wang))
    put("ssim channel=rgb", "scikit-image", structural_similarity(fa, fb, channel_axis=2, **wang))
    # piq averages pictures 2 x 2 first where they are large; that is switched off here.
    put("ssim piq", "piq", piq.ssim(ga, gb, data_range=255, downsample=False))
    if min(a.shape[:2]) >= 161:
        put("ms-ssim", "piq", piq.multi_scale_ssim(ta, tb, data_range=255))
        put("ms-ssim channel=luma", "piq", piq.multi_scale_ssim(ga, gb, data_range=255))
    put("gmsd", "piq", piq.gmsd(ta, tb, data_range=255))
    put("vifp", "piq", piq.vif_p(tb, ta, data_range=255))  # piq takes the distorted picture first
    lab = [skimage.color.rgb2lab(v) for v in (a, b)]
    put("ciede2000", "scikit-image", skimage.color.deltaE_ciede2000(*lab).mean())
    # The formula alone, on scikit-image's Lab: its conversion and white point are what moves colour-science's own by .0015.
    put("ciede2000 formula", "colour-science", colour.difference.delta_E_CIE2000(*lab).mean())
    put("ciede2000 own conversion", "colour-science", colour.difference.delta_E_CIE2000(
        *(colour.XYZ_to_Lab(colour.sRGB_to_XYZ(v / 255), colour.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]["D65"]) for v in (fa, fb))).mean())
    d = la - lb
    g = np.hypot(scipy.ndimage.sobel(d, 0), scipy.ndimage.sobel(d, 1))[1:-1, 1:-1] / 8
    put("gradient", "scipy", g.mean())
    levels = np.arange(256)
    put("histogram", "scipy", np.mean([scipy.stats.wasserstein_distance(levels, levels, np.bincount(a[..., c].ravel(), minlength=256),
                                                                       np.bincount(b[..., c].ravel(), minlength=256)) for c in range(3)]))
    ha, hb = (np.histogramdd(v.reshape(-1, 3), bins=[np.arange(0, 257, 32)] * 3)[0].ravel() / v[..., 0].size for v in (a, b))
    on = ha + hb > 0
    put("histogram distance=chi2", "numpy", ((ha - hb)[on] ** 2 / (ha + hb)[on]).sum() / 2)
    put("histogram distance=hellinger", "numpy", np.sqrt(1 - np.sqrt(ha * hb).sum()))
    put("histogram distance=intersection", "numpy", 1 - np.minimum(ha, hb).sum())
    return out


REAL = [("lpips-example/ex_ref.png", "lpips-example/ex_p0.png"), ("lpips-example/ex_ref.png", "lpips-example/ex_p1.png")] + [
    (f"tid2013-micro/reference_images/I{n}.BMP", f"tid2013-micro/distorted_images/i{n}_{k}.bmp")
    for n, k in [("01", "01_5"), ("03", "11_5"), ("04", "18_5"), ("06", "18_3"), ("08", "15_3"), ("19", "10_5")]]
pairs = [{"input": x, "output": y, "scores": pair(x, y)} for x, y in [("a1.png", "b1.png"), ("b1.png", "a1.png"), ("a2.png", "b2.png")]]
if len(sys.argv) > 1:
    with open(os.path.join(sys.argv[1], "tid2013-micro/mos_with_names.txt")) as f:
        mos = {name.lower(): float(v) for v, name in (line.split() for line in f if line.strip())}
    pairs += [{"input": x, "output": y, "real": True, "mos": mos.get(os.path.basename(y), 0), "scores": pair(os.path.join(sys.argv[1], x), os.path.join(sys.argv[1], y))} for x, y in REAL]
elif os.path.exists("pairs.json"):
    pairs += [p for p in json.load(open("pairs.json")) if p.get("real")]
write("pairs.json", pairs)

# --- features ---------------------------------------------------------------------------------------------------------

def noise(seed, *shape):
    """Multiples of 2^-12 in -0.5..0.5, from a hash of the place (Wellons' lowbias32)."""
    M = np.uint64(0xFFFFFFFF)
    x = (np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64) * np.uint64(0x9E3779B9) + np.uint64(seed * 0x85EBCA6B & 0xFFFFFFFF)) & M
    x ^= x >> np.uint64(16)
    x = x * np.uint64(0x7FEB352D) & M
    x ^= x >> np.uint64(15)
    x = x * np.uint64(0x846CA68B) & M
    x ^= x >> np.uint64(16)
    return ((x >> np.uint64(20)).astype(float) / 4096 - .5).reshape(shape)


def near(seed, *shape):
    """Two tensors that are alike: the second is the first plus a quarter of other noise."""
    x = noise(seed, *shape)
    return x, x + noise(seed + 1, *shape) / 4


features = {}


def put(name, oracle, value):
    features[name] = {"oracle": by(oracle), "value": float(value)}


t = torch.from_numpy
x, y = near(10, 192)
put("cosine", "scipy", scipy.spatial.distance.cosine(x, y))
put("l2", "scipy", scipy.spatial.distance.euclidean(x, y))
put("normalised-l2", "scipy", scipy.spatial.distance.euclidean(x / np.linalg.norm(x), y / np.linalg.norm(y)))
x, y = near(20, 3, 8, 8)
put("input-l2", "scikit-image", np.sqrt(mean_squared_error(x, y)))

x, y = near(30, 24, 7, 9)  # channels, height, width
d = 1 - F.cosine_similarity(t(x), t(y), dim=0).numpy().ravel()
put("patch-cosine", "torch", d.mean())
put("patch-cosine pool=max", "torch", d.max())
put("patch-cosine pool=top", "torch", np.sort(d)[-3:].mean())  # 5 % of 63
px, py = (v.reshape(24, -1).T for v in (x, y))
cost = scipy.spatial.distance.cdist(px, py, "cosine")
put("patch-cosine pool=assignment", "scipy", cost[scipy.optimize.linear_sum_assignment(cost)].mean())
# Places moved about: the assignment finds them again among noise.
moved = py[::-1]
cost = scipy.spatial.distance.cdist(px, moved, "cosine")
put("patch-cosine pool=assignment moved", "scipy", cost[scipy.optimize.linear_sum_assignment(cost)].mean())
gram = lambda f: t(f.reshape(24, -1)) @ t(f.reshape(24, -1)).T / 63
put("gram", "torch", F.mse_loss(gram(x), gram(y)) / 4)
put("channel-stats", "torch", torch.dist(t(x).mean((1, 2)), t(y).mean((1, 2))) + torch.dist(t(x).std((1, 2), correction=0), t(y).std((1, 2), correction=0)))
from sklearn.metrics.pairwise import cosine_similarity
put("self-similarity", "scikit-learn", np.sqrt(((cosine_similarity(px) - cosine_similarity(py)) ** 2).mean()))
H = np.eye(63) - 1 / 63
K, L = H @ px @ px.T @ H, H @ py @ py.T @ H
put("cka", "numpy", (K * L).sum() / np.sqrt((K * K).sum() * (L * L).sum()))


def hsic1(K, L):
    n = len(K)
    K, L = K - np.diag(np.diag(K)), L - np.diag(np.diag(L))
    one = np.ones(n)
    return (np.trace(K @ L) + one @ K @ one * (one @ L @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (one @ K @ L @ one)) / (n * (n - 3))


K, L = px @ px.T, py @ py.T
put("cka debiased=true", "numpy", hsic1(K, L) / np.sqrt(hsic1(K, K) * hsic1(L, L)))

# LPIPS: the package's own forward on tensors in place of a network's, with linear heads of noise.
model = lpips.LPIPS(net="alex", pretrained=False, pnet_rand=True, verbose=False)
layers = [near(40 + 2 * k, 1, c, 12 - 2 * k, 11 - 2 * k) for k, c in enumerate([64, 192, 384, 256, 256])]
for k, lin in enumerate(model.lins):
    w = noise(60 + k, *lin.model[-1].weight.shape)
    lin.model[-1].weight.data = t(np.abs(w))
sides = iter([0, 1])


class Net(torch.nn.Module):
    def forward(self, _):
        s = next(sides)
        return [t(f[s]) for f in layers]


model.net = Net()
put("lpips-alex", "lpips", model(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)))

# DISTS: likewise.
torchvision.models.vgg16 = lambda *_, **__: type("Empty", (), {"features": torch.nn.ModuleList([torch.nn.Identity() for _ in range(31)])})()
import DISTS_pytorch.DISTS_pt as dp
model = dp.DISTS(load_weights=False)
model.alpha.data, model.beta.data = t(np.abs(noise(70, 1, 1475, 1, 1))), t(np.abs(noise(71, 1, 1475, 1, 1)))
layers = [near(80 + 2 * k, 1, c, 10 - k, 9 - k) for k, c in enumerate([3, 64, 128, 256, 512, 512])]
sides = iter([0, 1])
model.forward_once = lambda _: [t(f[s]) for s in [next(sides)] for f in layers]
put("dists", "DISTS_pytorch", model(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)))

# Pictures and words: input, output, source caption, target caption, and three references.
e = [t(noise(100 + i, 64) + noise(99, 64)) for i in range(7)]
cos = lambda p, q: F.cosine_similarity(p, q, dim=0)
unit = lambda p: p / p.norm()
put("clip-score", "torch", 2.5 * cos(e[1], e[3]).clamp(min=0))
near_ref = max(cos(e[3], r) for r in e[4:]).clamp(min=0)
put("ref-clip-score", "scipy", scipy.stats.hmean([float(2.5 * cos(e[1], e[3])), float(near_ref)]))
put("text-image-gain", "torch", cos(e[1], e[3]) - cos(e[0], e[3]))
put("directional", "torch", cos(unit(e[1]) - unit(e[0]), unit(e[3]) - unit(e[2])))
write("features.json", features)

# --- sets -------------------------------------------------------------------------------------------------------------

def rows(seed, n, d, shift=0.):
    """n x d features with unequal spreads and a shared factor; exact in single precision."""
    j = np.arange(d)
    return noise(seed, n, d) * (1 + j % 4) + noise(seed + 1, n, 1) * (j % 3 - 1) + shift * (j % 5 == 0)


sets = []


def case(metric, oracle, value, a, b=None, tolerance=1e-9, **params):
    sets.append({"metric": metric, "params": params, "oracle": by(oracle), "value": float(value), "tolerance": tolerance, "a": a, "b": b})


import logging
import torch_fidelity.metric_fid as tf_fid, torch_fidelity.metric_kid as tf_kid, torch_fidelity.metric_isc as tf_isc, torch_fidelity.metric_prc as tf_prc


def fid_sqrtm(x, y):
    s1, s2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    d = x.mean(0) - y.mean(0)
    return d @ d + np.trace(s1) + np.trace(s2) - 2 * np.trace(scipy.linalg.sqrtm(s1 @ s2)).real


def fid_nuclear(x, y):
    d = x.mean(0) - y.mean(0)
    xc, yc = (x - x.mean(0)) / np.sqrt(len(x) - 1), (y - y.mean(0)) / np.sqrt(len(y) - 1)
    return d @ d + (xc ** 2).sum() + (yc ** 2).sum() - 2 * np.linalg.svd(xc @ yc.T, compute_uv=False).sum()


def fid_torch(x, y):
    stats = [tf_fid.fid_features_to_statistics(t(v)) for v in (x, y)]
    return tf_fid.fid_statistics_to_metric(*stats, verbose=False)["frechet_inception_distance"]


A, B = dict(seed=200, n=500, d=48, shift=0.), dict(seed=300, n=400, d=48, shift=.25)
x, y = rows(**A), rows(**B)
case("frechet", "scipy", fid_sqrtm(x, y), A, B)
case("frechet", "torch-fidelity", fid_torch(x, y), A, B)
S, R = dict(seed=200, n=30, d=120, shift=0.), dict(seed=300, n=40, d=120, shift=.25)
sx, sy = rows(**S), rows(**R)
case("frechet", "numpy", fid_nuclear(sx, sy), S, R, 1e-10)  # fewer members than features: sqrtm is not exact here
M = dict(seed=400, n=300, d=120, shift=.5)
case("frechet", "numpy", fid_nuclear(sx, rows(**M)), S, M, 1e-10)

# KID: torch-fidelity's kernel and estimator on whole sets of equal size.
Y = dict(seed=300, n=500, d=48, shift=.25)
kid = lambda x, y, est: tf_kid.mmd2(*(tf_kid.kernel_poly(p, q, kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1.)
                                      for p, q in ((x, x), (x, y), (y, y))), mmd_est=est)
case("kid", "torch-fidelity", kid(x, rows(**Y), "unbiased"), A, Y, 1e-10)
case("kid", "torch-fidelity", kid(x, rows(**Y), "unbiased"), A, Y, 1e-10, estimator="subsets", size=500, subsets=2)


def cmmd(x, y, biased):
    """Jayasumana et al.'s reference code (sigma 10, scale 1000), which is biased, and the unbiased form."""
    x, y = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x, y))
    k = lambda p, q: np.exp(-scipy.spatial.distance.cdist(p, q, "sqeuclidean") / 200)
    xx, yy = k(x, x), k(y, y)
    if biased:
        return 1000 * (xx.mean() + yy.mean() - 2 * k(x, y).mean())
    off = lambda m: (m.sum() - np.trace(m)) / (len(m) * (len(m) - 1))
    return 1000 * (off(xx) + off(yy) - 2 * k(x, y).mean())


case("cmmd", "scipy", cmmd(x, y, False), A, B, 1e-8)
case("cmmd", "scipy", cmmd(x, y, True), A, B, 1e-8, estimator="biased")

logits = dict(seed=500, n=230, d=20, shift=1.)
for n in (1, 10):
    case("inception-score", "torch-fidelity", tf_isc.isc_features_to_metric(t(rows(**logits)), splits=n, shuffle=False)["inception_score_mean"],
         logits, None, 1e-12, splits=n)

# Precision and recall by torch-fidelity (closed balls), the four by Naeem et al.'s formulas (open balls).
N1, N2 = dict(seed=600, n=180, d=8, shift=0.), dict(seed=700, n=150, d=8, shift=.5)
p, q = rows(**N1), rows(**N2)
prc = tf_prc.prc_features_to_metric(t(p), t(q), prc_neighborhood=3, prc_batch_size=10000, save_cpu_ram=False, verbose=False)
case("precision", "torch-fidelity", prc["precision"], N1, N2, 1e-6)  # torch-fidelity averages in single precision
case("recall", "torch-fidelity", prc["recall"], N1, N2, 1e-6)


def prdc(fake, real, k):
    rad = lambda v: np.sort(scipy.spatial.distance.cdist(v, v), 1)[:, k]
    d = scipy.spatial.distance.cdist(real, fake)
    r, f = rad(real), rad(fake)
    return dict(precision=(d < r[:, None]).any(0).mean(), recall=(d < f[None]).any(1).mean(),
                density=(d < r[:, None]).sum(0).mean() / k, coverage=(d.min(1) < r).mean())


for name, v in prdc(p, q, 5).items():
    case(name, "scipy", v, N1, N2, 1e-12, k=5, ball="open")
# Points that coincide: half of one set is in the other, where < and <= part.
C = dict(seed=700, n=150, d=8, shift=.5, copies=75, of=600)
both = np.r_[rows(600, 75, 8), q[75:]]
for name, v in prdc(both, p, 3).items():
    case(name, "scipy", v, C, N1, 1e-12, k=3, ball="open")
prc = tf_prc.prc_features_to_metric(t(both), t(p), prc_neighborhood=3, prc_batch_size=10000, save_cpu_ram=False, verbose=False)
case("recall", "torch-fidelity", prc["recall"], C, N1, 1e-6)


def vendi(x, order=1.):
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    w = np.linalg.eigvalsh(x @ x.T / len(x))
    w = w[w > 1e-14]
    if order == 1:
        return np.exp(-(w * np.log(w)).sum())
    if np.isinf(order):
        return 1 / w.max()
    return (w ** order).sum() ** (1 / (1 - order))


for spec in (A, S):
    case("vendi", "numpy", vendi(rows(**spec)), spec, None, 1e-9)
case("vendi", "numpy", vendi(rows(**A), 2.), A, None, 1e-9, order=2.)
# Patches: rows of 12 tokens of 10 channels each are so many samples.
P1, P2 = dict(seed=800, n=60, d=120, shift=0.), dict(seed=900, n=50, d=120, shift=.5)
case("patch-frechet", "scipy", fid_sqrtm(rows(**P1).reshape(-1, 10), rows(**P2).reshape(-1, 10)), P1, P2, 1e-9)
write("sets.json", sets)
