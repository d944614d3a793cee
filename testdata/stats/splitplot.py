"""Writes splitplot.json: a balanced split plot with crossed random sources, analysed by statsmodels and by R's lme4.

Usage: python splitplot.py (beside this file; needs Rscript with lme4, lmerTest and jsonlite, through splitplot.R). Mean
squares are those of statsmodels' anova_lm on the full model; variance components, standard errors and Satterthwaite
degrees of freedom those of lmer and lmerTest by REML, which agree with the analysis of variance where the design is
balanced and every component is above 0. Noncentral chi-squared values are scipy's.
"""
import itertools, json, os, subprocess, sys
import numpy as np, pandas as pd, scipy, scipy.stats as st, statsmodels, statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm

here = os.path.dirname(os.path.abspath(__file__))
g = np.random.default_rng(11)
seeds, blocks = 3, 7
beta = {(0,): .05, (1,): -.04, (2,): .02, (0, 1): .01, (3,): .06, (0, 3): .03, (1, 3): -.02}
source = g.normal(size=blocks) * .08
slope = {m: g.normal(size=blocks) * .05 for m in range(1, 16)}
rows, y = [], []
for cell in range(8):
    y.append([])
    for s in range(seeds):
        u, us, y_s = g.normal() * .05, g.normal(size=blocks) * .04, []
        for p in range(2):
            up, y_p = g.normal() * .03, []
            for b in range(blocks):
                x = [1 if cell >> k & 1 else -1 for k in range(3)] + [2 * p - 1]
                v = .7 + u + up + us[b] + source[b] + g.normal() * .03
                v += sum(w * np.prod([x[k] for k in ks]) for ks, w in beta.items())
                v += sum(slope[m][b] * np.prod([x[k] for k in range(4) if m >> k & 1]) for m in range(1, 16))
                v = round(float(v), 6)
                y_p.append(v)
                rows.append(dict(y=v, A=x[0], L=x[1], O=x[2], P=x[3], model=f"m{cell}{s}", cell=str(cell), seed=str(s), source=f"b{b}"))
            y_s.append(y_p)
        y[-1].append(y_s)
d = pd.DataFrame(rows)
def fit(extra):
    m = smf.ols("y ~ A*L*O*P*C(source)" + extra, d).fit()
    return m.ssr, m.df_resid
def ms(small, large):  # what the larger model explains beyond the smaller one, per degree of freedom
    return [float((small[0] - large[0]) / (small[1] - large[1])), float(small[1] - large[1])]
design, plots, parts, blocks_ = fit(""), fit(" + C(model)"), fit(" + C(model)*P"), fit(" + C(model)*P + C(model):C(source)")
block = anova_lm(smf.ols("y ~ C(source)", d).fit()).loc["C(source)", "mean_sq"]
out = {"oracle": f"statsmodels {statsmodels.__version__}, scipy {scipy.__version__}", "y": y,
       "seed": [ms(design, plots), ms(plots, parts)], "seed_block": [ms(parts, blocks_), [float(blocks_[0] / blocks_[1]), float(blocks_[1])]],
       "block": float(block), "noncentral": [[x, k, l, float(st.ncx2.cdf(x, k, l) if l else st.chi2.cdf(x, k))] for k in (1, 4, 8) for x in (.5, 4, 12, 40) for l in (0, .7, 5, 25)]}
d.to_csv(os.path.join(here, "splitplot.tmp.csv"), index=False)
r = subprocess.run(["Rscript", os.path.join(here, "splitplot.R"), os.path.join(here, "splitplot.tmp.csv")], capture_output=True, text=True)
os.remove(os.path.join(here, "splitplot.tmp.csv"))
print(r.stderr, file=sys.stderr)
lme = json.loads(r.stdout)
out["oracle"] += ", " + lme.pop("oracle")
out.update(lme)
json.dump(out, open(os.path.join(here, "splitplot.json"), "w"), indent=1)
