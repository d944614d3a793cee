"""Goldens for the statistics of reports: a small table of scores, and what other programs make of it.

    python testdata/reports/goldens.py

Oracles: scipy (Mann-Whitney U, t tests, binomial quantiles), statsmodels (Wilson interval, Holm), scikit-learn (isotonic
regression, ROC AUC), and for the dyadic-robust standard error the double sum over pairs of dyads of Aronow,
Samii and Assenova 2015, eq. 6, written out here independently.
"""
import json
import math
import pathlib

import numpy as np
import scipy
import scipy.stats as st
import sklearn
import statsmodels
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(20261123)
out = {"oracle": f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}, scikit-learn {sklearn.__version__}, numpy {np.__version__}"}

# Scores on a coarse grid, so that there are ties: 12 sources, 8 draws of the null, 2 x 8 crossed.
level = rng.normal(0, 2, 12)
neg = np.round((level[:, None] + rng.normal(0, 1, (12, 8))) * 4) / 4
pos = np.round((level[:, None] + 0.7 + rng.normal(0, 1, (12, 16))) * 4) / 4
within = [st.mannwhitneyu(p, n).statistic / (len(p) * len(n)) for p, n in zip(pos, neg)]
pooled = roc_auc_score([0] * neg.size + [1] * pos.size, np.concatenate([neg.ravel(), pos.ravel()]))
w = np.array(within)
half = st.t.ppf(.975, 11) * w.std(ddof=1) / math.sqrt(12)
out["auc"] = {"neg": neg.tolist(), "pos": pos.tolist(), "within": within, "a_within": w.mean(), "a_pooled": pooled,
              "t": [w.mean() - half, w.mean() + half]}

out["wilson"] = [{"p": p, "n": n, "level": lv, "interval": list(proportion_confint(p * n, n, alpha=1 - lv, method="wilson"))}
                 for p, n, lv in [(1, 48, .95), (0, 12, .95), (.5, 30, .95), (.9, 20, .99)]]

p = [.01, .04, .03, .005, .5, .04]
out["holm"] = {"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()}

iso = []
for k in range(6):
    n = 7
    x = np.sort(rng.uniform(0, 3, n))
    y = np.clip(.45 + .15 * np.arange(n) / 2 + rng.normal(0, .1, n), 0, 1)
    wt = rng.integers(20, 49, n).astype(float)
    f = IsotonicRegression().fit(x, y, sample_weight=wt).predict(x)
    c = None
    if f[0] < .75 <= f[-1]:
        i = int(np.argmax(f >= .75))
        c = float(np.interp(.75, f[i - 1:i + 1], x[i - 1:i + 1]))
    iso.append({"x": x.tolist(), "y": y.tolist(), "w": wt.tolist(), "fit": f.tolist(), "crossing": c})
out["isotonic"] = iso

# BCa written out in numpy on given resamples (Efron 1987), endpoints by numpy's 'weibull' quantile (type 6).
x = rng.gamma(2, 1, 25)
idx = rng.integers(0, 25, (500, 25))
reps = x[idx].mean(axis=1)
jack = np.array([np.delete(x, i).mean() for i in range(25)])
z0 = st.norm.ppf((np.sum(reps < x.mean()) + .5 * np.sum(reps == x.mean())) / 500)
d = jack.mean() - jack
a = (d ** 3).sum() / (6 * (d ** 2).sum() ** 1.5)
ends = [st.norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z))) for z in st.norm.ppf([.025, .975])]
sp = st.bootstrap((x,), np.mean, method="BCa", n_resamples=200000, random_state=1).confidence_interval
out["bca"] = {"x": x.tolist(), "resamples": ["".join(chr(65 + j) for j in row) for row in idx], "interval": np.quantile(reps, ends, method="weibull").tolist(), "scipy": [sp.low, sp.high]}

a_, b_ = rng.normal(.7, .1, 30), rng.normal(.66, .12, 30)
t = st.ttest_rel(a_, b_)
dd = a_ - b_
se = dd.std(ddof=1) / math.sqrt(30)
delta = .05
out["paired"] = {"a": a_.tolist(), "b": b_.tolist(), "p": t.pvalue, "delta": delta,
                 "tost": max(st.ttest_1samp(dd, -delta, alternative="greater").pvalue, st.ttest_1samp(dd, delta, alternative="less").pvalue)}

n = 25
med = np.sort(rng.normal(size=n))
r = int(st.binom.ppf(.025, n, .5))
out["median"] = {"x": rng.permutation(med).tolist(), "median": float(np.median(med)), "interval": [float(med[r - 1]), float(med[n - r])]}

# Dyads: 15 sources with two donors each; every pair of dyads that share a picture counts.
src = np.repeat(np.arange(15), 2)
don = np.array([(s * 4 + 3 * k + 1) % 15 if (s * 4 + 3 * k + 1) % 15 != s else (s + 1) % 15 for s, k in zip(src, np.tile([0, 1], 15))])
y = rng.normal(size=15)[src] + rng.normal(size=15)[don] + rng.normal(size=30)
e = (y - y.mean()) / 30
v = sum(e[i] * e[j] for i in range(30) for j in range(30) if {src[i], don[i]} & {src[j], don[j]})
out["dyadic"] = {"source": src.tolist(), "donor": don.tolist(), "y": y.tolist(), "mean": y.mean(), "se": math.sqrt(v * 15 / 14)}

path = pathlib.Path(__file__).with_name("goldens.json")
path.write_text(json.dumps(out, indent=1) + "\n")
print(path, path.stat().st_size)
