"""Times the scipy, scikit-image and Pillow twins of some perturbations on one 256 x 256 picture, in Mpixel/s, one thread.

Compare with: go test ./perturb -run XXX -bench Perturbations -cpu 1   (its MB/s reads as Mpixel/s)
"""
import io
import time

import numpy as np
import PIL.Image
import scipy.ndimage
import skimage.color
import skimage.filters
import skimage.restoration
import skimage.segmentation
import skimage.util

rng = np.random.default_rng(1)
m = scipy.ndimage.gaussian_filter(rng.integers(0, 256, (256, 256, 3)).astype(float), (3, 3, 0))
m = (255 * (m - m.min()) / np.ptp(m)).astype(np.uint8)
f, im = m / 255, PIL.Image.fromarray(m)


def jpeg():
    b = io.BytesIO()
    im.save(b, "JPEG", quality=30)
    np.asarray(PIL.Image.open(b).convert("RGB"))


def phase():
    t = np.angle(np.fft.fft2(rng.normal(size=m.shape[:2])))[..., None]
    np.fft.ifft2(np.fft.fft2(f, axes=(0, 1)) * np.exp(1j * t), axes=(0, 1)).real


def warp():
    d = [scipy.ndimage.gaussian_filter(rng.normal(size=m.shape[:2]), 15) for _ in "xy"]
    y, x = np.mgrid[:256, :256]
    for c in range(3):
        scipy.ndimage.map_coordinates(f[..., c], [y + d[0], x + d[1]], order=3, mode="reflect")


def hue(steps=8):
    lab = skimage.color.rgb2lab(f)
    for _ in range(steps):  # what solving for a mean CIEDE2000 takes
        skimage.color.deltaE_ciede2000(lab, skimage.color.rgb2lab((255 * skimage.color.lab2rgb(lab)).astype(np.uint8)))


hole = np.zeros((256, 256), bool)
hole[100:140, 100:140] = True
twins = {
    "gaussian-blur (sigma 2)": lambda: scipy.ndimage.gaussian_filter(f, (2, 2, 0)),
    "gaussian-noise": lambda: skimage.util.random_noise(f, "gaussian"),
    "speckle": lambda: skimage.util.random_noise(f, "speckle"),
    "salt-and-pepper": lambda: skimage.util.random_noise(f, "s&p"),
    "sharpen": lambda: skimage.filters.unsharp_mask(f, 1, 1, channel_axis=2),
    "jpeg": jpeg,
    "down-up-scale": lambda: im.resize((128, 128), 3).resize((256, 256), 3),
    "shift": lambda: scipy.ndimage.shift(f, (0.7, 0.7, 0), order=3, mode="reflect"),
    "phase-scramble": phase,
    "elastic-warp": warp,
    "desaturate (Lab and back)": lambda: skimage.color.lab2rgb(skimage.color.rgb2lab(f)),
    "hue (solved, 8 evaluations)": hue,
    "inpaint (biharmonic)": lambda: skimage.restoration.inpaint_biharmonic(f, hole, channel_axis=2),
    "region superpixel (SLIC)": lambda: skimage.segmentation.slic(m, 100),
}
for name, run in twins.items():
    run()
    best = min((lambda t: (run(), time.perf_counter() - t)[1])(time.perf_counter()) for _ in range(5))
    print(f"{name:30s} {256 * 256 / best / 1e6:8.2f} Mpixel/s")
