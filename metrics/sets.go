package metrics

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

// level is the nominal coverage of every set metric's interval.
const level = .95

// fewestUnits is the number of independent units below which no interval is given.
const fewestUnits = 8

// resamplesParam is how many subsets a delete-half jackknife draws.
var resamplesParam = registry.Param{Name: "resamples", Type: registry.Int, Default: 20, Min: 0, Max: 10000,
	Doc: "half-sized subsets, drawn without replacement, that the interval is taken from; 0 leaves the interval out, otherwise at least 5"}

const jackknifeDoc = "\n\nInterval: delete-half jackknife. Half of the units (sources, where the sets know them, and then the same ones in both sets) are drawn without " +
	"replacement `resamples` times; the spread of the score over these subsets estimates its spread at full size, and the interval is the score " +
	"plus and minus Student's t (resamples - 1 df) times it. It says how far another sample of this size would lie, not how far the score is biased. " +
	"A bootstrap is not offered: its duplicates shift the score."

// onSets registers a metric on one pooled feature of two sets, or of one.
func onSets(info registry.Info, output string, e trial.SetMetricEntry, more []registry.Param, make func(v registry.Values) (setMetric, error)) {
	info.Params = append(modelParams(output, "a pooled feature"), more...)
	if _, ok := info.Param("resamples"); ok {
		info.Long += jackknifeDoc
	}
	e.New = func(v registry.Values, env trial.Env) (trial.SetMetric, error) {
		m, err := make(v)
		if err != nil {
			return nil, err
		}
		o, err := outputOf(v, env)
		switch {
		case err != nil:
			return nil, err
		case env == nil:
		case m.patches && o.Layout == trial.Pooled:
			return nil, fmt.Errorf("output %s of %s is pooled: %s needs a map or tokens", o.Name, v.String("model"), info.Name)
		case !m.patches && o.Layout != trial.Pooled:
			return nil, fmt.Errorf("output %s of %s is not pooled: %s needs a pooled feature", o.Name, v.String("model"), info.Name)
		}
		if v.Has("resamples") {
			if m.resamples = v.Int("resamples"); m.resamples > 0 && m.resamples < 5 {
				return nil, fmt.Errorf("resamples is %d: an interval needs at least 5, and 0 leaves it out", m.resamples)
			}
		}
		m.name, m.single, m.low, m.high = info.Name, e.Single, e.Low, e.High
		m.needs = []trial.Request{{Part: trial.OfOutput, Model: v.String("model"), Output: v.String("output")}}
		return &m, nil
	}
	trial.SetMetrics.Add(info, e)
}

// setMetric is a metric on the rows of one feature.
type setMetric struct {
	name      string
	needs     []trial.Request
	single    bool
	patches   bool // a member is a map or tokens, each place a row
	fewest    int  // members that value needs of each set; at least 1
	low, high float64
	resamples int
	share     shareOf

	// value reduces the sets. It draws, where it has to, from the streams that draw opens.
	value func(ctx context.Context, a, b sample, draw func(purpose string) *stream.Stream) (float64, error)
	// exact, where it is set, takes the place of value and the jackknife.
	exact func(ctx context.Context, a, b sample, u units2, draw func(purpose string) *stream.Stream) (trial.SetScore, error)
	warn  func(a, b sample) []string
}

// shareOf says of which set's members a score is a share; 0: it is none.
type shareOf int

const (
	shareOfSet shareOf = iota + 1
	shareOfReference
)

// sample is the rows of a set: n members of per rows each, d numbers a row.
type sample struct {
	x         []float32
	n, per, d int
}

func (s sample) rows() int { return s.n * s.per }

// some copies the members at the given places.
func (s sample) some(at []int) sample {
	size := s.per * s.d
	out := sample{x: make([]float32, len(at)*size), n: len(at), per: s.per, d: s.d}
	for k, i := range at {
		copy(out.x[k*size:], s.x[i*size:(i+1)*size])
	}
	return out
}

// Needs implements trial.SetMetric.
func (m *setMetric) Needs() []trial.Request { return m.needs }

// Reduce implements trial.SetMetric.
func (m *setMetric) Reduce(ctx context.Context, a, b trial.Set, seed uint64) (trial.SetScore, error) {
	score := trial.SetScore{Low: math.NaN(), High: math.NaN(), Level: level}
	x, err := m.sample(a, "the set")
	if err != nil {
		return score, err
	}
	var y sample
	if !m.single {
		if y, err = m.sample(b, "the reference set"); err != nil {
			return score, err
		}
		if x.d != y.d {
			return score, fmt.Errorf("the sets' features differ in size: %d and %d numbers", x.d, y.d)
		}
	} else {
		b = trial.Set{}
	}
	draw := func(purpose string) *stream.Stream {
		return stream.Key{Seed: seed, Step: m.name, Purpose: purpose}.Open()
	}
	u := unitsOf(a, b)
	var warnings []string
	if m.warn != nil {
		warnings = m.warn(x, y)
	}
	if m.exact != nil {
		score, err = m.exact(ctx, x, y, u, draw)
	} else if score.Value, err = m.value(ctx, x, y, draw); err == nil && m.resamples > 0 {
		err = m.jackknife(ctx, &score, x, y, u, draw)
	}
	if err != nil {
		return score, err
	}
	if math.IsNaN(score.Value) {
		return score, fmt.Errorf("%s has no value: a feature is too large or too small for it", m.name)
	}
	if !math.IsNaN(score.Low) {
		score.Low, score.High = math.Max(score.Low, m.low), math.Min(score.High, m.high)
	}
	score.Warnings = append(warnings, score.Warnings...)
	return score, nil
}

// sample checks a set and views its feature as rows.
func (m *setMetric) sample(s trial.Set, what string) (sample, error) {
	if len(s.Features) != 1 {
		return sample{}, fmt.Errorf("%s has %d features, %s wants 1", what, len(s.Features), m.name)
	}
	f := s.Features[0]
	if f.Rows != s.N || len(f.Data) != f.Rows*f.Cols || s.Clusters != nil && len(s.Clusters) != s.N {
		return sample{}, fmt.Errorf("%s of %d members has %d x %d features, %d numbers and %d clusters", what, s.N, f.Rows, f.Cols, len(f.Data), len(s.Clusters))
	}
	if f.Cols == 0 || s.N < max(m.fewest, 1) {
		return sample{}, fmt.Errorf("%s has %d members: %s needs at least %d", what, s.N, m.name, max(m.fewest, 1))
	}
	for i, v := range f.Data {
		if v-v != 0 {
			return sample{}, fmt.Errorf("member %d of %s: feature %s of %s holds %v", i/f.Cols+1, what, m.needs[0].Output, m.needs[0].Model, v)
		}
	}
	out := sample{x: f.Data, n: s.N, per: 1, d: f.Cols}
	if !m.patches {
		return out, nil
	}
	places := f.H * f.W
	switch f.Layout {
	case trial.Grid:
		if places == 0 || f.Cols%places != 0 {
			return sample{}, fmt.Errorf("%s: %d numbers are not a map of %d x %d places", what, f.Cols, f.W, f.H)
		}
		out.per, out.d = places, f.Cols/places
		out.x = make([]float32, len(f.Data))
		for i := range s.N {
			from, to := f.Data[i*f.Cols:(i+1)*f.Cols], out.x[i*f.Cols:(i+1)*f.Cols]
			for c := range out.d {
				for p, v := range from[c*places : (c+1)*places] {
					to[p*out.d+c] = v
				}
			}
		}
	case trial.Tokens:
		if rows := f.Prefix + places; places == 0 || f.Cols%rows != 0 {
			return sample{}, fmt.Errorf("%s: %d numbers are not %d tokens", what, f.Cols, rows)
		}
		out.per, out.d = places, f.Cols/(f.Prefix+places)
		if f.Prefix > 0 {
			size := places * out.d
			out.x = make([]float32, s.N*size)
			for i := range s.N {
				copy(out.x[i*size:(i+1)*size], f.Data[i*f.Cols+f.Prefix*out.d:])
			}
		}
	default:
		return sample{}, fmt.Errorf("%s: output %s of %s is pooled: %s needs a map or tokens", what, m.needs[0].Output, m.needs[0].Model, m.name)
	}
	return out, nil
}

// unit is what is resampled together: the members of both sets that come from one source.
type unit struct{ a, b []int }

// units2 are the units of two sets in up to three strata: those with members in both sets, in the first, in the second.
type units2 [3][]unit

// unitsOf groups the members by cluster. Clusters of the same name in both sets are one unit: they are the same source.
func unitsOf(a, b trial.Set) (out units2) {
	at := map[string]int{}
	var all []unit
	find := func(s trial.Set, i int) int {
		if s.Clusters == nil {
			all = append(all, unit{})
			return len(all) - 1
		}
		k, ok := at[s.Clusters[i]]
		if !ok {
			k = len(all)
			at[s.Clusters[i]] = k
			all = append(all, unit{})
		}
		return k
	}
	for i := range a.N {
		k := find(a, i)
		all[k].a = append(all[k].a, i)
	}
	for i := range b.N {
		k := find(b, i)
		all[k].b = append(all[k].b, i)
	}
	for _, u := range all {
		switch {
		case len(u.b) == 0:
			out[1] = append(out[1], u)
		case len(u.a) == 0:
			out[2] = append(out[2], u)
		default:
			out[0] = append(out[0], u)
		}
	}
	return
}

// few says why there is no interval; "" where there is one.
func (u units2) few() string {
	for _, s := range u {
		if n := len(s); n > 0 && n < fewestUnits {
			return fmt.Sprintf("no interval: %d independent units are fewer than %d", n, fewestUnits)
		}
	}
	return ""
}

// subset draws the share of each stratum's units, at least one unit of each, and gives the members of both sets in order.
func (u units2) subset(s *stream.Stream, share float64) (a, b []int) {
	for _, stratum := range u {
		if len(stratum) == 0 {
			continue
		}
		keep := max(1, int(math.Round(share*float64(len(stratum)))))
		for _, k := range s.Perm(len(stratum))[:keep] {
			a = append(a, stratum[k].a...)
			b = append(b, stratum[k].b...)
		}
	}
	slices.Sort(a)
	slices.Sort(b)
	return
}

// jackknife gives the score its interval (Shao and Wu 1989, A general theory for jackknife variance estimation, Annals of
// Statistics 17: v = r/d times the variance over subsets of r = n - d units).
func (m *setMetric) jackknife(ctx context.Context, score *trial.SetScore, a, b sample, u units2, draw func(string) *stream.Stream) error {
	if why := u.few(); why != "" {
		score.Warnings = append(score.Warnings, why)
		return nil
	}
	factor := 0.
	for _, s := range u {
		if n := len(s); n > 0 {
			r := math.Round(float64(n) / 2)
			factor = math.Max(factor, r/(float64(n)-r))
		}
	}
	values := make([]float64, m.resamples)
	for k := range values {
		if err := ctx.Err(); err != nil {
			return err
		}
		ia, ib := u.subset(draw(fmt.Sprint("half ", k)), .5)
		x, y := a.some(ia), sample{}
		if !m.single {
			y = b.some(ib)
		}
		if x.n < max(m.fewest, 1) || !m.single && y.n < max(m.fewest, 1) {
			score.Warnings = append(score.Warnings, fmt.Sprintf("no interval: half of the members are fewer than the %d that %s needs", m.fewest, m.name))
			return nil
		}
		v, err := m.value(ctx, x, y, func(purpose string) *stream.Stream { return draw(fmt.Sprint("half ", k, ": ", purpose)) })
		if err != nil {
			return fmt.Errorf("half %d of the set: %w", k+1, err)
		}
		values[k] = v
	}
	v := factor * variance(values)
	if flat := slices.Max(values) == slices.Min(values); flat && m.share == 0 {
		score.Warnings = append(score.Warnings, "no interval: the score is the same of every half of the sets")
		return nil
	} else if flat {
		v = 0
	}
	interval(score, math.Sqrt(v), m.resamples-1, "delete-half jackknife")
	var mean float64
	for _, x := range values {
		mean += x / float64(len(values))
	}
	for _, x := range values {
		score.Replicates = append(score.Replicates, score.Value+math.Sqrt(factor)*(x-mean))
	}
	if m.share > 0 {
		n := len(u[0]) + len(u[m.share])
		if low, high := wilson(score.Value, n); low < score.Low || high > score.High {
			score.Low, score.High = math.Min(low, score.Low), math.Max(high, score.High)
			score.Method = "delete-half jackknife and Wilson's score interval, the wider"
		}
	}
	return nil
}

// wilson is the score interval of a share of n units (Wilson 1927).
func wilson(p float64, n int) (low, high float64) {
	const z = 1.959963984540054
	m := float64(n)
	centre := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return math.Min(p, centre-half), math.Max(p, centre+half)
}

// interval is the value plus and minus Student's t times its standard error.
func interval(score *trial.SetScore, se float64, df int, method string) {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(df)}.Quantile((1 + level) / 2)
	score.Low, score.High, score.Method = score.Value-t*se, score.Value+t*se, method
}

// variance is divided by n - 1.
func variance(v []float64) float64 {
	mean, sum := 0., 0.
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		sum += (x - mean) * (x - mean)
	}
	return sum / float64(len(v)-1)
}
