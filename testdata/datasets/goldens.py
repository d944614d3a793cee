"""Writes live/*.mat: MATLAB level 5 files in the layout of LIVE's release 2, with seeded numbers of our own, and what scipy reads in them.

Oracle: scipy.io, version in live/expected.json. Run: python testdata/datasets/goldens.py
"""
import json
import pathlib

import numpy as np
import scipy
import scipy.io as sio

here = pathlib.Path(__file__).parent / "live"
rng = np.random.default_rng(20261123)
n = 982
orgs = np.zeros((1, n), np.uint8)
orgs[0, rng.permutation(n)[:203]] = 1
dmos = np.round(rng.uniform(20, 80, (1, n)), 4) * (orgs == 0)
std = np.round(rng.uniform(3, 15, (1, n)), 4)
names = ["photo%02d.bmp" % (i % 29) for i in range(n)]
cells = np.empty((1, n), object)
for i, name in enumerate(names):
    cells[0, i] = name
sio.savemat(here / "dmos_realigned.mat", {"dmos_new": dmos, "dmos_std": std, "orgs": orgs}, do_compression=True)
sio.savemat(here / "dmos.mat", {"dmos": np.round(dmos), "orgs": orgs.astype(np.float64)}, do_compression=True)
sio.savemat(here / "refnames_all.mat", {"refnames_all": cells}, do_compression=True)
# Stored without compression, numbers in types of every size, and what is passed over.
sio.savemat(here / "types.mat", {"i8": np.array([[-1, 2]], np.int8), "u16": np.array([[65535]], np.uint16), "i32": np.array([[-7], [9]], np.int32),
                                 "f4": np.array([[0.5, -2.25]], np.float32), "f8": np.array([[1e-300]]), "i64": np.array([[-5]], np.int64),
                                 "text": "abc", "struct": {"a": 1}}, do_compression=False)

read = sio.loadmat(here / "dmos_realigned.mat")
read_names = sio.loadmat(here / "refnames_all.mat")["refnames_all"][0]
keep = [i for i in range(n) if read["orgs"][0][i] != 1]
json.dump({"oracle": "scipy " + scipy.__version__, "kept": len(keep), "first": keep[0], "sum": float(sum(read["dmos_new"][0][i] for i in keep)),
           "sum_std": float(sum(read["dmos_std"][0][i] for i in keep)), "last_name": str(read_names[keep[-1]][0]), "last": float(read["dmos_new"][0][keep[-1]])},
          open(here / "expected.json", "w"), indent=1)
