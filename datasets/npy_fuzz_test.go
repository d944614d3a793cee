package datasets

import "testing"

// Whatever bytes a file of votes holds, reading it ends in a share or an error.
func FuzzNpyShare(f *testing.F) {
	f.Add([]byte("\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }             \n\x00\x00\x00\x3f"))
	f.Add([]byte("\x93NUMPY\x01\x00\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if v, err := parseNpyShare(data); err == nil && !(v >= 0 && v <= 1) {
			t.Errorf("share %v", v)
		}
	})
}

// Whatever stands in a cell of ratings, it is a pair of shares or an error.
func FuzzHubPair(f *testing.F) {
	f.Add("[0.5, 1]")
	f.Add("[,]")
	f.Fuzz(func(t *testing.T, text string) {
		if v, err := hubPair(text); err == nil && !(v[0] >= 0 && v[0] <= 1 && v[1] >= 0 && v[1] <= 1) {
			t.Errorf("%q gives %v", text, v)
		}
	})
}
