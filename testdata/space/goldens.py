"""Writes goldens.json: what scikit-learn, scipy and numpy make of seeded pairs of embeddings.

    pip install numpy scipy scikit-learn
    python goldens.py          # beside this file
"""

import json
import os

import numpy as np
import scipy
import scipy.stats
import sklearn
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.distance import pdist
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

rng = np.random.default_rng(20261125)
out = {"oracle": f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}"}


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def ranks(x):
    """Roy and Vetterli's effective rank by the singular values of the centred rows; participation ratio by the covariance."""
    s = np.linalg.svd(x - x.mean(0), compute_uv=False)
    p = s[s > s[0] * 1e-9] / s.sum()
    v = np.linalg.eigvalsh(np.cov(x.T))
    return [float(np.exp(-(p * np.log(p)).sum())), float(v.sum() ** 2 / (v**2).sum())]


n, d, half = 80, 10, 40
label = rng.integers(0, 3, n)
shared = rng.normal(size=(3, d))[label] + rng.normal(size=(n, 4)) @ rng.normal(size=(4, d)) * 0.6
a = unit(shared + 0.2 * rng.normal(size=(n, d)) + 0.8)
b = unit(shared @ np.diag(np.r_[np.ones(7), -np.ones(3)]) + 0.2 * rng.normal(size=(n, d)) - 0.5)
out.update(n=n, d=d, half=half, a=a.ravel().tolist(), b=b.ravel().tolist(), label=label.tolist())

out["gap"] = [float(np.linalg.norm(a.mean(0) - b.mean(0))), float((a * b).sum(1).mean()), float((np.linalg.norm(a - b, axis=1) ** 2).mean()),
              float(np.log(np.exp(-2 * pdist(a, "sqeuclidean")).mean())), float(np.log(np.exp(-2 * pdist(b, "sqeuclidean")).mean()))]

# Without each of 20 groups (row i in group i mod 20), Tukey's t interval.
def jackknife(f):
    leave = np.array([f(np.arange(n) % 20 != g) for g in range(20)])
    se = np.sqrt(19 / 20 * ((leave - leave.mean()) ** 2).sum())
    h = scipy.stats.t.ppf(0.975, 19) * se
    value = f(np.ones(n, bool))
    return [float(value - h), float(value + h)]


out["gap_intervals"] = [jackknife(lambda k: np.linalg.norm(a[k].mean(0) - b[k].mean(0))), jackknife(lambda k: (a[k] * b[k]).sum(1).mean()),
                        jackknife(lambda k: np.log(np.exp(-2 * pdist(a[k], "sqeuclidean")).mean()))]
out["ranks"] = ranks(a)
out["rank_intervals"] = [jackknife(lambda k: ranks(a[k])[0]), jackknife(lambda k: ranks(a[k])[1])]
wide = rng.normal(size=(12, 30))
out["wide"], out["wide_ranks"] = wide.ravel().tolist(), ranks(wide)

ca, cb = a - a[:half].mean(0), b - b[:half].mean(0)
r, _ = orthogonal_procrustes(cb[:half], ca[:half])
out["procrustes"] = r.ravel().tolist()

alpha = 0.03 * float(((a[:half] - a[:half].mean(0)) ** 2).sum()) / d
target = np.eye(3)[label]
ridge = Ridge(alpha=alpha, solver="cholesky").fit(a[:half], target[:half])
out["alpha"] = alpha
out["ridge"] = ridge.predict(a[half:]).ravel().tolist()
out["probe"] = (ridge.predict(a[half:]).argmax(1) == label[half:]).astype(int).tolist()

axes = PCA(svd_solver="full").fit(np.r_[ca[:half], cb[:half]]).components_
axes *= np.sign(axes[np.arange(d), np.abs(axes).argmax(1)])[:, None]
out["axes"] = axes.ravel().tolist()

# The own text among those of the next four rows of the second half, by cosine of the first k components.
gallery = [[(i + j) % half for j in range(5)] for i in range(half)]
won = []
for k in range(1, d + 1):
    x, y = unit(ca[half:] @ axes[:k].T), unit(cb[half:] @ axes[:k].T)
    cosine = [np.array([x[i] @ y[c] for c in g]) for i, g in enumerate(gallery)]  # of one component they are -1 or 1: ties share
    won.append([(c[0] > c.max() - 1e-12) / (c > c.max() - 1e-12).sum() for c in cosine])
out["retrieval"] = np.array(won).T.tolist()
full = np.mean(won[-1])
out["condensed"] = next(k + 1 for k in range(d) if np.mean(won[k]) >= 0.2 + 0.95 * (full - 0.2))

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "goldens.json"), "w") as f:
    json.dump(out, f)
