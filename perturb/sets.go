package perturb

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	share := func(name string) trial.Axis {
		return trial.Axis{Name: name, Unit: "fraction", Min: 0, Max: 1, Default: []float64{.01, .05, .1, .25, .5}}
	}
	add := func(name, doc, long, source string, entry trial.SetPerturbationEntry, params []registry.Param, apply func(in *trial.SetInput, v registry.Values, s float64) (*trial.SetOutcome, error)) {
		entry.New = func(v registry.Values) (trial.SetPerturbation, error) {
			return setEdit(func(in *trial.SetInput, s float64) (*trial.SetOutcome, error) { return apply(in, v, s) }), nil
		}
		trial.SetPerturbations.Add(registry.Info{Name: name, Doc: doc, Long: long, Source: source, Version: 1, Params: params}, entry)
	}
	const kept = " Members are ranked once, by their hash and the stream, so that a larger severity changes the same members and more."
	add("contamination", "replace a share of the set by pictures of a class that it does not have",
		"round(s n) members make room for as many from the pool, all of one class: `class`, or else one drawn among those of the pool that the set lacks. "+
			"The set keeps its size, which matters for FID's bias. The share that the pool cannot fill is flagged `unreachable`."+kept,
		"Lucic, Kurach, Michalski, Gelly and Bousquet, Are GANs created equal?, NeurIPS (2018)",
		trial.SetPerturbationEntry{Axis: share("share of foreign members"), Classes: true, Pool: true},
		[]registry.Param{{Name: "class", Type: registry.String, Doc: "class that comes in; without it one is drawn"}}, contaminate)
	add("duplicates", "replace a share of the set by copies of the rest: collapse",
		"round(s n) members are replaced by copies of those that stay, in turn; at least one stays. The set keeps its size."+kept,
		"Xu, Huang, Yuan, Guo, Sun, Wu and Weinberger, An empirical study on evaluation metrics of generative adversarial networks (2018)",
		trial.SetPerturbationEntry{Axis: share("share of copies")}, nil,
		func(in *trial.SetInput, _ registry.Values, s float64) (*trial.SetOutcome, error) {
			order, n := ranked(in.Members, in, "members"), len(in.Members)
			k := min(n-1, int(math.Round(s*float64(n))))
			out := everyone(in)
			for i, m := range order[:k] {
				out.Picks[m] = trial.Pick{Index: order[k+i%(n-k)]}
			}
			return out, nil
		})
	add("sample-size", "keep a share of the set only",
		"The severity is the share left out: n - round(s n) members stay, at least two. Many set metrics move with n alone; this shows by how much."+kept, "",
		trial.SetPerturbationEntry{Axis: trial.Axis{Name: "share left out", Unit: "fraction", Min: 0, Max: 1, Default: []float64{.25, .5, .75, .9}}}, nil,
		func(in *trial.SetInput, _ registry.Values, s float64) (*trial.SetOutcome, error) {
			n := len(in.Members)
			return without(in, ranked(in.Members, in, "members")[:max(0, min(n-2, int(math.Round(s*float64(n)))))]), nil
		})
	add("missing-classes", "leave out classes: modes are dropped",
		"round(s c) of the set's c classes go, at least one and at most c - 1, in an order drawn once. The set becomes smaller unless `refill` is on: then copies of the members that stay, in turn, fill it up.",
		"Lucic, Kurach, Michalski, Gelly and Bousquet, Are GANs created equal?, NeurIPS (2018)",
		trial.SetPerturbationEntry{Axis: trial.Axis{Name: "share of classes left out", Unit: "fraction", Min: 0, Max: 1, Default: []float64{.1, .25, .5}}, Classes: true},
		[]registry.Param{{Name: "refill", Type: registry.Bool, Default: false, Doc: "keep the set's size with copies of those that stay"}}, dropClasses)
	add("class-weights", "sample the set anew so that its class histogram moves to the reference's: the attack on FID",
		"The set keeps its size; class c gets round(n ((1 - s) p + s q)) members, p its share in the set and q in the reference, by largest remainders, filled in ranked order and from "+
			"the start again where a class has too few. No picture gets better, FID does.",
		"Kynkäänniemi, Karras, Aittala, Aila and Lehtinen, The role of ImageNet classes in Fréchet inception distance, ICLR (2023)",
		trial.SetPerturbationEntry{Axis: trial.Axis{Name: "share of the way to the reference's histogram", Unit: "fraction", Min: 0, Max: 1, Default: []float64{.25, .5, 1}}, Classes: true}, nil, reweigh)
	add("class-skew", "sample the set anew so that half of its classes are more frequent: no picture changes",
		"The inverse of class-weights, for sets whose histogram is the reference's already: one half of the classes (rounded down), drawn once, gets (1 + s) of its share and the others (1 - s), "+
			"rescaled to the set's size, filled in ranked order and from the start again where a class has too few. The distance that this makes is what matching the class frequencies again "+
			"would take away. Copies make a set a little poorer: compare with duplicates.",
		"Kynkäänniemi, Karras, Aittala, Aila and Lehtinen, The role of ImageNet classes in Fréchet inception distance, ICLR (2023)",
		trial.SetPerturbationEntry{Axis: trial.Axis{Name: "skew of the class histogram", Unit: "fraction", Min: 0, Max: 1, Default: []float64{.25, .5}}, Classes: true}, nil, skew)
}

// setEdit is a SetPerturbation that needs no more than its Apply.
type setEdit func(in *trial.SetInput, severity float64) (*trial.SetOutcome, error)

// Apply implements trial.SetPerturbation.
func (e setEdit) Apply(in *trial.SetInput, severity float64) (*trial.SetOutcome, error) {
	switch {
	case severity == 0:
		return everyone(in), nil
	case !(severity > 0 && severity <= 1):
		return nil, fmt.Errorf("severity %v is outside 0 to 1", severity)
	case len(in.Members) < 2:
		return nil, fmt.Errorf("the set has %d members, two are the least", len(in.Members))
	}
	return e(in, severity)
}

func everyone(in *trial.SetInput) *trial.SetOutcome {
	out := &trial.SetOutcome{Picks: make([]trial.Pick, len(in.Members))}
	for i := range out.Picks {
		out.Picks[i].Index = i
	}
	return out
}

// ranked lists members in an order that depends on the stream and on each member's hash, not on the others'.
func ranked(members []*trial.Source, in *trial.SetInput, purpose string) []int {
	rank := make([]uint64, len(members))
	for i, m := range members {
		rank[i] = in.Draw(purpose + " " + m.Hash).Uint64()
	}
	order := make([]int, len(members))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(a, b int) bool {
		i, j := order[a], order[b]
		if rank[i] != rank[j] {
			return rank[i] < rank[j]
		}
		return members[i].ID < members[j].ID
	})
	return order
}

func without(in *trial.SetInput, gone []int) *trial.SetOutcome {
	out := &trial.SetOutcome{}
	for i := range in.Members {
		if !slices.Contains(gone, i) {
			out.Picks = append(out.Picks, trial.Pick{Index: i})
		}
	}
	return out
}

// classesOf are the classes of some sources, sorted; sources without one are left out.
func classesOf(list []*trial.Source) []string {
	var out []string
	for _, s := range list {
		if s.Class != "" && !slices.Contains(out, s.Class) {
			out = append(out, s.Class)
		}
	}
	sort.Strings(out)
	return out
}

func contaminate(in *trial.SetInput, v registry.Values, s float64) (*trial.SetOutcome, error) {
	class := v.String("class")
	if class == "" {
		own := classesOf(in.Members)
		var foreign []string
		for _, c := range classesOf(in.Pool) {
			if !slices.Contains(own, c) {
				foreign = append(foreign, c)
			}
		}
		if len(foreign) == 0 {
			return nil, errors.New("the pool has no class that the set lacks: name one by class, or give other sources")
		}
		class = foreign[in.Draw("class").IntN(len(foreign))]
	}
	var guests []int
	for _, i := range ranked(in.Pool, in, "guests") {
		if in.Pool[i].Class == class {
			guests = append(guests, i)
		}
	}
	if len(guests) == 0 {
		return nil, fmt.Errorf("the pool has no source of class %q", class)
	}
	out := everyone(in)
	want := int(math.Round(s * float64(len(in.Members))))
	got := min(want, len(guests))
	for k, m := range ranked(in.Members, in, "members")[:got] {
		out.Picks[m] = trial.Pick{Pool: true, Index: guests[k]}
	}
	if got < want {
		out.Flags = append(out.Flags, trial.Flag{Code: "unreachable", Detail: fmt.Sprintf("asked for %d of class %q, the pool has %d", want, class, got)})
	}
	return out, nil
}

func dropClasses(in *trial.SetInput, v registry.Values, s float64) (*trial.SetOutcome, error) {
	classes := classesOf(in.Members)
	if len(classes) < 2 {
		return nil, fmt.Errorf("the set has %d classes, two are the least", len(classes))
	}
	order := in.Draw("classes").Perm(len(classes))
	k := min(len(classes)-1, max(1, int(math.Round(s*float64(len(classes))))))
	var gone []int
	for _, c := range order[:k] {
		for i, m := range in.Members {
			if m.Class == classes[c] {
				gone = append(gone, i)
			}
		}
	}
	out := without(in, gone)
	if v.Bool("refill") {
		stay := len(out.Picks)
		for i := range gone {
			out.Picks = append(out.Picks, out.Picks[i%stay])
		}
	}
	return out, nil
}

func reweigh(in *trial.SetInput, _ registry.Values, s float64) (*trial.SetOutcome, error) {
	classes := classesOf(in.Members)
	var own, theirs float64
	for _, c := range classes {
		own, theirs = own+count(in.Members, c), theirs+count(in.Reference, c)
	}
	if own == 0 || theirs == 0 {
		return nil, errors.New("the set and its reference share no class")
	}
	n := float64(len(in.Members))
	return resample(in, classes, func(c string) float64 {
		return n * ((1-s)*count(in.Members, c)/own + s*count(in.Reference, c)/theirs)
	}), nil
}

// skew makes one half of the classes, drawn once, more frequent and the other half less.
func skew(in *trial.SetInput, _ registry.Values, s float64) (*trial.SetOutcome, error) {
	classes := classesOf(in.Members)
	if len(classes) < 2 {
		return nil, fmt.Errorf("the set has %d classes, two are the least", len(classes))
	}
	weight := map[string]float64{}
	var total float64
	for k, i := range in.Draw("classes").Perm(len(classes)) {
		w := 1 - s
		if k < len(classes)/2 {
			w = 1 + s
		}
		weight[classes[i]] = w * count(in.Members, classes[i])
		total += weight[classes[i]]
	}
	n := float64(len(in.Members))
	return resample(in, classes, func(c string) float64 { return n * weight[c] / total }), nil
}

func count(list []*trial.Source, class string) (n float64) {
	for _, m := range list {
		if m.Class == class {
			n++
		}
	}
	return n
}

// resample fills each class up to a share of the set, by largest remainders, in ranked order and from the start again where
// it has too few members. The set keeps its size.
func resample(in *trial.SetInput, classes []string, share func(class string) float64) *trial.SetOutcome {
	n := len(in.Members)
	type place struct {
		class string
		n     int
		rest  float64
	}
	places := make([]place, len(classes))
	total := 0
	for i, c := range classes {
		want := share(c)
		whole := math.Floor(want + 1e-9)
		places[i] = place{c, int(whole), want - whole}
		total += int(whole)
	}
	byRest := make([]int, len(places))
	for i := range byRest {
		byRest[i] = i
	}
	sort.SliceStable(byRest, func(a, b int) bool { return places[byRest[a]].rest > places[byRest[b]].rest })
	for k := 0; total < n; k++ {
		places[byRest[k%len(byRest)]].n++
		total++
	}
	order := ranked(in.Members, in, "members")
	out := &trial.SetOutcome{}
	copies := 0
	for _, p := range places {
		var of []int
		for _, i := range order {
			if in.Members[i].Class == p.class {
				of = append(of, i)
			}
		}
		for k := range p.n {
			out.Picks = append(out.Picks, trial.Pick{Index: of[k%len(of)]})
		}
		copies += max(0, p.n-len(of))
	}
	if copies > 0 {
		out.Flags = append(out.Flags, trial.Flag{Code: "copies", Detail: fmt.Sprintf("%d members are there more than once, since their classes have too few", copies)})
	}
	return out
}
