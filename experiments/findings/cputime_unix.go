//go:build unix

package main

import "syscall"

// cpuTime is the processor time that this process has taken, in seconds: unlike the clock's, it does not depend on what else runs.
func cpuTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}
