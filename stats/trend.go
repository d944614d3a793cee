package stats

import (
	"fmt"
	"math"
)

// Trend says whether a score grows with severity.
type Trend struct {
	Violations float64 // share of steps to the next severity, over all sources, at which the score falls
	Reversals  float64 // share of pairs of severities at which it falls
	L, Z, P    float64 // Page's (1963) test, one-sided normal approximation; it rejects almost always and says little
}

// Monotonicity takes value[source][severity] in the order of severity, complete.
func Monotonicity(value [][]float64) (Trend, error) {
	if len(value) == 0 || len(value[0]) < 3 {
		return Trend{P: math.NaN()}, fmt.Errorf("monotonicity: sources with at least 3 severities are needed: %w", ErrUndefined)
	}
	k := len(value[0])
	var t Trend
	for i, v := range value {
		if len(v) != k {
			return Trend{P: math.NaN()}, fmt.Errorf("monotonicity: source %d has %d severities, the first %d", i, len(v), k)
		}
		if err := finite("monotonicity", v); err != nil {
			return Trend{P: math.NaN()}, err
		}
		for a := range v {
			for b := a + 1; b < k; b++ {
				if v[b] < v[a] {
					t.Reversals++
					if b == a+1 {
						t.Violations++
					}
				}
			}
		}
		for j, r := range MidRanks(v) {
			t.L += float64(j+1) * r
		}
	}
	n, K := float64(len(value)), float64(k)
	t.Violations /= n * (K - 1)
	t.Reversals /= n * K * (K - 1) / 2
	t.Z = (t.L - n*K*(K+1)*(K+1)/4) / math.Sqrt(n*K*K*(K+1)*(K*K-1)/144)
	t.P = normalCDF(-t.Z)
	return t, nil
}

// Simpson shows agreement overall beside agreement within groups.
type Simpson struct {
	Overall float64
	Within  map[string]float64 // mean Spearman within the groups of each grouping
	Groups  map[string]int     // groups in which it is defined
	Warning string             // where a mean within has the other sign than overall
}

// GuardSimpson computes Spearman overall and averaged within groups (sources, distortions), and warns where they disagree in
// sign (Simpson 1951). Groups of fewer than 3 or with a constant are left out, and counted by their absence in Groups.
func GuardSimpson(x, y []float64, names []string, groupings [][]int) (Simpson, error) {
	s := Simpson{Within: map[string]float64{}, Groups: map[string]int{}}
	var err error
	if s.Overall, err = Spearman(x, y); err != nil {
		return s, err
	}
	if len(names) != len(groupings) {
		return s, fmt.Errorf("simpson: %d names for %d groupings", len(names), len(groupings))
	}
	for g, group := range groupings {
		if len(group) != len(x) {
			return s, fmt.Errorf("simpson: grouping %q has %d rows of %d", names[g], len(group), len(x))
		}
		var order []int
		rows := map[int][]int{}
		for i, v := range group {
			if rows[v] == nil {
				order = append(order, v)
			}
			rows[v] = append(rows[v], i)
		}
		var sum float64
		n := 0
		for _, v := range order {
			var a, b []float64
			for _, i := range rows[v] {
				a, b = append(a, x[i]), append(b, y[i])
			}
			if len(a) < 3 {
				continue
			}
			if r, err := Spearman(a, b); err == nil {
				sum += r
				n++
			}
		}
		s.Groups[names[g]] = n
		if n == 0 {
			s.Within[names[g]] = math.NaN()
			continue
		}
		w := sum / float64(n)
		s.Within[names[g]] = w
		if w*s.Overall < 0 {
			s.Warning += fmt.Sprintf("overall %.3f but within %s %.3f: they disagree in sign. ", s.Overall, names[g], w)
		}
	}
	return s, nil
}
