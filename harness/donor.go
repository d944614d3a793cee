package harness

import (
	"fmt"
	"sort"

	"probity/internal/registry"
	"probity/internal/stream"
	"probity/internal/trial"
)

// Donors chooses which source lends to which. Each borrower ranks all candidates of the full data set by a hash of both
// (rendezvous hashing: Thaler and Ravishankar, 1998), so that the choice does not depend on the limit, and a picture that
// is added to the data set changes only the choices that it wins.
type Donors struct {
	seed    uint64
	all     []*trial.Source
	class   map[string][]*trial.Source
	cluster map[string][]*trial.Source
	hash    map[string][]*trial.Source
}

// NewDonors takes all sources of a data set.
func NewDonors(seed uint64, all []*trial.Source) *Donors {
	d := &Donors{seed: seed, all: all, class: map[string][]*trial.Source{}, cluster: map[string][]*trial.Source{}, hash: map[string][]*trial.Source{}}
	for _, s := range all {
		d.class[s.Class] = append(d.class[s.Class], s)
		d.cluster[s.Cluster()] = append(d.cluster[s.Cluster()], s)
		d.hash[s.Hash] = append(d.hash[s.Hash], s)
	}
	return d
}

// Choose gives the donor of src for one step and replicate. Replicates have different donors as long as there are enough,
// then they come again from the first. usable may refuse a candidate, such as one whose picture cannot be read; nil
// accepts all. The error says that there is none.
func (d *Donors) Choose(src *trial.Source, step string, replicate int, rule trial.DonorRule, usable func(*trial.Source) bool) (*trial.Source, error) {
	order := d.Order(src, step, rule)
	if usable != nil {
		kept := order[:0]
		for _, s := range order {
			if usable(s) {
				kept = append(kept, s)
			}
		}
		order = kept
	}
	if len(order) == 0 {
		if rule == trial.AnyOther {
			return nil, fmt.Errorf("%s has no donor: there is no other source", src.ID)
		}
		return nil, fmt.Errorf("%s has no donor: there is no %s (%q)", src.ID, rule, src.Class)
	}
	if replicate < 0 { // nulls count down from -1
		replicate = -replicate - 1
	}
	return order[replicate%len(order)], nil
}

// Order lists all candidates of src, the first choice first.
func (d *Donors) Order(src *trial.Source, step string, rule trial.DonorRule) []*trial.Source {
	type ranked struct {
		source *trial.Source
		rank   uint64
	}
	var list []ranked
	d.each(src, rule, func(s *trial.Source) {
		list = append(list, ranked{s, stream.Key{Seed: d.seed, Source: src.Hash, Step: step, Purpose: "donor " + s.Hash}.Rank()})
	})
	sort.Slice(list, func(i, j int) bool {
		if list[i].rank != list[j].rank {
			return list[i].rank < list[j].rank
		}
		return list[i].source.ID < list[j].source.ID
	})
	out := make([]*trial.Source, len(list))
	for i, r := range list {
		out[i] = r.source
	}
	return out
}

// Candidates counts the sources that may lend to src.
func (d *Donors) Candidates(src *trial.Source, rule trial.DonorRule) int {
	follows := func(s *trial.Source) bool {
		switch rule {
		case trial.SameClass:
			return s.Class == src.Class
		case trial.OtherClass:
			return s.Class != src.Class
		}
		return true
	}
	n := len(d.all)
	switch rule {
	case trial.SameClass:
		n = len(d.class[src.Class])
	case trial.OtherClass:
		n -= len(d.class[src.Class])
	}
	for _, s := range d.cluster[src.Cluster()] {
		if follows(s) {
			n--
		}
	}
	for _, s := range d.hash[src.Hash] {
		if follows(s) && s.Cluster() != src.Cluster() {
			n--
		}
	}
	return n
}

// each visits the sources that may lend: never the borrower itself, a copy of its picture or a source of the same origin.
func (d *Donors) each(src *trial.Source, rule trial.DonorRule, visit func(*trial.Source)) {
	from := d.all
	if rule == trial.SameClass {
		from = d.class[src.Class]
	}
	for _, s := range from {
		if s.Hash == src.Hash || s.Cluster() == src.Cluster() || rule == trial.OtherClass && s.Class == src.Class {
			continue
		}
		visit(s)
	}
}

// defaults makes a perturbation with its default parameters.
func defaults(entry trial.PerturbationEntry, info registry.Info) (registry.Values, trial.Perturbation, error) {
	values, errs := registry.NewValues(info, nil)
	if len(errs) > 0 {
		return values, nil, errs[0]
	}
	made, err := entry.New(values)
	return values, made, err
}
