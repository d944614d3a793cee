package reports

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"probity/internal/registry"
	"probity/reports/figure"
	"probity/stats"
)

func init() {
	Kinds.Add(registry.Info{
		Name:    "agreement-disagreement",
		Version: 1,
		Doc:     "the items on which metrics and people differ most, with their pictures where there are any",
		Long: `Scores and ratings become ranks from 0 (worst) to 1 (best); an item's disagreement with a metric is the metric's rank
less people's. Of choices it is the share of votes against the metric's choice. Shown are the items with the largest mean
disagreement over the metrics, and each metric's own worst.`,
		Source: "ranks: Spearman 1904",
		Params: []registry.Param{judgedParam,
			{Name: "items", Type: registry.Int, Doc: "how many items to show", Default: 12, Min: 1, Max: 100}},
	}, Entry{Compute: disagreement, Exhibit: showDisagreement})
}

// The quantities of the list of disagreements; Estimate.At names the item, Severity its place in the data from 0.
const (
	RankDisagreement Quantity = "rank disagreement"  // metric's rank less people's, both 0..1 and larger better
	VoteDisagreement Quantity = "votes against"      // share of votes against the metric's choice
	HumanRank        Quantity = "rank among ratings" // 0 worst, 1 best
)

// qualityRanks are places from 0 (worst) to 1 (best); sign -1 where a smaller value is better.
func qualityRanks(v []float64, sign float64) []float64 {
	x := make([]float64, len(v))
	for i := range v {
		x[i] = sign * v[i]
	}
	r := stats.MidRanks(x)
	for i := range r {
		r[i] = (r[i] - .5) / float64(len(r))
	}
	return r
}

// disagreements are, by metric and used item, how far metric and people differ.
func (d *judged) disagreements() (by [][]float64, human []float64) {
	if d.Choices() {
		for m := range d.Columns {
			sign := float64(1)
			if s := d.expected(m); s != 0 {
				sign = s
				if d.Lower {
					sign = -s
				}
			} else if arithmeticMean(d.votesFor(m, 1)) < .5 {
				sign = -1
			}
			v := d.votesFor(m, sign)
			for i := range v {
				v[i] = 1 - v[i]
			}
			by = append(by, v)
		}
		return by, nil
	}
	better := 1.
	if d.Lower {
		better = -1
	}
	human = qualityRanks(d.rating, better)
	for m := range d.Columns {
		sign := 1.
		if r, err := stats.Spearman(d.score[m], d.rating); err == nil {
			sign = d.taken(m, r)
		}
		v := qualityRanks(d.score[m], sign*better)
		for i := range v {
			v[i] -= human[i]
		}
		by = append(by, v)
	}
	return by, human
}

// worst are the places of the n items with the largest mean disagreement over metrics, the first of equals; at most one in
// n/2 of the same source, so that the list shows several.
func (d *judged) worst(by [][]float64, n int) []int {
	size := make([]float64, len(d.items))
	for i := range size {
		for m := range by {
			size[i] += math.Abs(by[m][i]) / float64(len(by))
		}
	}
	order := make([]int, len(size))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case size[a] > size[b]:
			return -1
		case size[a] < size[b]:
			return 1
		}
		return 0
	})
	var out []int
	taken := map[int]int{}
	for _, i := range order {
		if d.Cluster != nil && taken[d.cluster[i]] >= max(1, n/2) {
			continue
		}
		taken[d.cluster[i]]++
		if out = append(out, i); len(out) == n {
			break
		}
	}
	return out
}

// Disagreements are the items of data set number set, by their place in the data, that the list of disagreements shows, so
// that a caller can fetch their pictures.
func Disagreements(in *Input, set int) ([]int, error) {
	d, err := newJudged(&in.Human[set])
	if err != nil {
		return nil, err
	}
	n := 0
	for _, r := range in.Experiment.Findings {
		if r.Kind == "agreement-disagreement" {
			n = max(n, r.Params.Int("items"))
		}
	}
	by, _ := d.disagreements()
	var out []int
	for _, i := range d.worst(by, n) {
		out = append(out, d.items[i])
	}
	return out, nil
}

func disagreement(_ context.Context, a *Analysis, params registry.Values) (*Finding, error) {
	b, list, err := a.human("agreement-disagreement", "Where metrics and people differ most", params)
	if err != nil || len(list) == 0 {
		return b.finding(), err
	}
	b.f.Method = append(b.f.Method, "Ranks from 0 (worst) to 1 (best) among the items of a data set; disagreement is the metric's rank less people's, of choices the share of votes against the metric's choice. Single items, chosen for their size: examples to look at, not estimates.")
	var answers []string
	for _, d := range list {
		by, human := d.disagreements()
		q := RankDisagreement
		if d.Choices() {
			q = VoteDisagreement
		}
		worst := d.worst(by, params.Int("items"))
		for _, i := range worst {
			if human != nil {
				e := d.of(HumanRank, ratersLabel)
				e.At, e.Severity, e.Value, e.N = d.name(d.items[i]), Number(d.items[i]), Number(human[i]), 1
				b.add(e)
			}
			for m := range d.Columns {
				e := d.of(q, d.Columns[m].Label)
				e.At, e.Severity, e.Value, e.N = d.name(d.items[i]), Number(d.items[i]), Number(by[m][i]), 1
				b.add(e)
			}
		}
		i := worst[0]
		if human == nil {
			answers = append(answers, fmt.Sprintf("On %s, votes and metrics differ most on %s.", d.Name, d.name(d.items[i])))
			continue
		}
		above := 0
		for m := range by {
			if by[m][i] > 0 {
				above++
			}
		}
		how := "below"
		if 2*above > len(by) {
			how = "above"
		}
		answers = append(answers, fmt.Sprintf("On %s, metrics and people differ most on %s: people put it at the %s percentile, %s put it %s.", d.Name, d.name(d.items[i]), ordinal(int(100*human[i])),
			counted(max(above, len(by)-above), len(by)), how))
	}
	b.f.Answer = strings.Join(answers, " ")
	return b.f, nil
}

// ordinal writes a place: 1st, 12th, 22nd.
func ordinal(n int) string {
	switch {
	case n%100 >= 11 && n%100 <= 13:
	case n%10 == 1:
		return fmt.Sprintf("%dst", n)
	case n%10 == 2:
		return fmt.Sprintf("%dnd", n)
	case n%10 == 3:
		return fmt.Sprintf("%drd", n)
	}
	return fmt.Sprintf("%dth", n)
}

func showDisagreement(v *View, f *Finding) (Exhibition, error) {
	var out Exhibition
	for _, d := range v.a.humans {
		title := "rank less people's"
		if d.Choices() {
			title = "votes against"
		}
		t := Table{Name: "agreement-disagreement-" + d.Name, Title: "Items on which metrics and people differ most, " + d.Name,
			Caption: "Largest mean disagreement first; " + map[bool]string{false: "ranks are from 0 (worst) to 1 (best), a positive number says that the metric ranks the item higher than people.", true: "share of votes against the metric's choice."}[d.Choices()],
			Columns: []TableColumn{{Title: "item"}}}
		if !d.Choices() {
			t.Columns = append(t.Columns, TableColumn{Title: d.scale(), Numeric: true}, TableColumn{Title: "people's rank", Numeric: true})
		}
		for m := range d.Columns {
			t.Columns = append(t.Columns, TableColumn{Title: d.Columns[m].Label + ", " + title, Numeric: true})
		}
		var gallery figure.Gallery
		var order []int
		cells := map[[2]string]float64{}
		for i := range f.Estimates {
			e := &f.Estimates[i]
			if e.Dataset != d.Name {
				continue
			}
			item := int(e.Severity)
			if !slices.Contains(order, item) {
				order = append(order, item)
			}
			cells[[2]string{fmt.Sprint(item), e.Metric}] = float64(e.Value)
		}
		for _, item := range order {
			row := TableRow{Cells: []TableCell{{Text: d.name(item)}}}
			people := nan
			if !d.Choices() {
				people = cells[[2]string{fmt.Sprint(item), ratersLabel}]
				row.Cells = append(row.Cells, TableCell{Text: digits(d.Rating[item]), Value: d.Rating[item]}, TableCell{Text: share(people), Value: people})
			}
			g := figure.GalleryItem{Title: d.name(item)}
			if d.Choices() {
				a := d.VotesA[item] / (d.VotesA[item] + d.VotesB[item])
				g.Title += fmt.Sprintf(": A (left) %s of the votes, B %s", share(a), share(1-a))
				g.Scores = append(g.Scores, figure.GalleryScore{Label: "the majority", Family: "human", Rank: max(a, 1-a), Text: d.chosen(item, max(a, 1-a))})
			} else {
				g.Scores = append(g.Scores, figure.GalleryScore{Label: ratersLabel, Family: "human", Rank: people, Text: digits(d.Rating[item])})
			}
			for m := range d.Columns {
				x := cells[[2]string{fmt.Sprint(item), d.Columns[m].Label}]
				row.Cells = append(row.Cells, TableCell{Text: share(x), Value: x})
				if d.Choices() {
					g.Scores = append(g.Scores, figure.GalleryScore{Label: d.Columns[m].Label, Family: d.family(m), Rank: 1 - x, Text: d.chosen(item, 1-x)})
				} else {
					g.Scores = append(g.Scores, figure.GalleryScore{Label: d.Columns[m].Label, Family: d.family(m), Rank: min(1, max(0, x+people)), Text: digits(d.Score[m][item])})
				}
			}
			t.Rows = append(t.Rows, row)
			if p, ok := d.Pictures[item]; ok {
				g.Before, g.After = p[0], p[1]
				gallery.Items = append(gallery.Items, g)
			}
		}
		if len(t.Rows) > 0 {
			out.Tables = append(out.Tables, t)
		}
		if len(gallery.Items) > 0 {
			gallery.RankLabel = "rank among the items, 1 is best"
			says := "Reference, what was judged, and where people and each metric rank it"
			if d.Choices() {
				gallery.RankLabel = "share of votes for the choice"
				says = "Reference, the two that were chosen between (A at the left), and the share of votes for what the majority and each metric chose"
			}
			gallery.About = v.aboutHuman(f, d, "agreement-disagreement", "Items on which metrics and people differ most", says, nil)
			out.Figures = append(out.Figures, &gallery)
		}
	}
	return out, nil
}

// chosen names the alternative of an item that has a share of its votes: "A", "B", or a tie where both have as many.
func (d *judged) chosen(item int, votes float64) string {
	a := d.VotesA[item] / (d.VotesA[item] + d.VotesB[item])
	switch {
	case a == 1-a:
		return "A or B"
	case math.Abs(votes-a) < 1e-9:
		return "A"
	case math.Abs(votes-(1-a)) < 1e-9:
		return "B"
	}
	return "neither"
}
