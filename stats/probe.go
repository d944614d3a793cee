package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"probity/internal/stream"
)

// Ridge is a linear map with an intercept, fitted by ridge regression: x W + b.
type Ridge struct {
	W    []float64 // D x C, row-major
	B    []float64 // C
	D, C int
}

// RidgePenalty is a penalty in proportion to how far rows spread: share times the mean over dimensions of the sum of squares about
// the mean. It makes probes of embeddings that differ in nothing but their unit alike.
func RidgePenalty(x Rows, share float64) float64 {
	var sum float64
	c := x.Less(x.Mean())
	for _, v := range c.X {
		sum += v * v
	}
	return share * sum / float64(x.D)
}

// FitRidge minimises |y - x W - b|^2 + alpha |W|^2, the intercept b not penalised (as scikit-learn's Ridge does). y has a row for
// each of x. alpha has to be above 0, so that the solution is unique.
//
// Source: Hoerl and Kennard, Ridge regression, Technometrics 12 (1970).
func FitRidge(x, y Rows, alpha float64) (*Ridge, error) {
	if x.N != y.N || x.N < 2 || x.D < 1 || y.D < 1 {
		return nil, fmt.Errorf("ridge regression: %d x %d features for %d x %d targets", x.N, x.D, y.N, y.D)
	}
	if !(alpha > 0) || math.IsInf(alpha, 0) {
		return nil, fmt.Errorf("ridge regression: penalty %v, wants one above 0; are all rows the same?", alpha)
	}
	mx, my := x.Mean(), y.Mean()
	cx, cy := x.Less(mx), y.Less(my)
	s := cx.scatter()
	for i := range x.D {
		s[i*x.D+i] += alpha
	}
	var right, w mat.Dense
	right.Mul(mat.NewDense(cx.N, cx.D, cx.X).T(), mat.NewDense(cy.N, cy.D, cy.X))
	var chol mat.Cholesky
	if !chol.Factorize(mat.NewSymDense(x.D, s)) {
		return nil, fmt.Errorf("ridge regression: the penalty %g is too small for features of rank below %d", alpha, x.D)
	}
	if err := chol.SolveTo(&w, &right); err != nil {
		return nil, fmt.Errorf("ridge regression: the penalty %g is too small: %w", alpha, err)
	}
	r := &Ridge{W: w.RawMatrix().Data, D: x.D, C: y.D, B: my}
	for k := range x.D {
		for c := range y.D {
			r.B[c] -= mx[k] * r.W[k*y.D+c]
		}
	}
	return r, nil
}

// Predict applies the map.
func (r *Ridge) Predict(x Rows) Rows {
	out := x.Times(r.W, r.C)
	for i := range out.N {
		row := out.Row(i)
		for c := range row {
			row[c] += r.B[c]
		}
	}
	return out
}

// Task is a labelling of rows with a control task: labels that a probe can only learn by heart.
//
// A control task (Hewitt and Liang 2019) gives every type one random label, fixed. The types have to come again in the rows that the
// probe is judged on, and they determine the true label. The label of a type is drawn from the distribution of the true ones.
type Task struct {
	Label   []int   // by row; -1: none, and the row is left out
	Classes int     // labels are 0..Classes-1
	Control [][]int // by draw, then row; none where no types are given
}

// NewTask makes a task with draws of its control. kind numbers the types of the rows; nil: no control.
func NewTask(label []int, classes int, kind []int, draws int, s func(draw int) *stream.Stream) Task {
	t := Task{Label: label, Classes: classes}
	if kind == nil {
		return t
	}
	var known []int
	for _, l := range label {
		if l >= 0 {
			known = append(known, l)
		}
	}
	for d := range draws {
		r := s(d)
		of := map[int]int{}
		control := make([]int, len(label))
		for i, k := range kind {
			if label[i] < 0 {
				control[i] = -1
				continue
			}
			c, ok := of[k]
			if !ok {
				c = known[r.IntN(len(known))]
				of[k] = c
			}
			control[i] = c
		}
		t.Control = append(t.Control, control)
	}
	return t
}

// Probes are linear probes of several tasks, fitted at once on the same rows.
type Probes struct {
	tasks []Task
	ridge *Ridge
}

// FitProbes fits ridge regressions to the one-of-n targets of all tasks and their controls. rows names, for each row of x, its place
// in the tasks' labels. The penalty is RidgePenalty with the given share.
//
// Sources: Alain and Bengio, Understanding intermediate layers using linear classifier probes (2016); Hewitt and Liang, Designing and
// interpreting probes with control tasks, EMNLP (2019).
func FitProbes(x Rows, rows []int, tasks []Task, share float64) (*Probes, error) {
	columns := 0
	for _, t := range tasks {
		columns += t.Classes * (1 + len(t.Control))
	}
	y := Rows{x.N, columns, make([]float64, x.N*columns)}
	for i, row := range rows {
		at := 0
		for _, t := range tasks {
			for _, labels := range append([][]int{t.Label}, t.Control...) {
				if l := labels[row]; l >= 0 {
					y.X[i*columns+at+l] = 1
				}
				at += t.Classes
			}
		}
	}
	ridge, err := FitRidge(x, y, RidgePenalty(x, share))
	if err != nil {
		return nil, err
	}
	return &Probes{tasks, ridge}, nil
}

// Outcome says for each row whether a task's probe named its label, and in which share of the draws the control's probe named the
// control's label; NaN where the row has no label, or the task no control.
type Outcome struct{ Right, Control []float64 }

// Judge applies the probes to other rows: an Outcome for each task.
func (p *Probes) Judge(x Rows, rows []int) []Outcome {
	said := p.ridge.Predict(x)
	out := make([]Outcome, len(p.tasks))
	at := 0
	for k, t := range p.tasks {
		o := Outcome{make([]float64, x.N), make([]float64, x.N)}
		for i, row := range rows {
			o.Right[i], o.Control[i] = math.NaN(), math.NaN()
			if t.Label[row] < 0 {
				continue
			}
			o.Right[i] = hit(said.Row(i)[at:at+t.Classes], t.Label[row])
			if len(t.Control) > 0 {
				o.Control[i] = 0
			}
			for c, labels := range t.Control {
				from := at + (1+c)*t.Classes
				o.Control[i] += hit(said.Row(i)[from:from+t.Classes], labels[row]) / float64(len(t.Control))
			}
		}
		out[k] = o
		at += t.Classes * (1 + len(t.Control))
	}
	return out
}

// hit is 1 where the label's score is the largest, shared among ties.
func hit(score []float64, label int) float64 {
	ties := 0.0
	for _, v := range score {
		if v > score[label] {
			return 0
		}
		if v == score[label] {
			ties++
		}
	}
	return 1 / ties
}
