"""Goldens of internal/raster, made with Pillow 12.0.0, scikit-image and colour-science.

    python testdata/raster/goldens.py

Inputs come from an integer generator that the Go tests repeat, so no picture need be kept: x' = 1664525 x + 1013904223
modulo 2^32, one byte x >> 24 a sample, seeded with the picture's number.
"""

import hashlib
import io
import json
import pathlib

import colour
import numpy as np
import PIL
import skimage
from PIL import Image, ImageOps
from skimage.color import deltaE_ciede2000, rgb2lab

HERE = pathlib.Path(__file__).parent
FILTERS = {"nearest": 0, "box": 4, "bilinear": 2, "hamming": 5, "bicubic": 3, "lanczos": 1}


def generator(seed, n):
    x, out = seed, np.empty(n, np.uint8)
    for i in range(n):
        x = (x * 1664525 + 1013904223) % 2**32
        out[i] = x >> 24
    return out


def picture(seed, w, h):
    """Odd seeds are noise; even ones a gradient with a step, on which overshoot shows."""
    if seed % 2:
        return generator(seed, w * h * 3).reshape(h, w, 3)
    y, x = np.mgrid[:h, :w]
    return np.stack([x * 255 // max(1, w - 1), y * 255 // max(1, h - 1), np.where(x * 2 > w, 255, 0)], -1).astype(np.uint8)


def resize():
    out = []
    for seed, w, h in ((1, 61, 47), (2, 61, 47), (3, 1, 9), (4, 100, 20), (5, 128, 128)):
        im = Image.fromarray(picture(seed, w, h))
        for tw, th in ((32, 32), (97, 11), (61, 80), (7, 47), (1, 1), (200, 150)):
            for name, f in FILTERS.items():
                got = np.asarray(im.resize((tw, th), f))
                out.append({"seed": seed, "w": w, "h": h, "tw": tw, "th": th, "filter": name, "sha256": hashlib.sha256(got.tobytes()).hexdigest()})
    return out


def resize_float():
    rng = generator(11, 13 * 9).astype(np.float32).reshape(9, 13)
    im = Image.fromarray(rng)
    return [{"tw": tw, "th": th, "filter": n, "values": np.asarray(im.resize((tw, th), f)).ravel().round(5).tolist()}
            for tw, th in ((5, 4), (20, 17)) for n, f in FILTERS.items()]


def lab():
    a, b = generator(21, 300).reshape(100, 3), generator(22, 300).reshape(100, 3)
    la, lb = rgb2lab(a[None])[0], rgb2lab(b[None])[0]
    return {"lab": la.tolist(), "de00": deltaE_ciede2000(la, lb).tolist(), "de00_colour_science": colour.delta_E(la, lb, method="CIE 2000").tolist()}


def decode():
    """Files of every mode, as base16, with the SHA-256 of the bytes that Pillow gives for exif_transpose and convert('RGB')."""
    out = []
    base = picture(7, 19, 13)
    im = Image.fromarray(base)

    def add(name, image, fmt, note="", **kw):
        b = io.BytesIO()
        image.save(b, fmt, **kw)
        got = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(b.getvalue()))).convert("RGB"))
        out.append({"name": name, "file": b.getvalue().hex(), "w": got.shape[1], "h": got.shape[0], "sha256": hashlib.sha256(got.tobytes()).hexdigest(),
                    "rgb": got.tobytes().hex() if fmt == "JPEG" else "", "note": note})

    add("png rgb", im, "PNG")
    add("png grey", im.convert("L"), "PNG")
    add("png palette", im.quantize(16), "PNG")
    rgba = np.dstack([base, picture(9, 19, 13)[..., 0]])
    add("png alpha", Image.fromarray(rgba), "PNG", "alpha is dropped")
    add("png grey alpha", Image.fromarray(rgba).convert("LA"), "PNG", "alpha is dropped")
    add("bmp", im, "BMP")
    add("gif", im.quantize(16), "GIF")
    add("tiff", im, "TIFF")
    add("tiff deflate", im, "TIFF", compression="tiff_adobe_deflate")
    add("webp lossless", im, "WEBP", lossless=True, exact=True)
    smooth = Image.fromarray(picture(8, 41, 27))
    for name, sub in (("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)):
        for w, h in ((41, 27), (40, 26), (17, 16), (3, 5)):
            add(f"jpeg {name} {w}x{h}", smooth.resize((w, h), 2), "JPEG", quality=92, subsampling=sub)
    add("jpeg grey", smooth.convert("L"), "JPEG", quality=92)
    add("jpeg progressive", smooth, "JPEG", quality=92, progressive=True)
    add("jpeg cmyk", smooth.convert("CMYK"), "JPEG", quality=95)
    for o in range(1, 9):
        exif = Image.Exif()
        exif[274] = o
        add(f"jpeg orientation {o}", smooth, "JPEG", quality=92, subsampling=0, exif=exif)
    exif = Image.Exif()
    exif[274] = 6
    add("png orientation 6", im, "PNG", exif=exif)
    add("webp orientation 6", im, "WEBP", lossless=True, exact=True, exif=exif)
    return out


if __name__ == "__main__":
    made = {"oracle": f"Pillow {PIL.__version__}, scikit-image {skimage.__version__}, colour-science {colour.__version__}",
            "resize": resize(), "resize_float": resize_float(), "lab": lab(), "decode": decode()}
    (HERE / "goldens.json").write_text(json.dumps(made, indent=0))
