package reports

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"probity/internal/registry"
	"probity/internal/trial"
	"probity/stats"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "joint-space",
		Version: 1,
		Doc:     "what do an image and a text tower share: gap, rank, how few components do, which attributes are linearly decodable on and across sides",
		Long: `Of each [[space]]: the modality gap, alignment and uniformity, and what centring each side (and turning texts onto images,
orthogonal Procrustes) does to retrieval; the effective rank of each side; retrieval of the right caption against the number of
principal components that were fitted on one half of the pictures; linear probes of every known attribute, from images, from texts (in
wording that was not fitted on too) and across, each beside its control task. Accuracy less that of the control task is selectivity:
what is said is that an attribute is linearly decodable, not that it is used. Everything is fitted on one half of the pictures and
judged on the other. Where a section has several models, intervals are t over their seeds.`,
		Source: "Liang et al. 2022; Wang and Isola 2020; Roy and Vetterli 2007; Alain and Bengio 2016; Hewitt and Liang 2019; Schonemann 1966",
	}, Entry{Compute: jointSpace, Exhibit: showJointSpace})
}

// spaceKey names what a number of a space is of.
type spaceKey struct {
	quantity, side, form, gallery, basis, attribute string
	components                                      int
}

func keyOf(r *trial.SpaceRow) spaceKey {
	return spaceKey{r.Quantity, r.Side, r.Form, r.Gallery, r.Basis, r.Attribute, r.Components}
}

// at is the key in words, but for quantity, attribute and components, which have fields of their own.
func (k spaceKey) at() string {
	var parts []string
	for _, s := range []string{k.side, k.form, k.gallery} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if k.basis != "" {
		parts = append(parts, "components of "+k.basis)
	}
	return strings.Join(parts, ", ")
}

// spaceCell is a [[space]]: models that differ in their seed, or one.
type spaceCell struct {
	label  string
	spaces []*trial.Space
}

func (a *Analysis) spaceCells() []*spaceCell {
	var out []*spaceCell
	for i := range a.table.Spaces {
		s := &a.table.Spaces[i]
		k := slices.IndexFunc(out, func(c *spaceCell) bool { return c.label == s.Cell })
		if k < 0 {
			k = len(out)
			out = append(out, &spaceCell{label: s.Cell})
		}
		out[k].spaces = append(out[k].spaces, s)
	}
	return out
}

func (c *spaceCell) first() *trial.Space { return c.spaces[0] }

func (c *spaceCell) untrained() bool { return c.first().Training == "none" }

// row finds a number of a space; nil where it was not measured.
func rowOf(s *trial.Space, k spaceKey) *trial.SpaceRow {
	for i := range s.Rows {
		if keyOf(&s.Rows[i]) == k {
			return &s.Rows[i]
		}
	}
	return nil
}

// bounded says whether a quantity lies in 0..1.
func (k spaceKey) bounded() bool {
	return k.quantity == "accuracy" || k.quantity == "control accuracy" || strings.HasPrefix(k.quantity, "retrieval")
}

// kept are the numbers that are given of every single model too, with their interval over pictures.
func (k spaceKey) kept() bool {
	switch k.quantity {
	case "modality gap", "paired cosine":
		return k.side == "all pairs"
	case "effective rank", "participation ratio", "components for 95 %":
		return true
	case "retrieval":
		return k.attribute == ""
	}
	return false
}

// compared are the numbers whose difference from untrained towers is given.
func (k spaceKey) compared() bool {
	switch k.quantity {
	case "modality gap":
		return k.side == "all pairs"
	case "effective rank", "retrieval", "accuracy", "selectivity":
		return true
	}
	return false
}

func jointSpace(ctx context.Context, a *Analysis, _ registry.Values) (*Finding, error) {
	cells := a.spaceCells()
	if len(cells) == 0 {
		return nil, fmt.Errorf("there is no [[space]] to report on")
	}
	b := a.build("joint-space", "Joint spaces of images and texts")
	b.f.Scope = scopeOfSpaces(a.table.Spaces)
	b.f.Method = []string{
		"Embeddings are brought to length 1. Every second independent picture, in a seeded order, is judged; means, principal components, rotations and probes are fitted on the others.",
		"The gap is the distance between the mean embeddings of images and of texts (Liang et al. 2022); alignment and uniformity are Wang and Isola's (2020). Centred: less the mean of their own side. Aligned: centred, and texts turned by orthogonal Procrustes, which is fitted to pairs: untrained towers gain by it too.",
		"Effective rank: exp of the entropy of the normalised singular values of the centred embeddings (Roy and Vetterli 2007); participation ratio: (sum v)^2 / sum v^2 of the eigenvalues of the covariance.",
		"Retrieval: the share of pictures whose right caption has the largest cosine, ties shared: against the same caption with one attribute wrong, mean over the attributes, or among captions of other pictures.",
		"Probes: ridge regression on one-of-n targets, penalty .01 of the mean variance. Control task (Hewitt and Liang 2019): a random label for each combination of the attribute with two others. Selectivity: accuracy less control accuracy. An attribute that is linearly decodable need not be used by the model.",
		"Intervals of one model are over pictures; of several they are t over seeds, and say nothing of other pictures.",
	}
	for _, c := range cells {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b.spaceCell(a, c)
	}
	for _, c := range cells {
		if twin := c.twin(cells); twin != nil {
			b.spaceDifference(a, c, twin)
		}
	}
	b.f.Answer = b.f.spaceAnswer(cells)
	return b.f, nil
}

// spaceEstimate turns a row into an estimate.
func (b *builder) spaceEstimate(label, cell string, k spaceKey) Estimate {
	e := blank(Quantity(k.quantity), label)
	e.Dataset, e.At, e.Perturb = cell, k.at(), k.attribute
	if k.components > 0 {
		e.Severity, e.Realised, e.Unit = Number(k.components), Number(k.components), "components"
	}
	return e
}

// spaceCell adds the numbers of a cell: of its one model with intervals over pictures, or the mean over its models with t over seeds.
func (b *builder) spaceCell(a *Analysis, c *spaceCell) {
	var own []int // warnings of the whole space
	for _, s := range c.spaces {
		for _, w := range s.Warnings {
			own = append(own, b.warn("space", "%s: %s", c.label, w))
		}
	}
	var marked []*trial.Space
	for _, s := range c.spaces {
		if s.Mark != "" {
			marked = append(marked, s)
		}
	}
	if len(marked) > 0 {
		own = append(own, b.warn("mark", "%s: %d of %s, the first: %s", c.label, len(marked), plural(len(c.spaces), "model")+" marked", marked[0].Mark))
	}
	slices.Sort(own)
	own = slices.Compact(own)
	for i := range c.first().Rows {
		k := keyOf(&c.first().Rows[i])
		var values [][]float64
		for _, s := range c.spaces {
			r := rowOf(s, k)
			if r == nil {
				continue
			}
			if !math.IsNaN(r.Value) {
				values = append(values, []float64{r.Value})
			}
			if len(c.spaces) > 1 && !k.kept() {
				continue
			}
			e := b.spaceEstimate(s.Label, c.label, k)
			if len(c.spaces) == 1 {
				e.Metric = c.label
			}
			e.Value, e.Low, e.High, e.Method, e.DF, e.N, e.Sources = Number(r.Value), Number(r.Low), Number(r.High), r.Method, Number(r.DF), r.N, r.N
			e.Warnings = slices.Clone(own)
			for _, w := range r.Warnings {
				e.Warnings = append(e.Warnings, b.warn("space-number", "%s: %s", s.Label, w))
			}
			b.add(e)
		}
		if len(c.spaces) == 1 {
			continue
		}
		e := b.spaceEstimate(c.label, c.label, k)
		iv := stats.NewMean(values).T(a.level)
		if len(values) < len(c.spaces) {
			e.Warnings = append(e.Warnings, b.warn("seeds", "%s: %d of %d seeds have no value", c.label, len(c.spaces)-len(values), len(c.spaces)))
			if len(values) < 2 {
				iv = stats.Interval{Value: nan, Low: nan, High: nan, DF: nan, Method: "none", N: len(values)}
			}
		}
		if k.bounded() {
			iv.Low, iv.High = max(0, iv.Low), min(1, iv.High)
		}
		e.Value, e.Low, e.High, e.Method, e.DF, e.N, e.Sources = Number(iv.Value), Number(iv.Low), Number(iv.High), strings.Replace(iv.Method, "clusters", "seeds", 1), Number(iv.DF), iv.N, c.first().Test
		e.Warnings = append(e.Warnings, own...)
		b.add(e)
	}
}

// twin is the cell of untrained towers of the same family and seeds; nil where there is none.
func (c *spaceCell) twin(cells []*spaceCell) *spaceCell {
	if c.untrained() || c.first().Model == "" {
		return nil
	}
	for _, o := range cells {
		if o.untrained() && o.first().Family == c.first().Family && o.first().D == c.first().D {
			return o
		}
	}
	return nil
}

// fromUntrained marks differences.
const fromUntrained = "difference from untrained, "

// spaceDifference adds what training changed, paired by seed.
func (b *builder) spaceDifference(a *Analysis, c, twin *spaceCell) {
	if len(c.spaces) < 2 {
		return
	}
	for i := range c.first().Rows {
		k := keyOf(&c.first().Rows[i])
		if !k.compared() {
			continue
		}
		var d [][]float64
		for _, s := range c.spaces {
			for _, o := range twin.spaces {
				if o.Seed != s.Seed {
					continue
				}
				if r, q := rowOf(s, k), rowOf(o, k); r != nil && q != nil && !math.IsNaN(r.Value-q.Value) {
					d = append(d, []float64{r.Value - q.Value})
				}
			}
		}
		if len(d) < 2 {
			continue
		}
		e := b.spaceEstimate(c.label, c.label, k)
		e.At, e.Null = fromUntrained+e.At, twin.label
		iv := stats.NewMean(d).T(a.level)
		e.Value, e.Low, e.High, e.DF, e.N, e.Sources = Number(iv.Value), Number(iv.Low), Number(iv.High), Number(iv.DF), iv.N, c.first().Test
		e.Method = fmt.Sprintf("t over seeds, %d df, paired by seed", len(d)-1)
		b.add(e)
	}
}

// scopeOfSpaces names what the numbers hold for.
func scopeOfSpaces(spaces []trial.Space) string {
	var models, features []string
	for i := range spaces {
		if s := &spaces[i]; s.Model != "" {
			models = append(models, s.Model)
		} else {
			features = append(features, s.Label)
		}
	}
	var parts []string
	switch n := len(models); {
	case n > 4:
		parts = append(parts, fmt.Sprintf("%d pairs of towers", n))
	case n > 0:
		parts = append(parts, plural(n, "pair")+" of towers ("+strings.Join(models, ", ")+")")
	}
	if len(features) > 0 {
		parts = append(parts, plural(len(features), "set")+" of features ("+strings.Join(features, ", ")+")")
	}
	lo, hi := math.MaxInt, 0
	for i := range spaces {
		lo, hi = min(lo, spaces[i].N), max(hi, spaces[i].N)
	}
	n := grouped(hi)
	if lo < hi {
		n = grouped(lo) + " to " + n
	}
	return strings.Join(parts, " and ") + ", " + n + " pairs of a picture and a caption"
}

// spaceFind is a cell's estimate; nil where there is none.
func (f *Finding) spaceFind(label string, k spaceKey) *Estimate {
	return f.spaceFindAt(label, k, k.at())
}

func (f *Finding) spaceFindAt(label string, k spaceKey, at string) *Estimate {
	for i := range f.Estimates {
		e := &f.Estimates[i]
		if e.Metric == label && string(e.Quantity) == k.quantity && e.At == at && e.Perturb == k.attribute &&
			(k.components == 0 && math.IsNaN(float64(e.Severity)) || float64(e.Severity) == float64(k.components)) {
			return e
		}
	}
	return nil
}

// The gallery that a cell's retrieval is told of: the hardest that it has.
func (c *spaceCell) gallery() (name string, chance float64) {
	name = "captions of other pictures"
	for i := range c.first().Rows {
		r := &c.first().Rows[i]
		if r.Quantity == "retrieval" && r.Attribute == "" && r.Side == "images to texts" {
			if r.Gallery == controlledGallery {
				return r.Gallery, r.Chance
			}
			name, chance = r.Gallery, r.Chance
		}
	}
	return name, chance
}

const controlledGallery = "a caption with one attribute wrong"

// attributes are those that are probed, in order.
func (c *spaceCell) attributes() (out []string) {
	for i := range c.first().Rows {
		if r := &c.first().Rows[i]; r.Quantity == "accuracy" && !slices.Contains(out, r.Attribute) {
			out = append(out, r.Attribute)
		}
	}
	return out
}

func (e *Estimate) spaced() string {
	if e == nil {
		return "-"
	}
	return bracketed(share, float64(e.Value), float64(e.Low), float64(e.High))
}

// spaceAnswer tells of the first trained cell (or the first), and then what untrained towers of its kind have of it.
func (f *Finding) spaceAnswer(cells []*spaceCell) string {
	c := cells[0]
	for _, o := range cells {
		if !o.untrained() {
			c = o
			break
		}
	}
	find := func(c *spaceCell, quantity, side, form, gallery, basis, attribute string) *Estimate {
		return f.spaceFind(c.label, spaceKey{quantity: quantity, side: side, form: form, gallery: gallery, basis: basis, attribute: attribute})
	}
	name, chance := c.gallery()
	s := fmt.Sprintf("In %s images and texts lie %s apart", c.label, find(c, "modality gap", "all pairs", "raw", "", "", "").spaced())
	if e := find(c, "modality gap", "judged pairs", "centred", "", "", ""); e != nil {
		s += fmt.Sprintf("; centring each side leaves %s", e.spaced())
	}
	found := "the right caption is the nearest among " + name
	if name == controlledGallery {
		found = "a picture is nearer to its caption than to the same with one attribute wrong"
	}
	s += fmt.Sprintf(", and %s in %s of the cases before and %s after (chance %s)", found,
		find(c, "retrieval", "images to texts", "raw", name, "", "").spaced(), find(c, "retrieval", "images to texts", "centred", name, "", "").spaced(), share(chance))
	if e := find(c, "components for 95 %", "images to texts", "centred", name, "both", ""); e != nil && !math.IsNaN(float64(e.Value)) {
		s += fmt.Sprintf(". %s of %d principal components reach 95 %% of what all do above chance", bracketed(digits, float64(e.Value), float64(e.Low), float64(e.High)), c.first().D)
	}
	s += "."
	if list := c.attributes(); len(list) > 0 {
		s += fmt.Sprintf(" Linearly decodable across sides, by a probe of centred images judged on centred captions (interval of selectivity above 0): %s.", f.decodable(c, list))
		if twin := c.twin(cells); twin != nil {
			s += fmt.Sprintf(" Of untrained towers (%s): %s.", twin.label, f.decodable(twin, list))
		}
	}
	return s
}

// decodable lists the attributes whose selectivity across sides is above 0.
func (f *Finding) decodable(c *spaceCell, attributes []string) string {
	var out []string
	for _, a := range attributes {
		k := spaceKey{quantity: "selectivity", side: "images to texts", form: "centred", attribute: a}
		e := f.spaceFind(c.label, k)
		if e == nil || !(e.Low > 0) {
			continue
		}
		k.quantity = "accuracy"
		out = append(out, fmt.Sprintf("%s (accuracy %s, selectivity %s)", a, share(float64(f.spaceFind(c.label, k).Value)), e.spaced()))
	}
	if len(out) == 0 {
		return "none of " + strings.Join(attributes, ", ")
	}
	return strings.Join(out, ", ")
}
