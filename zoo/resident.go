package zoo

import (
	"os"
	"strconv"
	"strings"
)

// resident is how many bytes of this process lie in memory (Linux: the second field of /proc/self/statm, in pages; VmRSS is the same
// number). ok is false on systems that do not tell it so.
func resident() (bytes int64, ok bool) {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0, false
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err == nil
}

// SessionMemory is what a model's sessions hold once they are open, before any picture: as Memory estimates it, and as it was
// measured when the model was first loaded, by how much the process' resident memory grew. The first session of a process brings some
// 20 MiB of the runtime itself with it.
type SessionMemory struct {
	Estimated int64 `json:"estimated"`          // bytes: the files of both towers two or three times, and 16 MiB
	Measured  int64 `json:"measured,omitempty"` // bytes; memory that was let go before and is taken again does not count
	Known     bool  `json:"known"`              // whether it was measured; Linux alone tells
}
