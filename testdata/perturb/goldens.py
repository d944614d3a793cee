"""Writes goldens.json beside this file: what scipy, scikit-image, Pillow, colour-science and numpy make of one small picture.

The picture is drawn by an integer generator that the tests repeat: per byte, s = (1664525 s + 1013904223) mod 2^32 from s = 1,
then (3 x + 2 y + 40 c + (s >> 27)) mod 256, rows from the top, channels innermost.
"""
import json
import pathlib
import warnings

warnings.filterwarnings("ignore")
import colour
import numpy as np
import PIL
import PIL.Image
import scipy
import scipy.ndimage
import skimage
import skimage.filters

W, H = 37, 29


def picture():
    s, out = 1, np.zeros((H, W, 3), np.uint8)
    for y in range(H):
        for x in range(W):
            for c in range(3):
                s = (1664525 * s + 1013904223) % 2**32
                out[y, x, c] = (3 * x + 2 * y + 40 * c + (s >> 27)) % 256
    return out


def quantise(v):
    return np.floor(np.clip(v, 0, 255) + 0.5).astype(np.uint8)


m = picture()
f = m.astype(float)
cases = []


def case(kind, severity, oracle, v, **params):
    cases.append({"kind": kind, "severity": severity, "oracle": oracle, "params": params, "bytes": quantise(v).tobytes().hex()})


sp, sk = f"scipy {scipy.__version__}", f"scikit-image {skimage.__version__}"
for sigma in (0.5, 1.3, 4):
    case("gaussian-blur", sigma, sp, scipy.ndimage.gaussian_filter(f, (sigma, sigma, 0)))
for amount in (0.5, 2):
    # channel_axis=-1 would index rows here: scikit-image 0.26 does not resolve negative axes in unsharp_mask.
    case("sharpen", amount, sk, 255 * skimage.filters.unsharp_mask(f / 255, radius=1.5, amount=amount, channel_axis=2), radius=1.5)
for factor in (2.0, 4.0):
    im = PIL.Image.fromarray(m)
    small = im.resize((int(W / factor + 0.5), int(H / factor + 0.5)), PIL.Image.BICUBIC)
    case("down-up-scale", factor, f"Pillow {PIL.__version__}", np.asarray(small.resize((W, H), PIL.Image.BICUBIC)).astype(float))
luma = (f @ [0.299, 0.587, 0.114]).mean()
case("contrast", 0.4, f"numpy {np.__version__}", luma + 0.6 * (f - luma), direction="down")
case("gamma", 0.5, f"numpy {np.__version__}", 255 * (f / 255) ** (2**-0.5), direction="up")

# Colour cast: white points and adaptation by colour-science, on the matrix that the project's CIELAB uses.
M = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])


def white(mired):
    x, y = colour.temperature.CCT_to_xy_Kang2002(1e6 / mired)
    return np.array([x / y, 1, (1 - x - y) / y])


neutral = 1e6 / 6504
for shift in (20, 80, -40):
    A = colour.adaptation.matrix_chromatic_adaptation_VonKries(white(neutral), white(neutral + shift), transform="Bradford")
    linear = colour.models.eotf_sRGB(f / 255)
    out = 255 * colour.models.eotf_inverse_sRGB(np.clip(linear @ (np.linalg.inv(M) @ A @ M).T, 0, 1))
    case("colour-cast", abs(shift), f"colour-science {colour.__version__}", out, direction="warm" if shift > 0 else "cool")

path = pathlib.Path(__file__).with_name("goldens.json")
path.write_text(json.dumps({"width": W, "height": H, "cases": cases}, indent=1) + "\n")
