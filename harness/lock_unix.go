//go:build unix

package harness

import (
	"os"

	"golang.org/x/sys/unix"
)

// tryLock takes an exclusive lock that the system releases when the process ends, however it ends.
func tryLock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
