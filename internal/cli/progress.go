package cli

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"probity/harness"
)

// progress shows how a run goes on: a bar with rate and remaining time on a terminal, a line every few seconds else.
func (a *app) progress() harness.Progress {
	switch {
	case a.quiet:
		return silent{}
	case a.plainErr:
		return &plainProgress{w: a.err}
	}
	return &barProgress{w: a.err}
}

type silent struct{}

func (silent) Start(string, int, string) {}
func (silent) Add(int)                   {}
func (silent) End()                      {}

type barProgress struct {
	w   io.Writer
	bar *progressbar.ProgressBar
}

func (p *barProgress) Start(phase string, total int, unit string) {
	p.bar = progressbar.NewOptions(total,
		progressbar.OptionSetWriter(p.w),
		progressbar.OptionSetDescription(fmt.Sprintf("%-10s", phase)),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(200*time.Millisecond),
		progressbar.OptionFullWidth(), progressbar.OptionEnableColorCodes(os.Getenv("NO_COLOR") == ""),
		progressbar.OptionClearOnFinish())
}

func (p *barProgress) Add(n int) { _ = p.bar.Add(n) }
func (p *barProgress) End()      { _ = p.bar.Finish() }

// plainProgress prints a line at most every five seconds.
type plainProgress struct {
	w           io.Writer
	mu          sync.Mutex
	phase, unit string
	total, done int
	start, last time.Time
}

func (p *plainProgress) Start(phase string, total int, unit string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase, p.unit, p.total, p.done = phase, unit, total, 0
	p.start = time.Now()
	p.last = p.start
}

func (p *plainProgress) Add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	if now := time.Now(); now.Sub(p.last) >= 5*time.Second {
		p.last = now
		rate := float64(p.done) / now.Sub(p.start).Seconds()
		left := "unknown"
		if rate > 0 {
			left = time.Duration(float64(p.total-p.done) / rate * float64(time.Second)).Round(time.Second).String()
		}
		fmt.Fprintf(p.w, "%s: %d of %d %s, %.0f/s, %s left\n", p.phase, p.done, p.total, p.unit, rate, left)
	}
}

func (p *plainProgress) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.total > 0 && p.done == p.total {
		fmt.Fprintf(p.w, "%s: %d %s in %s\n", p.phase, p.done, p.unit, time.Since(p.start).Round(100*time.Millisecond))
	}
}
