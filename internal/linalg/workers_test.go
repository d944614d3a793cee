package linalg_test

import "runtime"

func setWorkers(n int) (undo func()) {
	old := runtime.GOMAXPROCS(n)
	return func() { runtime.GOMAXPROCS(old) }
}
