package linalg

import "fmt"

// View is a matrix that a product reads: row-major numbers of single or double precision, perhaps transposed, perhaps
// with a vector taken off each stored row (centring, without a copy).
type View struct {
	Rows, Cols int
	stride     int
	double     []float64
	single     []float32
	less       []float64
	turned     bool
}

// Of views rows x cols numbers. It panics if there are fewer.
func Of(data []float64, rows, cols int) View {
	if len(data) < rows*cols {
		panic(fmt.Sprintf("linalg: %d numbers are not %d x %d", len(data), rows, cols))
	}
	return View{Rows: rows, Cols: cols, stride: cols, double: data}
}

// OfSingle views rows x cols numbers of single precision. It panics if there are fewer.
func OfSingle(data []float32, rows, cols int) View {
	if len(data) < rows*cols {
		panic(fmt.Sprintf("linalg: %d numbers are not %d x %d", len(data), rows, cols))
	}
	return View{Rows: rows, Cols: cols, stride: cols, single: data}
}

// T is the transpose.
func (v View) T() View {
	v.Rows, v.Cols, v.turned = v.Cols, v.Rows, !v.turned
	return v
}

// Less is the matrix with a vector taken off every stored row (off every column, where the view is transposed).
func (v View) Less(mean []float64) View {
	v.less = mean
	return v
}

// Part is a part of the matrix: rows i to i+rows and columns j to j+cols.
func (v View) Part(i, j, rows, cols int) View {
	v.Rows, v.Cols = rows, cols
	if v.turned {
		i, j = j, i
	}
	at := i*v.stride + j
	if v.double != nil {
		v.double = v.double[at:]
	} else {
		v.single = v.single[at:]
	}
	if v.less != nil {
		v.less = v.less[j:]
	}
	return v
}

// At is one element.
func (v View) At(i, j int) float64 {
	if v.turned {
		i, j = j, i
	}
	var x float64
	if v.double != nil {
		x = v.double[i*v.stride+j]
	} else {
		x = float64(v.single[i*v.stride+j])
	}
	if v.less != nil {
		x -= v.less[j]
	}
	return x
}

// pack copies v, times scale, into panels of `tile` rows: element (i, k) of panel p lies at (p*Cols+k)*tile+i. The last
// panel is filled with zeros.
func (v View) pack(dst []float64, tile int, scale float64) {
	for i := 0; i < v.Rows; i += tile {
		n := min(tile, v.Rows-i)
		panel := dst[i*v.Cols:][:tile*v.Cols]
		if n < tile {
			clear(panel)
		}
		if v.turned {
			for k := range v.Cols {
				out := panel[k*tile:][:n]
				if v.double != nil {
					copy(out, v.double[k*v.stride+i:])
				} else {
					for r, x := range v.single[k*v.stride+i:][:n] {
						out[r] = float64(x)
					}
				}
				if v.less != nil {
					for r, m := range v.less[i:][:n] {
						out[r] -= m
					}
				}
				if scale != 1 {
					for r := range out {
						out[r] *= scale
					}
				}
			}
			continue
		}
		for r := range n {
			if v.double != nil {
				for k, x := range v.double[(i+r)*v.stride:][:v.Cols] {
					panel[k*tile+r] = x
				}
			} else {
				for k, x := range v.single[(i+r)*v.stride:][:v.Cols] {
					panel[k*tile+r] = float64(x)
				}
			}
			if v.less != nil {
				for k, m := range v.less[:v.Cols] {
					panel[k*tile+r] -= m
				}
			}
			if scale != 1 {
				for k := range v.Cols {
					panel[k*tile+r] *= scale
				}
			}
		}
	}
}
