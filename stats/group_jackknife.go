package stats

import "fmt"

// jackknifeGroups is the number of groups of the delete-a-group jackknife: enough for t with 19 degrees of freedom.
const jackknifeGroups = 20

// Groups deals clusters into groups for the delete-a-group jackknife: cluster c goes to group c mod 20; fewer clusters make a
// group each. cluster numbers the clusters of the rows from 0 in an order that has to be a random one; nil: every row is its own.
func Groups(n int, cluster []int) []int {
	most := n
	if cluster != nil {
		most = 0
		for _, c := range cluster {
			most = max(most, c+1)
		}
	}
	k := min(most, jackknifeGroups)
	out := make([]int, n)
	for i := range out {
		if cluster != nil {
			out[i] = cluster[i] % k
		} else {
			out[i] = i % k
		}
	}
	return out
}

func groupCount(group []int) int {
	k := 0
	for _, g := range group {
		k = max(k, g+1)
	}
	return k
}

// groupJackknife is the t interval of an estimate from its values without each group (Tukey 1958; Kott 2001 for groups of about
// equal size).
func groupJackknife(value float64, leave []float64, level float64) Interval {
	iv := noInterval(value, len(leave), orLevel(level))
	if len(leave) < 2 {
		iv.warn("one group: no interval")
		return iv
	}
	iv = jackknifeT(iv, leave)
	if iv.Method != "none" && iv.Method != "degenerate" {
		iv.Method = fmt.Sprintf("jackknife t over %d groups, %d df", len(leave), len(leave)-1)
	}
	return iv
}
