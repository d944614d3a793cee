"""Writes linkage.json: heights of average linkage on 1 - |value| for seeded matrices. Needs numpy and scipy."""
import json
import pathlib

import numpy as np
import scipy
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

cases = []
rng = np.random.default_rng(20261123)
for n in (2, 3, 5, 8, 13):
    a = rng.normal(size=(n, n + 4))
    r = np.round(np.corrcoef(a), 6)
    np.fill_diagonal(r, 1)
    d = 1 - np.abs(r)
    np.fill_diagonal(d, 0)
    z = linkage(squareform(d, checks=False), "average")
    cases.append({"values": r.tolist(), "heights": sorted(z[:, 2].tolist())})
out = {"oracle": f"scipy {scipy.__version__} cluster.hierarchy.linkage, average", "cases": cases}
pathlib.Path(__file__).with_name("linkage.json").write_text(json.dumps(out) + "\n")
