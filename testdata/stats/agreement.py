"""Writes agreement.json: what R says (agreement.R), and values of numpy, scipy, pandas, scikit-learn and statsmodels beside it.

Usage: python agreement.py (beside this file; Rscript with psych, pROC, psyphy, boot and jsonlite on the path). The half-weight
jackknife has no package: Spearman's correlation is written here by weighted mid-ranks from all pairs of rows.
"""
import json, os, subprocess
import numpy as np, pandas as pd, scipy, scipy.stats as st, sklearn, statsmodels
from sklearn.metrics import roc_auc_score
from statsmodels.stats.proportion import proportion_confint

here = os.path.dirname(os.path.abspath(__file__))
subprocess.run(["Rscript", "agreement.R"], cwd=here, check=True)
out = json.load(open(os.path.join(here, "agreement.json")))
g = json.load(open(os.path.join(here, "goldens.json")))
out["oracle"] += f"; numpy {np.__version__}, scipy {scipy.__version__}, pandas {pd.__version__}, scikit-learn {sklearn.__version__}, statsmodels {statsmodels.__version__}"
x, y, z = (np.array(g[k]) for k in "xyz")
n = len(x)

# Fisher's z with the variances of Bonett and Wright (2000) and of Fieller, Hartley and Pearson (1957).
r, tau, q = g["spearman"], g["kendall"], st.norm.ppf(.975)
forms = {"bonett-wright": (r, (1 + r * r / 2) / (n - 3)), "fieller": (r, 1.06 / (n - 3)), "fieller-tau": (tau, .437 / (n - 4))}
out["fisher_forms"] = {k: list(np.tanh(np.arctanh(c) + np.array([-q, q]) * np.sqrt(v))) for k, (c, v) in forms.items()}

# Two metrics x and z against y, in twelve sources of five rows.
k, cluster = 12, np.arange(n) // 5
def spearman(a, b, w):
    def ranks(v):
        below = (v[None, :] < v[:, None]) + .5 * (v[None, :] == v[:, None])
        return below @ w - w.sum() / 2
    a, b = ranks(a), ranks(b)
    return (w * a * b).sum() / np.sqrt((w * a * a).sum() * (w * b * b).sum())
def difference(w): return np.arctanh(spearman(x, y, w)) - np.arctanh(spearman(z, y, w))
one = np.ones(n)
d = difference(one)
half = np.array([difference(np.where(cluster == c, .5, 1)) for c in range(k)])
influence = (2 * k - 1) * (d - half)
se = np.sqrt(influence.var(ddof=1) / k)
mid = (np.arctanh(spearman(x, y, one)) + np.arctanh(spearman(z, y, one))) / 2
back = lambda v: np.tanh(mid + v / 2) - np.tanh(mid - v / 2)
h = st.t.ppf(.975, k - 1) * se
bound = scipy.optimize.brentq(lambda v: back(v) - .25, 0, 10)
out["difference"] = {"value": st.spearmanr(x, y)[0] - st.spearmanr(z, y)[0], "low": back(d - h), "high": back(d + h), "p": 2 * st.t.sf(abs(d) / se, k - 1),
                     "equivalent": max(st.t.sf((d + bound) / se, k - 1), st.t.cdf((d - bound) / se, k - 1))}

# Krasula's analysis within the sources: standard errors of .5 throughout.
pairs = [(x[i] - x[j], y[i] - y[j]) for i in range(n) for j in range(i + 1, n) if cluster[i] == cluster[j]]
dx, dy = np.array(pairs).T
differ = np.abs(dy) > q * np.hypot(.5, .5)
s, t = dx[differ], np.sign(dy[differ])
out["krasula"] = [roc_auc_score(differ, np.abs(dx)), roc_auc_score(np.r_[t > 0, t < 0], np.r_[s, -s]), float(np.mean(np.where(s == 0, .5, s * t > 0))), len(pairs), int(differ.sum())]

# Agreement overall and within sources; by parts of the scale.
f = pd.DataFrame({"x": x, "y": y, "c": cluster})
out["simpson"] = [st.spearmanr(x, y)[0], float(np.mean([st.spearmanr(v.x, v.y)[0] for _, v in f.groupby("c")]))]
order = f.sort_values("y", kind="stable")
out["range"] = [st.spearmanr(order.x[i * n // 4:(i + 1) * n // 4], order.y[i * n // 4:(i + 1) * n // 4])[0] for i in range(4)]

# A proportion over clusters: Wilson's interval at the effective number of trials (Korn and Graubard 1998).
hits, trials = np.array([3, 5, 0, 4, 2, 5, 1]), np.array([5, 5, 4, 5, 5, 6, 5])
p, m, c = hits.sum() / trials.sum(), trials.sum(), len(hits)
deff = c / (c - 1) * ((hits - p * trials) ** 2).sum() / m**2 / (p * (1 - p) / m)
eff = m / deff * (st.norm.ppf(.975) / st.t.ppf(.975, c - 1)) ** 2
out["proportion"] = {"hits": hits.tolist(), "trials": trials.tolist(), "interval": list(proportion_confint(p * eff, eff, method="wilson"))}
json.dump(out, open(os.path.join(here, "agreement.json"), "w"), indent=1, default=float)
