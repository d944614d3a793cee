package linalg

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// The blocks of a product: blockRows x blockDepth of the left matrix stay in a core's second-level cache, a panel of
// blockDepth x tileCols of the right one in its first (Goto and van de Geijn, Anatomy of high-performance matrix
// multiplication, ACM TOMS 34, 2008).
const (
	blockRows  = 16 * tileRows
	blockDepth = 256
	blockCols  = 128 * tileCols
)

// Add adds scale times a b to c, whose rows lie stride apart. Lower: only blocks that touch the lower triangle of c are
// sure to be right (for a product known to be symmetric). One: run on the calling goroutine alone.
//
// It panics where the sizes do not fit.
func Add(c []float64, stride int, scale float64, a, b View, opts ...Option) {
	lower, one := false, false
	for _, o := range opts {
		lower, one = lower || o == Lower, one || o == One
	}
	m, n, depth := a.Rows, b.Cols, a.Cols
	if b.Rows != depth || stride < n || m > 0 && len(c) < (m-1)*stride+n {
		panic(fmt.Sprintf("linalg: product of %d x %d and %d x %d into %d numbers with rows %d apart", a.Rows, a.Cols, b.Rows, b.Cols, len(c), stride))
	}
	if m == 0 || n == 0 || depth == 0 {
		return
	}
	workers := 1
	if !one && m*n*depth > 1<<18 {
		workers = runtime.GOMAXPROCS(0)
	}
	pb := buffer(min(blockDepth, depth) * roundUp(min(blockCols, n), tileCols))
	defer release(pb)
	bt := b.T()
	for j := 0; j < n; j += blockCols {
		nc := min(blockCols, n-j)
		for k := 0; k < depth; k += blockDepth {
			kc := min(blockDepth, depth-k)
			const share = 8 * tileCols // columns that one goroutine packs at a time
			parallel(workers, (nc+share-1)/share, func(p int) {
				bt.Part(j+p*share, k, min(share, nc-p*share), kc).pack((*pb)[p*share*kc:], tileCols, 1)
			})
			first := 0
			if lower {
				first = j / blockRows
			}
			blocks := (m + blockRows - 1) / blockRows
			parallel(workers, blocks-first, func(p int) {
				i := (first + p) * blockRows
				mc := min(blockRows, m-i)
				pa := buffer(roundUp(mc, tileRows) * kc)
				a.Part(i, k, mc, kc).pack(*pa, tileRows, scale)
				cols := nc
				if lower {
					cols = min(nc, i+mc-j)
				}
				macro(c[i*stride+j:], stride, mc, cols, kc, *pa, *pb)
				release(pa)
			})
		}
	}
}

// Option changes how a product is computed.
type Option int

// The options of a product.
const (
	Lower Option = iota
	One
)

// macro multiplies a packed block with packed columns.
func macro(c []float64, stride, rows, cols, k int, a, b []float64) {
	var edge [tileRows * tileCols]float64
	for j := 0; j < cols; j += tileCols {
		pb := b[j*k:][:tileCols*k]
		for i := 0; i < rows; i += tileRows {
			pa := a[i*k:][:tileRows*k]
			if i+tileRows <= rows && j+tileCols <= cols {
				kernel(k, pa, pb, c[i*stride+j:], stride)
				continue
			}
			clear(edge[:])
			kernel(k, pa, pb, edge[:], tileCols)
			for r := range min(tileRows, rows-i) {
				row := c[(i+r)*stride+j:]
				for q := range min(tileCols, cols-j) {
					row[q] += edge[r*tileCols+q]
				}
			}
		}
	}
}

// Product is a b, row-major.
func Product(a, b View) []float64 {
	c := make([]float64, a.Rows*b.Cols)
	Add(c, b.Cols, 1, a, b)
	return c
}

// Gram is a a^T, whole and symmetric to the bit.
func Gram(a View) []float64 {
	n := a.Rows
	c := make([]float64, n*n)
	Add(c, n, 1, a, a.T(), Lower)
	Mirror(c, n)
	return c
}

// Mirror copies the lower triangle of an n x n matrix to the upper one.
func Mirror(c []float64, n int) {
	const b = 64
	for i0 := 0; i0 < n; i0 += b {
		for j0 := 0; j0 <= i0; j0 += b {
			for i := i0; i < min(i0+b, n); i++ {
				for j := j0; j < min(j0+b, i); j++ {
					c[j*n+i] = c[i*n+j]
				}
			}
		}
	}
}

// parallel calls f(0), ..., f(n-1) on some goroutines.
func parallel(workers, n int, f func(int)) {
	if workers = min(workers, n); workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
}

var buffers = sync.Pool{New: func() any { return new([]float64) }}

func buffer(n int) *[]float64 {
	b := buffers.Get().(*[]float64)
	if cap(*b) < n {
		*b = make([]float64, n)
	}
	*b = (*b)[:n]
	return b
}

func release(b *[]float64) { buffers.Put(b) }

func roundUp(n, tile int) int { return (n + tile - 1) / tile * tile }
