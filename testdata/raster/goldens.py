"""Goldens of internal/raster, made with Pillow 12.0.0, torchvision, scikit-image and colour-science.

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
import torchvision
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


def torchvision_transforms():
    """Resize by the shorter side, then crop the centre, of torchvision on a Pillow picture: odd differences, and crops that pad."""
    from torchvision.transforms import CenterCrop, InterpolationMode, Resize
    out = []
    for seed, w, h, side, cw, ch in ((1, 61, 47, 32, 28, 28), (3, 47, 61, 33, 28, 30), (5, 50, 50, 25, 24, 24), (1, 61, 47, 20, 31, 16),
                                     (3, 47, 61, 20, 17, 41), (5, 9, 100, 8, 11, 13), (1, 31, 24, 16, 21, 21)):
        resized = Resize(side, InterpolationMode.BICUBIC)(Image.fromarray(picture(seed, w, h)))
        got = np.asarray(CenterCrop((ch, cw))(resized))
        out.append({"seed": seed, "w": w, "h": h, "side": side, "cw": cw, "ch": ch, "sha256": hashlib.sha256(got.tobytes()).hexdigest()})
    return out


def photographs():
    """What Pillow makes of the photographs in ../shared, as numbers only: the hash of a PNG's pixels; for a JPEG, which no two decoders read alike,
    a channel at a time, the mean level, the root mean square, and the mean absolute difference to the right and downward."""
    shared = HERE.parents[2] / "shared" / "data"
    out = []
    for folder in ("kodak", "imagenet-samples"):
        for path in sorted((shared / folder).rglob("*")):
            if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
                continue
            a = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
            row = {"file": path.relative_to(shared).as_posix(), "w": a.shape[1], "h": a.shape[0]}
            if path.suffix.lower() == ".png":
                row["sha256"] = hashlib.sha256(a.tobytes()).hexdigest()
            else:
                a = a.astype(np.float64)
                row["mean"] = [x.round(6).tolist() for x in (a.mean((0, 1)), (a * a).mean((0, 1)) ** .5, abs(np.diff(a, axis=1)).mean((0, 1)),
                                                             abs(np.diff(a, axis=0)).mean((0, 1)))]
            out.append(row)
    return out


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
    add("png 1 bit", im.convert("1"), "PNG")
    add("png 2-bit palette", im.quantize(4), "PNG", bits=2)
    add("png transparent palette colour", im.quantize(16), "PNG", "alpha is dropped", transparency=3)
    add("png transparent rgb", im, "PNG", "alpha is dropped", transparency=tuple(map(int, base[4, 5])))
    add("png transparent grey", im.convert("L"), "PNG", "alpha is dropped", transparency=int(np.asarray(im.convert("L"))[4, 5]))
    add("bmp grey", im.convert("L"), "BMP")
    add("bmp palette", im.quantize(16), "BMP")
    add("gif", im.quantize(16), "GIF")
    add("gif transparent colour", im.quantize(16), "GIF", "alpha is dropped", transparency=3)
    for name in ("gif", "gif transparent colour"):  # the first frame off the corner of a canvas of 25 x 17
        b = bytearray.fromhex(next(o["file"] for o in out if o["name"] == name))
        at = 13 + 3 * 2 ** ((b[10] & 7) + 1)
        at += 8 if b[at] == 0x21 else 0
        assert b[at] == 0x2C
        b[6:10] = bytes((25, 0, 17, 0))
        b[at + 1:at + 5] = bytes((4, 0, 3, 0))
        got = np.asarray(Image.open(io.BytesIO(b)).convert("RGB"))
        out.append({"name": name + " off the corner", "file": b.hex(), "w": 25, "h": 17, "sha256": hashlib.sha256(got.tobytes()).hexdigest(), "rgb": "",
                    "note": "alpha is dropped" if "transparent" in name else ""})
    add("tiff lzw", im, "TIFF", compression="tiff_lzw")
    add("tiff grey", im.convert("L"), "TIFF")
    add("tiff palette", im.quantize(16), "TIFF")
    add("tiff alpha", Image.fromarray(rgba), "TIFF", "alpha is dropped")
    add("webp lossless alpha", Image.fromarray(rgba), "WEBP", "alpha is dropped", lossless=True, exact=True)
    add("tiff", im, "TIFF")
    add("tiff deflate", im, "TIFF", compression="tiff_adobe_deflate")
    add("webp lossless", im, "WEBP", lossless=True, exact=True)
    smooth = Image.fromarray(picture(8, 41, 27))
    for w, h in ((41, 27), (40, 26), (16, 16), (3, 5), (1, 1)):
        add(f"webp lossy {w}x{h}", smooth.resize((w, h), 2), "WEBP", quality=80)
    add("webp lossy alpha", Image.fromarray(np.dstack([picture(8, 19, 13), rgba[..., 3]])), "WEBP", "alpha is dropped", quality=80, exact=True)
    add("jpeg rgb", smooth, "JPEG", quality=92, keep_rgb=True)
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
    made = {"oracle": f"Pillow {PIL.__version__}, torchvision {torchvision.__version__}, scikit-image {skimage.__version__}, colour-science {colour.__version__}",
            "resize": resize(), "resize_float": resize_float(), "lab": lab(), "decode": decode(), "torchvision": torchvision_transforms()}
    (HERE / "goldens.json").write_text(json.dumps(made, indent=0))
    (HERE / "photographs.json").write_text("[\n" + ",\n".join(json.dumps(row) for row in photographs()) + "\n]\n")
