"""Exports the trunks of LPIPS and DISTS with seeded random weights into a folder, and writes there, as architectures.json,
what the packages lpips and DISTS_pytorch say of this folder's pictures with the same weights.

Usage: python architectures.py FOLDER; then PROBITY_FULL=FOLDER go test ./metrics -run Architectures -v
The weights are large and nobody commits them. The linear heads are those that the packages bring.
"""
import json, os, pathlib, sys
import numpy as np, torch, torchvision, lpips
from PIL import Image

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parents[1] / "zoo" / "export"))
import export
import DISTS_pytorch.DISTS_pt as dists

out, seed = pathlib.Path(sys.argv[1]), 1
out.mkdir(parents=True, exist_ok=True)
torch.set_grad_enabled(False)


def picture(name):
    return torch.from_numpy(np.asarray(Image.open(here / name)).transpose(2, 0, 1)[None].copy()).float() / 255


scores = {}


def put(metric, model, oracle, f):
    e = export.build(model, seed, out)
    export.write(e, out, 17)
    scores[metric] = {"model": e.name, "oracle": oracle, "values": [float(f(picture(x), picture(y))) for x, y in (("a1.png", "b1.png"), ("a2.png", "b2.png"))]}


for net, name in (("alex", "alexnet"), ("vgg", "vgg16"), ("squeeze", "squeezenet1_1")):
    m = lpips.LPIPS(net=net, pnet_rand=True, pretrained=True, verbose=False)
    source = export.seeded(lambda: torchvision.models.get_model(name, weights=None), seed)
    for a, b in zip(m.net.parameters(), source.features.parameters(), strict=True):
        a.data = b.data
    put("lpips-" + net, "lpips:" + net, "lpips 0.1.4", lambda x, y: m(x, y, normalize=True))
vgg = dists.models.vgg16
dists.models.vgg16 = lambda pretrained=True: export.seeded(lambda: vgg(weights=None), seed)
m = dists.DISTS(load_weights=True).double()  # its variances lose digits in single precision
dists.models.vgg16 = vgg
put("dists", "dists", "DISTS_pytorch 0.1", lambda x, y: m(x.double(), y.double()))
(out / "architectures.json").write_text(json.dumps(scores, indent=1) + "\n")
