package harness

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"probity/internal/trial"
)

// Keys gives, for each planned stimulus, a hash of everything that its pixels depend on once the source is given: the
// experiment's seed, the working size, each step's kind, version and parameters, its severity, region, streams and donors.
// The experiment's name, the order of its sections and what else is in it do not enter, so that a run takes over whatever
// an earlier one made in the same way.
func (p *Plan) Keys(src *trial.Source) []string {
	k := keyMaker{p: p, src: src, donors: map[donorKey][]*trial.Source{}}
	out := make([]string, len(p.Stimuli))
	for i := range p.Stimuli {
		out[i] = k.key(p.Stimuli[i])
	}
	return out
}

type donorKey struct {
	step string
	rule trial.DonorRule
}

type keyMaker struct {
	p      *Plan
	src    *trial.Source
	donors map[donorKey][]*trial.Source
	buf    []byte
}

func (k *keyMaker) text(parts ...string) {
	for _, s := range parts {
		k.buf = strconv.AppendInt(k.buf, int64(len(s)), 10)
		k.buf = append(k.buf, ':')
		k.buf = append(k.buf, s...)
	}
}

func (k *keyMaker) number(f float64) { k.text(strconv.FormatFloat(f, 'g', -1, 64)) }

func (k *keyMaker) key(s PlannedStimulus) string {
	x := k.p.Experiment
	k.buf = k.buf[:0]
	k.text("stimulus 1", k.src.Hash, strconv.FormatUint(x.Seed, 10), strconv.Itoa(x.Images.Size))
	if x.Images.Size > 0 {
		k.text(x.Images.Fit)
	}
	if s.Perturb >= 0 {
		e := k.p.Perturbs[s.Perturb]
		k.region(e.Regions[s.Region], s.Replicate)
		k.steps(e, s.Severity, s.EditReplicate())
	}
	if s.Null >= 0 {
		n := k.p.Perturbs[s.Null]
		k.steps(n, n.Severities[0], s.NullReplicate())
	}
	sum := sha256.Sum256(k.buf)
	return hex.EncodeToString(sum[:16])
}

func (k *keyMaker) region(r RegionSpec, replicate int) {
	k.text("region", r.Shape, r.Placement, strconv.Itoa(replicate))
	k.number(r.Area)
	switch r.Shape {
	case "mask":
		k.text(k.p.masks[r.Mask])
	case "object", "background", "ring": // they come from the data set's masks and depend on how it was opened
		k.text(k.p.Experiment.Images.Dataset, k.p.Experiment.Images.Params.Canonical())
	}
}

func (k *keyMaker) steps(e PerturbSection, severity float64, replicate int) {
	if severity == 0 && len(e.Steps) == 1 {
		k.text("identity")
		return
	}
	for _, st := range e.Steps {
		at := st.Severity
		if st.OnAxis {
			at = severity
		}
		k.text("step", st.Kind, st.Stream, strconv.Itoa(st.Info.Version), st.Params.Canonical(), strconv.Itoa(replicate))
		k.number(at)
		if c, ok := st.Perturbation.(trial.Content); ok {
			sum, err := c.Content()
			if err != nil { // what cannot be read now fails again, with its reason, when the stimulus is made
				sum = "unreadable: " + err.Error()
			}
			k.text("content", sum)
		}
		if !st.Entry.Donor {
			continue
		}
		// Which rule the step will follow is its own affair: the first choice of each is in the key.
		for _, rule := range []trial.DonorRule{trial.AnyOther, trial.OtherClass, trial.SameClass} {
			dk := donorKey{st.Stream, rule}
			order, ok := k.donors[dk]
			if !ok {
				order = k.p.Donors.Order(k.src, st.Stream, rule)
				k.donors[dk] = order
			}
			if len(order) > 0 {
				n := replicate
				if n < 0 {
					n = -n - 1
				}
				k.text(string(rule), order[n%len(order)].Hash)
			}
		}
	}
}
