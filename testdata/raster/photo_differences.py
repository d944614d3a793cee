"""Writes photo_differences.json: colour differences of real photographs, each against itself moved right by one pixel, as
colour-science gives them. Use: python testdata/raster/photo_differences.py KODAK_FOLDER

"same_white" takes the sRGB matrix and white point that this project and scikit-image use, so that the formulas of CIELAB
and CIEDE2000 are compared; "own" is colour-science's whole chain, with its own matrix.
"""
import json
import pathlib
import sys

import colour
import numpy as np
import PIL
from PIL import Image

MATRIX = np.array([[.412453, .357580, .180423], [.212671, .715160, .072169], [.019334, .119193, .950227]])
WHITE = np.array([.95047, 1, 1.08883])

out = {"oracle": f"colour-science {colour.__version__}, Pillow {PIL.__version__}", "photographs": []}
for name in ("01.png", "07.png", "23.png"):
    a = np.asarray(Image.open(pathlib.Path(sys.argv[1]) / name).convert("RGB"))
    b = np.roll(a, 1, axis=1)
    row = {"file": "kodak/" + name}
    linear = [colour.models.eotf_sRGB(m / 255) for m in (a, b)]
    labs = [colour.XYZ_to_Lab(v @ MATRIX.T, colour.XYZ_to_xy(WHITE)) for v in linear]
    row["same_white"] = float(colour.delta_E(*labs, method="CIE 2000").mean())
    labs = [colour.XYZ_to_Lab(colour.sRGB_to_XYZ(m / 255)) for m in (a, b)]
    row["own"] = float(colour.delta_E(*labs, method="CIE 2000").mean())
    out["photographs"].append(row)
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out, indent=1) + "\n")
