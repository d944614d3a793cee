"""Writes surface.json: response surfaces, lack of fit and Fieller's sets by other programs, on seeded data.

Usage: python surface.py (beside this file). Surfaces are statsmodels' OLS, lack of fit its anova_lm of the surface against
the means of the rungs. Fieller's sets are found by inverting tests that know nothing of his formula: scipy's ttest_1samp of
a - r b over seeds, and statsmodels' t test of the contrast numerator - r denominator of a fit, each by brentq on r.
"""
import json, math, os
import numpy as np, pandas as pd, scipy, scipy.stats as st, statsmodels, statsmodels.formula.api as smf
from scipy.optimize import brentq
from statsmodels.stats.anova import anova_lm

g = np.random.default_rng(20261125)
out = {"oracle": f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}, numpy {np.__version__}"}


def ends(p, inside, limit):
    """Where the p value of ratio r crosses 5 %, in order, within +-limit."""
    grid = np.concatenate([-np.geomspace(limit, 1e-4, 4000), [0], np.geomspace(1e-4, limit, 4000)])
    v = np.array([p(r) for r in grid]) - .05
    return [brentq(lambda r: p(r) - .05, grid[i], grid[i + 1], xtol=1e-13, rtol=1e-13) for i in range(len(grid) - 1) if v[i] * v[i + 1] < 0], bool(p(inside) > .05)


paired = []
for a0, b0, sd in ((.6, 1., .1), (.12, .2, .15), (.012, .02, .2), (.6, .02, .1), (-.5, .3, .2)):
    a = a0 + sd * g.normal(size=5); b = b0 + sd * (.5 * g.normal(size=5) + .5 * (a - a0) / sd)
    p = lambda r: st.ttest_1samp(a - r * b, 0).pvalue
    at, _ = ends(p, a.mean() / b.mean(), 1e4)
    far = p(1e9) > .05
    paired.append({"a": a.tolist(), "b": b.tolist(), "ends": at, "kind": "bounded" if not far else ("exclusive" if at else "the whole line")})
out["paired"] = paired

w1, w2 = g.normal(size=4) + 1, 3 * g.normal(size=7)
ci = st.ttest_ind(w1, w2, equal_var=False).confidence_interval()
out["welch"] = {"a": w1.tolist(), "b": w2.tolist(), "interval": [w1.mean() - w2.mean(), ci.low, ci.high]}

rows = []
for s in range(3):
    shift = .02 * g.normal()
    for x in (6., 10., 12., 15.5):
        for q in (0., .3, .6):
            y = .55 + .025 * (x - 6) - .1 * q - .015 * (x - 6) * q - .0006 * (x - 6) ** 2 + shift + .012 * g.normal()
            rows.append((x, q, s, y))
d = pd.DataFrame(rows, columns=["x", "q", "s", "y"])
d["logit"] = np.log(d.y / (1 - d.y))
d["u"] = d.x - d.x.mean()
out["rungs"] = d[["x", "q", "s", "y"]].values.tolist()


def surface(formula, frame, response, cells):
    f = smf.ols(response + " ~ " + formula, frame).fit()
    full = smf.ols(response + " ~ " + cells, frame).fit()
    t = anova_lm(f, full)
    return f, {"rss": f.ssr, "df": f.df_resid, "F": t.F.iloc[1], "p": t["Pr(>F)"].iloc[1], "df1": t.df_diff.iloc[1], "df2": full.df_resid}


second = "u + q + u:q + I(u**2) + I(q**2)"
out["fits"] = []
for response in ("y", "logit"):
    f, o = surface(second, d, response, "C(x):C(q)")
    x0, q0 = 11 - d.x.mean(), .2
    names = list(f.params.index)
    row = lambda **k: np.array([k.get(n, 0) for n in names])
    at = row(**{"Intercept": 1, "u": x0, "q": q0, "u:q": x0 * q0, "I(u ** 2)": x0 ** 2, "I(q ** 2)": q0 ** 2})
    den = row(**{"u": 1, "u:q": q0, "I(u ** 2)": 2 * x0})
    num = -.3 * row(**{"q": 1, "u:q": x0, "I(q ** 2)": 2 * q0})
    for name, l in (("at", at), ("doubling", den), ("step", num)):
        t = f.t_test(l)
        o[name] = [float(t.effect[0]), *map(float, t.conf_int()[0])]
    p = lambda r: float(f.t_test(num - r * den).pvalue)
    v = f.cov_params().values
    q = st.t.ppf(.975, f.df_resid)
    edge = []
    for lo, hi in ((-50, o["step"][0] / o["doubling"][0]), (o["step"][0] / o["doubling"][0], 50)):
        edge.append(brentq(lambda r: p(r) - .05, lo, hi, xtol=1e-12))
    o["rate"] = [o["step"][0] / o["doubling"][0], *edge]
    # Over seeds: the surface of each seed alone, then t of its slopes.
    own = [smf.ols(response + " ~ " + second, d[d.s == s]).fit().params[names].values for s in range(3)]
    slope = [c @ den for c in own]
    o["doubling over seeds"] = [float(np.mean(slope)), *map(float, st.t.interval(.95, 2, np.mean(slope), st.sem(slope)))]
    A, B = np.array([c @ num for c in own]), np.array([c @ den for c in own])
    p = lambda r: st.ttest_1samp(A - r * B, 0).pvalue
    at, _ = ends(p, A.mean() / B.mean(), 1e5)
    o["rate over seeds"] = {"value": float(A.mean() / B.mean()), "ends": at, "far": float(p(1e9))}
    out["fits"].append(o)

# An ordered quality of three levels.
e = d.copy()
e["level"] = e.q.map({0.: 2, .3: 1, .6: 0})
f, o = surface("u + C(level) + u:C(level) + I(u**2)", e, "y", "C(x):C(level)")
names = list(f.params.index)
row = lambda **k: np.array([k.get(n, 0) for n in names])
x0 = 11 - d.x.mean()
num = row(**{"C(level)[T.2]": 1, "C(level)[T.1]": -1, "u:C(level)[T.2]": x0, "u:C(level)[T.1]": -x0})
den = row(**{"u": 1, "u:C(level)[T.1]": 1, "I(u ** 2)": 2 * x0})
for name, l in (("doubling", den), ("step", num)):
    t = f.t_test(l)
    o[name] = [float(t.effect[0]), *map(float, t.conf_int()[0])]
out["levels"] = o
json.dump(out, open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "surface.json"), "w"), indent=1, default=float)
