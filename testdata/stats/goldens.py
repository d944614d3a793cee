"""Writes goldens.json: values of scipy, statsmodels, pingouin, krippendorff and scikit-learn on seeded data.

Usage: python goldens.py (beside this file). Formulas without a package (Williams, Steiger, Meng, DeLong, Page) are
written here independently, from the papers or in another form (DeLong by all pairs).
"""
import itertools, json, math, os
import numpy as np, scipy, scipy.stats as st, statsmodels, pingouin as pg, krippendorff, sklearn, pandas as pd
from scipy.optimize import least_squares
from sklearn.metrics import roc_auc_score
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.inter_rater import fleiss_kappa
from statsmodels.stats.power import TTestPower

g = np.random.default_rng(7)
out = {"oracle": f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}, pingouin {pg.__version__}, krippendorff 0.8, scikit-learn {sklearn.__version__}, numpy {np.__version__}"}
n = 60
x = np.round(g.normal(size=n), 1)
y = np.round(x + g.normal(size=n), 1)
z = np.round(.6 * x + g.normal(size=n), 1)
out["x"], out["y"], out["z"] = x.tolist(), y.tolist(), z.tolist()
out["pearson"] = st.pearsonr(x, y).statistic
out["spearman"] = st.spearmanr(x, y).statistic
out["kendall"] = st.kendalltau(x, y).statistic
ci = st.pearsonr(x, y).confidence_interval()
out["fisher"] = [ci.low, ci.high]
out["ranks"] = st.rankdata(x).tolist()
lab = np.r_[np.zeros(n), np.ones(n)]
out["auc"] = roc_auc_score(lab, np.r_[x, y])
lr = st.linregress(x, y)
q = st.t.ppf(.975, n - 2)
out["slope"] = [lr.slope, lr.slope - q * lr.stderr, lr.slope + q * lr.stderr, lr.intercept, lr.pvalue, lr.rvalue ** 2]
out["wilson"] = [list(proportion_confint(k, m, method="wilson")) for k, m in [(0, 9), (3, 10), (48, 50)]]
p = [.01, .04, .03, .005, .2, .04]
out["p"] = p
out["holm"] = multipletests(p, method="holm")[1].tolist()
out["bh"] = multipletests(p, method="fdr_bh")[1].tolist()
from sklearn.isotonic import IsotonicRegression
w = g.uniform(.5, 3, 12); iso = np.round(np.linspace(.4, 1, 12) + g.normal(size=12) * .2, 3)
out["iso_y"], out["iso_w"] = iso.tolist(), w.tolist()
out["iso"] = IsotonicRegression().fit(np.arange(12), iso, w).predict(np.arange(12)).tolist()
# dependent correlations, from the papers
r12, r13, r23, m = .6, .45, .3, 40
K = 1 - r12**2 - r13**2 - r23**2 + 2*r12*r13*r23
t = (r12 - r13) * math.sqrt((m-1)*(1+r23) / (2*K*(m-1)/(m-3) + (r12+r13)**2/4*(1-r23)**3))
out["williams"] = [t, 2*st.t.sf(abs(t), m-3)]
rb = (r12+r13)/2
psi = r23*(1-2*rb**2) - .5*rb**2*(1-2*rb**2-r23**2)
s = psi/(1-rb**2)**2
zz = math.sqrt(m-3)*(np.arctanh(r12)-np.arctanh(r13))/math.sqrt(2-2*s)
out["steiger"] = [zz, 2*st.norm.sf(abs(zz))]
r2 = (r12**2+r13**2)/2; f = min(1, (1-r23)/(2*(1-r2))); h = 1 + r2/(1-r2)*(1-f)
zm = (np.arctanh(r12)-np.arctanh(r13))*math.sqrt((m-3)/(2*(1-r23)*h))
out["meng"] = [zm, 2*st.norm.sf(abs(zm))]
# DeLong by all pairs
def comp(neg, pos):
    s = (pos[:, None] > neg[None]) + .5*(pos[:, None] == neg[None])
    return s.mean(), s.mean(1), s.mean(0)
neg1, pos1, neg2, pos2 = x[:30], y[30:]+1, z[:30], z[30:]+.5
a1, p1, q1 = comp(neg1, pos1); a2, p2, q2 = comp(neg2, pos2)
S = np.cov(np.c_[p1, p2].T)/30 + np.cov(np.c_[q1, q2].T)/30
out["delong"] = [a1, a2, S[0, 0], S[1, 1], S[0, 1]]
# reliability
R = np.round(g.normal(size=(12, 1))*1.5 + g.normal(size=(1, 4))*.4 + g.normal(size=(12, 4)), 1)
d = pd.DataFrame([(i, j, R[i, j]) for i in range(12) for j in range(4)], columns=["item", "rater", "v"])
ic = pg.intraclass_corr(d, targets="item", raters="rater", ratings="v")
out["ratings"] = R.tolist()
out["icc"] = ic["ICC"].tolist()
out["icc_ci"] = [list(map(float, v)) for v in ic[[c for c in ic.columns if c.startswith("CI")][0]]]  # pingouin prints two digits
o = np.clip(np.round(R + 3), 1, 5); o[0, 1] = np.nan; o[3, 2] = np.nan; o[3, 3] = np.nan
out["alpha_ratings"] = [[None if np.isnan(v) else v for v in r] for r in o]
out["alpha"] = [krippendorff.alpha(reliability_data=o.T, level_of_measurement=l) for l in ("nominal", "ordinal", "interval")]
c = g.multinomial(5, [.5, .3, .2], size=15)
out["counts"], out["kappa"] = c.tolist(), fleiss_kappa(c)
pt = st.page_trend_test(R, method="asymptotic")
out["page"] = [pt.statistic, pt.pvalue]
# logistic fits: many starts of least squares on the full parameters
xs = np.sort(g.uniform(0, 10, 80)); ys = 1 + 4/(1+np.exp(-(xs-6)/.9)) + g.normal(size=80)*.3
out["fit_x"], out["fit_y"] = xs.tolist(), ys.tolist()
f4 = lambda b: (b[0]-b[1])/(1+np.exp(-(xs-b[2])/abs(b[3])))+b[1]
f5 = lambda b: b[0]*(.5-1/(1+np.exp(b[1]*(xs-b[2]))))+b[3]*xs+b[4]
best = []
for f, starts in ((f4, [[5, 1, c0, s0] for c0 in (2, 5, 8) for s0 in (.3, 1, 3)]), (f5, [[4, s0, c0, 0, 3] for c0 in (2, 5, 8) for s0 in (.3, 1, 3)])):
    rs = [least_squares(lambda b: f(b)-ys, s0, xtol=1e-14, ftol=1e-14, gtol=1e-14, max_nfev=5000) for s0 in starts]
    r = min(rs, key=lambda r: r.cost)
    best.append([math.sqrt(2*r.cost/80), np.corrcoef(f(r.x), ys)[0, 1]])
out["fit"] = best
# bootstrap-free interval and power
out["t"] = list(st.t.interval(.95, n-1, x.mean(), st.sem(x)))
out["power"] = TTestPower().solve_power(nobs=24, alpha=.05, power=.8)
a = st.ttest_1samp(x, -.5, alternative="greater").pvalue; b = st.ttest_1samp(x, .5, alternative="less").pvalue
out["tost"] = [x.mean(), st.sem(x), n-1, max(a, b)]
bca = st.bootstrap((x, y), lambda a, b: st.spearmanr(a, b).statistic, paired=True, vectorized=False, n_resamples=4000, method="BCa", rng=np.random.default_rng(1)).confidence_interval
out["bca_spearman"] = [bca.low, bca.high]
json.dump(out, open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "goldens.json"), "w"), indent=1, default=float)
