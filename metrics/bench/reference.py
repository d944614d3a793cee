"""Times scikit-image's SSIM and piq's MS-SSIM and GMSD and VIFp on one thread: prints name, images a second."""
import sys, time
import numpy as np, torch, piq, skimage
from PIL import Image
from skimage.metrics import structural_similarity
from skimage.color import rgb2lab, deltaE_ciede2000

torch.set_num_threads(1)
a, b = (np.asarray(Image.open(p)) for p in sys.argv[1:3])
fa, fb = a.astype(float), b.astype(float)
la, lb = fa @ [.299, .587, .114], fb @ [.299, .587, .114]
ta, tb = (torch.from_numpy(v.astype(np.float32).transpose(2, 0, 1)[None].copy()) for v in (a, b))
jobs = {
    "ssim": (f"scikit-image {skimage.__version__}", lambda: structural_similarity(la, lb, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)),
    "ms-ssim": (f"piq {piq.__version__}, single precision", lambda: piq.multi_scale_ssim(ta, tb, data_range=255)),
    "gmsd": (f"piq {piq.__version__}, single precision", lambda: piq.gmsd(ta, tb, data_range=255)),
    "vifp": (f"piq {piq.__version__}, single precision", lambda: piq.vif_p(tb, ta, data_range=255)),
    "ciede2000": (f"scikit-image {skimage.__version__}", lambda: deltaE_ciede2000(rgb2lab(a), rgb2lab(b)).mean()),
}
for name, (who, f) in jobs.items():
    f()
    best = np.inf
    for _ in range(5):
        n, t = 0, time.perf_counter()
        while time.perf_counter() - t < .3:
            f()
            n += 1
        best = min(best, (time.perf_counter() - t) / n)
    print(f"{name}\t{who}\t{1 / best:.6g}")
