package stats

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// SplitPlot is a balanced experiment on trained models: a full factorial of two-level factors, in each of its cells the same
// number of models that differ in nothing but the seed (whole plots, nested in the cell), in each model one or two parts
// (pooled and regional scores of the same features), and every part measured on the same blocks (sources).
//
// Factors, the part and their interactions are fixed. Seeds and blocks are random and crossed: a block may like a seed, a
// part, a factor or an interaction of factors more than others do, each with a variance of its own.
type SplitPlot struct {
	Factors []string        // of whole plots; bit g of a cell's index is the level of Factors[g]
	Part    string          // the factor within a plot; "" where plots have one part
	Y       [][][][]float64 // [cell][seed][part][block]
}

// MeanSquare is a mean square with its degrees of freedom.
type MeanSquare struct{ MS, DF float64 }

// SplitPlotFit is the analysis of variance of a balanced split plot with crossed random blocks.
type SplitPlotFit struct {
	SplitPlot
	Cells, Seeds, Parts, Blocks int

	Grand float64
	Terms []SplitPlotTerm // all fixed terms: those of whole plots, then the part and its interactions
	// Seed and SeedBlock are the mean squares of seeds within cells and of their interaction with blocks: [0] of the plots
	// (mean over parts), [1] of the differences between parts, with which the part and its interactions are compared.
	Seed, SeedBlock []MeanSquare
	Block           MeanSquare
	// Unequal is Cochran's (1941) C, the largest cell's share of the seeds' variance, with its p value (an upper bound, of the F
	// distribution), by stratum: the mean squares above pool the cells.
	Unequal, UnequalP []float64

	mean [][][]float64 // [cell][part][block], over seeds
}

// SplitPlotTerm is one fixed term with 1 degree of freedom. With levels coded -1 and +1 its coefficient is half the effect.
type SplitPlotTerm struct {
	Name        string // "architecture × pooling"
	Mask        int    // bit g: Factors[g]; bit len(Factors): the part
	Coefficient float64
	Variance    float64    // of Coefficient
	DF          float64    // of Variance, Satterthwaite
	Block       MeanSquare // the term's interaction with blocks
	Raw         float64    // unbiased estimate of the squared coefficient, which is the term's variance; may be below 0
}

// FitSplitPlot computes the mean squares. The error, which wraps ErrUndefined, says what is missing: a cell, a second seed,
// a second block, or balance.
func FitSplitPlot(d SplitPlot) (*SplitPlotFit, error) {
	g := len(d.Factors)
	f := &SplitPlotFit{SplitPlot: d, Cells: 1 << g}
	fail := func(format string, args ...any) (*SplitPlotFit, error) {
		return nil, fmt.Errorf("split plot: %s: %w", fmt.Sprintf(format, args...), ErrUndefined)
	}
	if len(d.Y) != f.Cells {
		return fail("%d cells, %s of two levels have %d", len(d.Y), strings.Join(d.Factors, ", "), f.Cells)
	}
	f.Seeds = len(d.Y[0])
	if f.Seeds < 2 {
		return fail("%d seeds a cell: with fewer than 2 nothing says how much a seed moves", f.Seeds)
	}
	f.Parts = len(d.Y[0][0])
	if f.Parts < 1 || f.Parts > 2 || (f.Parts == 2) != (d.Part != "") {
		return fail("%d parts a model: 1, or 2 with a name", f.Parts)
	}
	f.Blocks = len(d.Y[0][0][0])
	if f.Blocks < 2 {
		return fail("%d blocks, 2 are needed", f.Blocks)
	}
	for c, seeds := range d.Y {
		if len(seeds) != f.Seeds {
			return fail("cell %d has %d seeds, cell 0 has %d", c, len(seeds), f.Seeds)
		}
		for s, parts := range seeds {
			if len(parts) != f.Parts {
				return fail("seed %d of cell %d has %d parts instead of %d", s, c, len(parts), f.Parts)
			}
			for _, y := range parts {
				if len(y) != f.Blocks {
					return fail("seed %d of cell %d has %d blocks instead of %d", s, c, len(y), f.Blocks)
				}
				if err := finite("split plot", y); err != nil {
					return nil, err
				}
			}
		}
	}
	f.strata()
	f.Block = MeanSquare{f.blockVariance(f.ones()) * float64(f.Cells*f.Seeds*f.Parts), float64(f.Blocks - 1)}
	for mask := 1; mask < f.Cells*f.Parts; mask++ {
		f.Terms = append(f.Terms, f.term(mask))
	}
	return f, nil
}

// strata computes what belongs to seeds: in the plots' means over parts, and in the differences between parts, each scaled
// by 1/sqrt(2) so that a value has the variance of one observation.
func (f *SplitPlotFit) strata() {
	c, r, n := float64(f.Cells), float64(f.Seeds), float64(f.Blocks)
	f.mean = make([][][]float64, f.Cells)
	for cell := range f.mean {
		f.mean[cell] = make([][]float64, f.Parts)
		for p := range f.mean[cell] {
			f.mean[cell][p] = make([]float64, f.Blocks)
			for _, seed := range f.Y[cell] {
				for b, v := range seed[p] {
					f.mean[cell][p][b] += v / r
					f.Grand += v / (c * r * n * float64(f.Parts))
				}
			}
		}
	}
	for k := range f.Parts {
		var ssSeed, ssBoth, largest float64
		for _, seeds := range f.Y {
			z := make([][]float64, f.Seeds)
			bySeed, byBlock := make([]float64, f.Seeds), make([]float64, f.Blocks)
			var all float64
			for s, parts := range seeds {
				z[s] = f.stratum(k, parts)
				for b, v := range z[s] {
					bySeed[s] += v / n
					byBlock[b] += v / r
					all += v / (n * r)
				}
			}
			var own float64
			for s := range z {
				own += n * (bySeed[s] - all) * (bySeed[s] - all)
				for b, v := range z[s] {
					e := v - bySeed[s] - byBlock[b] + all
					ssBoth += e * e
				}
			}
			ssSeed += own
			largest = max(largest, own)
		}
		df := c * (r - 1)
		f.Seed = append(f.Seed, MeanSquare{ssSeed / df, df})
		f.SeedBlock = append(f.SeedBlock, MeanSquare{ssBoth / (df * (n - 1)), df * (n - 1)})
		share, p := math.NaN(), math.NaN()
		if ssSeed > 0 && f.Cells > 1 {
			share, p = largest/ssSeed, 0
			if share < 1 {
				p = min(1, c*fTail(share*(c-1)/(1-share), r-1, (c-1)*(r-1)))
			}
		}
		f.Unequal, f.UnequalP = append(f.Unequal, share), append(f.UnequalP, p)
	}
}

func (f *SplitPlotFit) stratum(k int, parts [][]float64) []float64 {
	if f.Parts == 1 {
		return parts[0]
	}
	z := make([]float64, f.Blocks)
	for b := range z {
		if k == 0 {
			z[b] = (parts[1][b] + parts[0][b]) / math.Sqrt2
		} else {
			z[b] = (parts[1][b] - parts[0][b]) / math.Sqrt2
		}
	}
	return z
}

func (f *SplitPlotFit) ones() [][]float64 {
	w := make([][]float64, f.Cells)
	for c := range w {
		w[c] = make([]float64, f.Parts)
		for p := range w[c] {
			w[c][p] = 1 / float64(f.Cells*f.Parts)
		}
	}
	return w
}

// Weights are the contrast that gives a term's coefficient: +1 or -1, over the number of cells and parts.
func (f *SplitPlotFit) Weights(mask int) [][]float64 {
	w := f.ones()
	for c := range w {
		for p := range w[c] {
			if bits.OnesCount(uint(mask&^(c|p<<len(f.Factors))))%2 == 1 {
				w[c][p] = -w[c][p]
			}
		}
	}
	return w
}

// blockVariance is the variance between blocks of a contrast, computed in each block.
func (f *SplitPlotFit) blockVariance(w [][]float64) float64 {
	d := make([]float64, f.Blocks)
	var m float64
	for b := range d {
		for c := range w {
			for p, v := range w[c] {
				d[b] += v * f.mean[c][p][b]
			}
		}
		m += d[b] / float64(f.Blocks)
	}
	var ss float64
	for _, v := range d {
		ss += (v - m) * (v - m)
	}
	return ss / float64(f.Blocks-1)
}

func (f *SplitPlotFit) term(mask int) SplitPlotTerm {
	var names []string
	for g, name := range f.Factors {
		if mask>>g&1 == 1 {
			names = append(names, name)
		}
	}
	if mask>>len(f.Factors)&1 == 1 {
		names = append(names, f.Part)
	}
	w := f.Weights(mask)
	e := f.Contrast(w, .95)
	perBlock := float64(f.Cells * f.Seeds * f.Parts)
	return SplitPlotTerm{Name: strings.Join(names, " × "), Mask: mask, Coefficient: e.Value, Variance: e.SE * e.SE, DF: e.DF,
		Block: MeanSquare{f.blockVariance(w) * perBlock, float64(f.Blocks - 1)}, Raw: e.Value*e.Value - e.SE*e.SE}
}

// SplitPlotEffect is a contrast of cell means with its interval over seeds and blocks, and over seeds alone, for the very
// blocks that were used.
type SplitPlotEffect struct {
	Interval
	SE                    float64
	SeedsLow, SeedsHigh   float64
	SeedsSE, SeedsDF      float64
	FromSeeds, FromBlocks float64 // parts of the variance SE^2, FromBoth taken off since each of them holds it
	FromBoth              float64
	Floored               bool // the estimate fell below one of its parts, and stands at the larger
}

// Contrast estimates sum w[cell][part] times the mean of that cell and part. Its variance is that of seeds plus that of
// blocks less what both hold, each from its mean square (the quasi F of Satterthwaite 1946; Searle, Casella and McCulloch
// 1992, sec. 4.5), never below the larger of the two; t has Satterthwaite's degrees of freedom. Over seeds alone the degrees
// of freedom are exact where the contrast lies in one stratum: cells (seeds - 1), as in a split plot. What a block adds to
// a contrast is taken from the contrast itself, so that a block's interactions with several terms may be correlated.
func (f *SplitPlotFit) Contrast(w [][]float64, level float64) SplitPlotEffect {
	n, r := float64(f.Blocks), float64(f.Seeds)
	e := SplitPlotEffect{Interval: noInterval(0, f.Cells*f.Seeds, orLevel(level))}
	for c := range w {
		for p, v := range w[c] {
			for _, y := range f.mean[c][p] {
				e.Value += v * y / n
			}
		}
	}
	var seedSq, bothSq float64 // sums of variance^2 / df
	for k := range f.Parts {
		var a2 float64
		for c := range w {
			a := w[c][0]
			if f.Parts == 2 {
				a = w[c][1] + w[c][0]
				if k == 1 {
					a = w[c][1] - w[c][0]
				}
				a /= math.Sqrt2
			}
			a2 += a * a
		}
		s, b := a2*f.Seed[k].MS/(n*r), a2*f.SeedBlock[k].MS/(n*r)
		e.FromSeeds, e.FromBoth = e.FromSeeds+s, e.FromBoth+b
		seedSq, bothSq = seedSq+s*s/f.Seed[k].DF, bothSq+b*b/f.SeedBlock[k].DF
	}
	e.FromBlocks = f.blockVariance(w) / n
	blockSq := e.FromBlocks * e.FromBlocks / (n - 1)
	v := e.FromSeeds + e.FromBlocks - e.FromBoth
	switch larger := max(e.FromSeeds, e.FromBlocks); {
	case v >= larger:
		e.DF = v * v / (seedSq + blockSq + bothSq)
	case e.FromSeeds >= e.FromBlocks:
		v, e.DF, e.Floored = e.FromSeeds, e.FromSeeds*e.FromSeeds/seedSq, true
	default:
		v, e.DF, e.Floored = e.FromBlocks, n-1, true
	}
	e.SE, e.SeedsSE = math.Sqrt(v), math.Sqrt(e.FromSeeds)
	if v == 0 {
		e.Interval = e.Interval.degenerate()
		e.SeedsLow, e.SeedsHigh, e.SeedsDF = e.Value, e.Value, math.NaN()
		return e
	}
	h := tQuantile(.5+e.Level/2, e.DF) * e.SE
	e.Low, e.High = e.Value-h, e.Value+h
	e.Method = fmt.Sprintf("t over seeds and sources, %.3g df (Satterthwaite)", e.DF)
	e.SeedsDF = e.FromSeeds * e.FromSeeds / seedSq
	if e.FromSeeds > 0 {
		h = tQuantile(.5+e.Level/2, e.SeedsDF) * e.SeedsSE
	} else {
		h, e.SeedsDF = 0, math.NaN()
	}
	e.SeedsLow, e.SeedsHigh = e.Value-h, e.Value+h
	return e
}

// SplitPlotComponent is a variance component. Raw solves the expected mean squares and may be below 0, which an estimate of
// a variance near 0 often is; Value is Raw or 0.
type SplitPlotComponent struct {
	Name       string
	Value, Raw float64
}

// The names of the components that every design has.
const (
	SeedComponent      = "seed"
	BlockComponent     = "source"
	SeedBlockComponent = "seed × source"
	RestComponent      = "rest"
)

// Components are the variances of the random terms: those of seeds, of blocks, of each fixed term's interaction with blocks
// (of its coefficient, levels coded -1 and +1), of seeds with blocks, and what is left, in the form in which lme4 writes
// them: a component of a model holds for each of its parts. With one part, seed x source is what is left.
func (f *SplitPlotFit) Components() []SplitPlotComponent {
	each := float64(f.Cells * f.Seeds * f.Parts)
	var out []SplitPlotComponent
	add := func(name string, raw float64) {
		out = append(out, SplitPlotComponent{name, max(0, raw), raw})
	}
	seed, part := f.seedComponents(f.Seed, f.SeedBlock)
	add(SeedComponent, seed)
	if f.Parts == 2 {
		add(SeedComponent+" × "+f.Part, part)
	}
	add(BlockComponent, (f.Block.MS-f.SeedBlock[0].MS)/each)
	for _, t := range f.Terms {
		add(BlockComponent+" × "+t.Name, (t.Block.MS-f.SeedBlock[f.stratumOf(t.Mask)].MS)/each)
	}
	if f.Parts == 2 {
		add(SeedBlockComponent, (f.SeedBlock[0].MS-f.SeedBlock[1].MS)/2)
	}
	add(RestComponent, f.SeedBlock[f.Parts-1].MS)
	return out
}

func (f *SplitPlotFit) stratumOf(mask int) int { return mask >> len(f.Factors) & 1 }

// seedComponents solves the expected mean squares for the variance of seeds and of their interaction with parts.
func (f *SplitPlotFit) seedComponents(seed, both []MeanSquare) (plot, part float64) {
	n := float64(f.Blocks)
	if f.Parts == 1 {
		return (seed[0].MS - both[0].MS) / n, 0
	}
	return (seed[0].MS - seed[1].MS - both[0].MS + both[1].MS) / (2 * n), (seed[1].MS - both[1].MS) / n
}

// SplitPlotShare is the share of one group of terms in the variance between scores of models.
type SplitPlotShare struct {
	Name     string
	Variance float64 // raw estimate of the group's variance, may be below 0
	Interval
}

// ShareGroup names fixed terms whose variances are added up.
type ShareGroup struct {
	Name string
	Has  func(t SplitPlotTerm) bool
}

// Shares divides the variance between scores of models, averaged over blocks, among groups of fixed terms and seeds: a term
// of two levels has the variance of its coefficient squared, as if its levels were equally frequent; seeds have theirs (with
// that of their interaction with parts). Truncated estimates are divided by their sum. Every term must be in one group.
//
// Intervals are generalised confidence intervals (Weerahandi 1993; Hannig, Iyer and Patterson 2006): mean squares are
// replaced by df MS / chi squared, and a group's noncentrality by a draw from its confidence distribution, which may be 0
// (of a noncentral chi squared; with more than one term by Sankaran's 1963 approximation, and with the mean of their
// variances). They hold for seeds and blocks drawn anew, if both are nearly normal.
func (f *SplitPlotFit) Shares(groups []ShareGroup, level float64, r Resampling) ([]SplitPlotShare, error) {
	level = orLevel(level)
	member := make([][]int, len(groups))
	for i, t := range f.Terms {
		in := -1
		for g, group := range groups {
			if group.Has(t) {
				if in >= 0 {
					return nil, fmt.Errorf("shares: %s is in %s and in %s", t.Name, groups[in].Name, group.Name)
				}
				in = g
			}
		}
		if in < 0 {
			return nil, fmt.Errorf("shares: %s is in no group", t.Name)
		}
		member[in] = append(member[in], i)
	}
	raw := make([]float64, len(groups)+1)
	for g, list := range member {
		for _, i := range list {
			raw[g] += f.Terms[i].Raw
		}
	}
	plot, part := f.seedComponents(f.Seed, f.SeedBlock)
	raw[len(groups)] = plot + part
	var total float64
	for _, v := range raw {
		total += max(0, v)
	}
	if !(total > 0) {
		return nil, fmt.Errorf("shares: scores of models do not differ by more than their noise: %w", ErrUndefined)
	}
	draws := make([][]float64, len(raw))
	for b := range r.count() {
		one := f.fiducial(member, f.open(r, b))
		var sum float64
		for _, v := range one {
			sum += v
		}
		for g, v := range one {
			if sum > 0 {
				draws[g] = append(draws[g], v/sum)
			}
		}
	}
	var out []SplitPlotShare
	for g, v := range raw {
		s := SplitPlotShare{Name: SeedComponent, Variance: v, Interval: noInterval(max(0, v)/total, f.Cells*f.Seeds, level)}
		if g < len(groups) {
			s.Name = groups[g].Name
		}
		slices.Sort(draws[g])
		s.Low, s.High = min(s.Value, Quantile(draws[g], (1-level)/2)), max(s.Value, Quantile(draws[g], (1+level)/2))
		s.Method = "generalised confidence interval over seeds and sources"
		out = append(out, s)
	}
	return out, nil
}
