//go:build !unix

package main

import "time"

var started = time.Now()

// cpuTime is the time since the program began, in seconds, where the system does not tell the processor's.
func cpuTime() float64 { return time.Since(started).Seconds() }
