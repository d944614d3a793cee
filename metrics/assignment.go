package metrics

import (
	"fmt"
	"math"

	"probity/internal/linalg"
	"probity/internal/raster"
	"probity/internal/trial"
)

// assignmentLargest bounds the places of an assignment, whose cost grows with their cube.
const assignmentLargest = 1024

// assigned is the mean cosine distance of places under the assignment that makes it smallest.
func assigned(a, b *trial.Tensor) (trial.Score, error) {
	n, c := a.Positions(), a.Channels()
	if n > assignmentLargest {
		return trial.Score{}, fmt.Errorf("an assignment of %d places is too large; choose an output with at most %d", n, assignmentLargest)
	}
	ua, ub := units(a), units(b)
	cost := make([]float64, n*n)
	linalg.Add(cost, n, -1, linalg.Of(ua, n, c), linalg.Of(ub, n, c).T(), linalg.One)
	zero := func(u []float64, i int) bool { return dot64(u[i*c:(i+1)*c], u[i*c:(i+1)*c]) == 0 }
	empty := make([]bool, n)
	for j := range empty {
		empty[j] = zero(ub, j)
	}
	for i := range n {
		za := zero(ua, i)
		for j := range n {
			if cost[i*n+j]++; za && empty[j] {
				cost[i*n+j] = 0
			}
			if math.IsNaN(cost[i*n+j]) {
				return trial.Score{}, fmt.Errorf("a feature holds a number that is none")
			}
		}
	}
	m := raster.NewMap(a.W, a.H)
	sum := 0.0
	for i, j := range assign(cost, n) {
		d := 0.0
		if x, y := ua[i*c:(i+1)*c], ub[j*c:(j+1)*c]; zero(ua, i) != empty[j] {
			d = 1
		} else {
			for k, v := range x {
				d += (v - y[k]) * (v - y[k]) / 2
			}
		}
		m.V[i] = d
		sum += d
	}
	return trial.Score{Value: sum / float64(n), Map: m}, nil
}

func dot64(a, b []float64) float64 {
	s := 0.0
	for i, v := range a {
		s += v * b[i]
	}
	return s
}

// assign solves the linear assignment problem: the column of each row of an n x n cost matrix such that the sum is
// smallest. Shortest augmenting paths (Jonker and Volgenant 1987; the implementation follows Crouse, IEEE TAES 52, 2016,
// as scipy's does), O(n^3).
func assign(cost []float64, n int) []int {
	u, v := make([]float64, n), make([]float64, n)
	column, row := make([]int, n), make([]int, n) // of each row, of each column; -1 where free
	for i := range n {
		column[i], row[i] = -1, -1
	}
	shortest, from := make([]float64, n), make([]int, n)
	inRow, inCol := make([]bool, n), make([]bool, n)
	open := make([]int, n)
	for start := range n {
		for j := range n {
			shortest[j], from[j], inRow[j], inCol[j], open[j] = math.Inf(1), -1, false, false, n-1-j
		}
		left, least, i, sink := n, 0.0, start, -1
		for sink < 0 {
			inRow[i] = true
			best, bestAt := math.Inf(1), -1
			for k, j := range open[:left] {
				if r := least + cost[i*n+j] - u[i] - v[j]; r < shortest[j] {
					shortest[j], from[j] = r, i
				}
				// On ties a free column ends the search.
				if shortest[j] < best || shortest[j] == best && row[j] < 0 {
					best, bestAt = shortest[j], k
				}
			}
			least = best
			j := open[bestAt]
			if row[j] < 0 {
				sink = j
			} else {
				i = row[j]
			}
			inCol[j] = true
			left--
			open[bestAt] = open[left]
		}
		u[start] += least
		for i := range n {
			if inRow[i] && i != start {
				u[i] += least - shortest[column[i]]
			}
		}
		for j := range n {
			if inCol[j] {
				v[j] -= least - shortest[j]
			}
		}
		for j := sink; ; {
			i := from[j]
			row[j] = i
			column[i], j = j, column[i]
			if i == start {
				break
			}
		}
	}
	return column
}
