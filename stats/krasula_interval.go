package stats

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
)

// KrasulaIntervals is Krasula's analysis with intervals over clusters, and all its estimates without each cluster, so that
// metrics can be compared.
type KrasulaIntervals struct {
	Krasula
	DifferentIn, BetterIn, CorrectIn    Interval
	leaveDifferent, leaveBetter, leaveC []float64
}

// KrasulaWithin analyses pairs made within clusters (the same source): cluster[i] is the cluster of pair i, numbered from 0
// to clusters-1. Intervals are the cluster jackknife's t (Tukey 1958): an AUC of pairs is a smooth function of clusters.
func KrasulaWithin(pairs []KrasulaPair, cluster []int, clusters int, level float64) (*KrasulaIntervals, error) {
	if len(cluster) != len(pairs) {
		return nil, fmt.Errorf("krasula: %d pairs but clusters of %d", len(pairs), len(cluster))
	}
	k, err := AnalyseKrasula(pairs)
	if err != nil {
		return nil, err
	}
	out := &KrasulaIntervals{Krasula: k}
	var present []int
	seen := make([]bool, clusters)
	for i, c := range cluster {
		if c < 0 || c >= clusters {
			return nil, fmt.Errorf("krasula: pair %d has cluster %d, outside 0 to %d", i, c, clusters-1)
		}
		if !seen[c] {
			seen[c] = true
			present = append(present, c)
		}
	}
	slices.Sort(present)
	different, better := newOrdered(pairs, cluster, func(p KrasulaPair) (float64, bool, bool) { return math.Abs(p.Score), p.Differ, true }),
		newOrdered(pairs, cluster, func(p KrasulaPair) (float64, bool, bool) {
			return math.Copysign(1, p.Human) * p.Score, true, p.Differ
		})
	better.mirrored = true
	d, b, c := make([]float64, len(present)), make([]float64, len(present)), make([]float64, len(present))
	var wg sync.WaitGroup
	workers := min(max(1, runtime.GOMAXPROCS(0)), max(1, len(present)))
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(present); i += workers {
				d[i], b[i] = different.auc(present[i]), better.auc(present[i])
				c[i] = better.positive(present[i])
			}
		})
	}
	wg.Wait()
	out.leaveDifferent, out.leaveBetter, out.leaveC = d, b, c
	judge := func(value float64, leave []float64) Interval {
		iv := noInterval(value, len(present), orLevel(level))
		switch {
		case math.IsNaN(value):
			return iv
		case len(present) < 2:
			iv.warn("one cluster: no interval")
			return iv
		}
		iv = jackknifeT(iv, leave)
		iv.Low, iv.High = max(0, iv.Low), min(1, iv.High)
		return iv
	}
	out.DifferentIn, out.BetterIn, out.CorrectIn = judge(k.Different, d), judge(k.Better, b), judge(k.Correct, c)
	return out, nil
}

// Difference compares two metrics on the same pairs: paired over clusters by the jackknife, a minus b, of the three numbers
// in the order different-or-similar, better-or-worse, correct.
func (k *KrasulaIntervals) Difference(o *KrasulaIntervals, level float64) (iv [3]Interval, p [3]float64) {
	one := func(at int, va, vb float64, a, b []float64) {
		iv[at] = noInterval(va-vb, len(a), orLevel(level))
		p[at] = math.NaN()
		if len(a) != len(b) || len(a) < 2 || math.IsNaN(va-vb) {
			return
		}
		leave := make([]float64, len(a))
		for i := range a {
			leave[i] = a[i] - b[i]
		}
		iv[at], p[at] = jackknifeT(iv[at], leave), jackknifeP(va-vb, leave)
	}
	one(0, k.Different, o.Different, k.leaveDifferent, o.leaveDifferent)
	one(1, k.Better, o.Better, k.leaveBetter, o.leaveBetter)
	one(2, k.Correct, o.Correct, k.leaveC, o.leaveC)
	return iv, p
}

// jackknifeP is the two-sided p of 0 by the jackknife's t; NaN without spread.
func jackknifeP(value float64, leave []float64) float64 {
	k := float64(len(leave))
	_, ss := center(leave)
	se := math.Sqrt(ss * (k - 1) / k)
	if !(se > 0) {
		return math.NaN()
	}
	return tTwoSided(value/se, k-1)
}

// ordered are pairs sorted once by a value, of which an AUC without any one cluster is a single pass.
type ordered struct {
	value      []float64
	isPositive []bool
	cluster    []int32
	// mirrored: every value stands against its own negative (the two orientations of a pair).
	mirrored bool
}

func newOrdered(pairs []KrasulaPair, cluster []int, of func(p KrasulaPair) (value float64, positive, counts bool)) *ordered {
	type one struct {
		v   float64
		pos bool
		c   int32
	}
	var list []one
	for i, p := range pairs {
		if v, pos, counts := of(p); counts {
			list = append(list, one{v, pos, int32(cluster[i])})
		}
	}
	slices.SortStableFunc(list, func(a, b one) int {
		switch {
		case a.v < b.v:
			return -1
		case a.v > b.v:
			return 1
		}
		return 0
	})
	o := &ordered{}
	for _, x := range list {
		o.value, o.isPositive, o.cluster = append(o.value, x.v), append(o.isPositive, x.pos), append(o.cluster, x.c)
	}
	return o
}

// auc leaves one cluster out. NaN where a side is empty.
func (o *ordered) auc(without int) float64 {
	if o.mirrored {
		return o.mirroredAUC(without)
	}
	var below, neg, pos, wins float64
	for i := 0; i < len(o.value); {
		v := o.value[i]
		var n, p float64
		for ; i < len(o.value) && o.value[i] == v; i++ {
			if int(o.cluster[i]) == without {
				continue
			}
			if o.isPositive[i] {
				p++
			} else {
				n++
			}
		}
		wins += p * (below + n/2)
		below += n
		neg, pos = neg+n, pos+p
	}
	return wins / (neg * pos)
}

// mirroredAUC is the AUC of the values against their negatives: the share of pairs i, j with value i + value j > 0.
func (o *ordered) mirroredAUC(without int) float64 {
	var n, wins float64
	for i := range o.value {
		if int(o.cluster[i]) != without {
			n++
		}
	}
	// From the top down the partners that suffice reach further and further down; two pointers count them.
	var above, equal float64 // values > -v and = -v
	lo, eq := len(o.value), len(o.value)
	for i := 0; i < len(o.value); i++ {
		v := o.value[i]
		for lo > 0 && o.value[lo-1] > -v {
			lo--
			if int(o.cluster[lo]) != without {
				above++
			}
		}
		if eq >= lo {
			eq, equal = lo, 0
		}
		// Equal ones lie just below lo.
		for eq > 0 && o.value[eq-1] == -v {
			eq--
			if int(o.cluster[eq]) != without {
				equal++
			}
		}
		if int(o.cluster[i]) != without {
			wins += above + equal/2
		}
	}
	return wins / (n * n)
}

// positive is the share of values above 0, ties half, without one cluster.
func (o *ordered) positive(without int) float64 {
	var n, right float64
	for i, v := range o.value {
		if int(o.cluster[i]) == without {
			continue
		}
		n++
		switch {
		case v > 0:
			right++
		case v == 0:
			right += .5
		}
	}
	return right / n
}
