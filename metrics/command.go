package metrics

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"probity/internal/registry"
	"probity/internal/trial"
)

func init() {
	for _, k := range []struct {
		name string
		dir  trial.Direction
		more string
	}{{"command", trial.Distance, "a distance"}, {"command-similarity", trial.Similarity, "a similarity"}} {
		trial.Metrics.Add(registry.Info{
			Name: k.name, Version: 1,
			Doc: "any metric at all: " + k.more + " that a program of your own computes, asked by JSON lines",
			Long: "The program is started once and stays. For each trial it reads one line from its standard input, an object with `id`, `input` and `output` " +
				"(paths of PNG files, removed after the answer), and, where the trial has them, `requirement`, `source_caption`, `target_caption`, " +
				"`references`, `mask` (path of a PNG, white where the edit was allowed). It answers each with one line on standard output: " +
				"`{\"id\": 7, \"score\": 0.25}`, or `{\"id\": 7, \"error\": \"why\"}`. Flush after each line. What it writes to standard error is shown where it fails.\n\n" +
				"A trial that takes longer than `timeout` or whose answer cannot be read fails alone: the program is ended and started anew for the " +
				"next. The program runs in the folder from which probity was started. Its own changes cannot be seen: raise `version` to have scores " +
				"computed again.",
			Params: []registry.Param{
				{Name: "command", Type: registry.Strings, Required: true, Doc: "the program and its arguments, [\"python3\", \"metric.py\"]; no shell is involved"},
				{Name: "timeout", Type: registry.Float, Default: 60.0, Min: .01, Max: 86400, Unit: "s", Doc: "longest wait for one answer, the start of the program included"},
				{Name: "version", Type: registry.String, Default: "1", Doc: "anything; scores are kept between runs only while it is the same"},
			},
		}, trial.MetricEntry{Direction: k.dir, Low: math.Inf(-1), High: math.Inf(1), Group: trial.External, AnySize: true,
			New: func(v registry.Values, _ trial.Env) (trial.Metric, error) {
				argv := v.Strings("command")
				if len(argv) == 0 || argv[0] == "" {
					return nil, errors.New("command is empty: it wants a program and its arguments")
				}
				if _, err := exec.LookPath(argv[0]); err != nil {
					return nil, fmt.Errorf("looking for the program %q: %w", argv[0], err)
				}
				return &command{argv: argv, timeout: time.Duration(v.Float("timeout") * float64(time.Second))}, nil
			}})
	}
}

// command asks a program. One process serves all trials, one at a time.
type command struct {
	argv    []string
	timeout time.Duration

	mu   sync.Mutex
	next int
	p    *process
}

// process is a running program. Its lines arrive over a channel, which is closed at its end.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.ReadCloser
	lines  chan []byte
	done   chan struct{} // closed when nobody listens any more
	status error         // how it ended; to be read after lines is closed
	stderr tail
}

type commandRequest struct {
	ID            int      `json:"id"`
	Input         string   `json:"input"`
	Output        string   `json:"output"`
	Requirement   string   `json:"requirement,omitempty"`
	SourceCaption string   `json:"source_caption,omitempty"`
	TargetCaption string   `json:"target_caption,omitempty"`
	References    []string `json:"references,omitempty"`
	Mask          string   `json:"mask,omitempty"`
}

type commandAnswer struct {
	ID    *int     `json:"id"`
	Score *float64 `json:"score"`
	Error string   `json:"error"`
}

// Needs implements trial.Metric.
func (m *command) Needs() []trial.Request { return nil }

// Score implements trial.Metric.
func (m *command) Score(t *trial.Trial) (trial.Score, error) {
	dir, err := os.MkdirTemp("", "probity-command-*")
	if err != nil {
		return trial.Score{}, fmt.Errorf("making room for the pictures of %s: %w", m.argv[0], err)
	}
	defer os.RemoveAll(dir)
	r := commandRequest{Requirement: t.Requirement, SourceCaption: t.SourceCaption, TargetCaption: t.TargetCaption, References: t.References}
	for _, f := range []struct {
		path   *string
		name   string
		encode func() ([]byte, error)
		absent bool
	}{{&r.Input, "input.png", t.Input.EncodePNG, false}, {&r.Output, "output.png", t.Output.EncodePNG, false}, {&r.Mask, "mask.png", t.Mask.EncodePNG, t.Mask == nil}} {
		if f.absent {
			continue
		}
		data, err := f.encode()
		if err == nil {
			*f.path = filepath.Join(dir, f.name)
			err = os.WriteFile(*f.path, data, 0o600)
		}
		if err != nil {
			return trial.Score{}, fmt.Errorf("writing %s for %s: %w", f.name, m.argv[0], err)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r.ID = m.next
	m.next++
	v, fatal, err := m.ask(r)
	if fatal {
		m.stop()
	}
	if err != nil {
		return trial.Score{}, fmt.Errorf("asking %s: %w", m.argv[0], err)
	}
	return trial.Score{Value: v}, nil
}

// ask sends one request and waits for its answer. fatal: the process can be asked nothing more.
func (m *command) ask(r commandRequest) (v float64, fatal bool, err error) {
	line, err := json.Marshal(r)
	if err != nil {
		return 0, false, err
	}
	if m.p == nil {
		if m.p, err = startProcess(m.argv); err != nil {
			m.p = nil
			return 0, false, err
		}
	}
	p := m.p
	timer := time.NewTimer(m.timeout)
	defer timer.Stop()
	// A program that does not read must not block this side. Where writing fails it has ended or will run into the limit.
	go p.in.Write(append(line, '\n'))
	for {
		select {
		case got, ok := <-p.lines:
			if !ok {
				why := "it ended without an answer"
				if p.status != nil {
					why += " (" + p.status.Error() + ")"
				}
				return 0, true, errors.New(why + p.stderr.said())
			}
			if len(bytes.TrimSpace(got)) == 0 {
				continue
			}
			var a commandAnswer
			switch err := json.Unmarshal(got, &a); {
			case err != nil:
				return 0, true, fmt.Errorf("its answer %q is no JSON object with id and score: %w", shorten(got), err)
			case a.ID == nil || *a.ID != r.ID:
				return 0, true, fmt.Errorf("its answer %q is not for id %d", shorten(got), r.ID)
			case a.Error != "":
				return 0, false, fmt.Errorf("it says: %s", a.Error)
			case a.Score == nil:
				return 0, true, fmt.Errorf("its answer %q has neither score nor error", shorten(got))
			}
			return *a.Score, false, nil
		case <-timer.C:
			return 0, true, fmt.Errorf("no answer within %v%s", m.timeout, p.stderr.said())
		}
	}
}

func startProcess(argv []string) (*process, error) {
	p := &process{cmd: exec.Command(argv[0], argv[1:]...), lines: make(chan []byte), done: make(chan struct{})}
	p.cmd.Stderr = &p.stderr
	// A grandchild that keeps standard error open must not hold Wait back for ever.
	p.cmd.WaitDelay = time.Second
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.in = in
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting it: %w", err)
	}
	go func() {
		defer close(p.lines)
		defer func() { p.status = p.cmd.Wait() }()
		s := bufio.NewScanner(p.out)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			select {
			case p.lines <- bytes.Clone(s.Bytes()):
			case <-p.done:
				return
			}
		}
	}()
	return p, nil
}

// stop ends the process.
func (m *command) stop() {
	p := m.p
	if p == nil {
		return
	}
	m.p = nil
	close(p.done)
	p.in.Close()
	p.cmd.Process.Kill()
	p.out.Close() // from this side, so that a child of its own that keeps the pipe open holds nothing up
	for range p.lines {
	}
}

// tail keeps the last of what a program writes to standard error.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	const keep = 2000
	t.kept = append(t.kept, b...)
	if len(t.kept) > keep {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-keep:]...)
	}
	return len(b), nil
}

func (t *tail) said() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := strings.TrimSpace(string(t.kept)); s != "" {
		return "; it wrote: " + s
	}
	return ""
}

func shorten(b []byte) string {
	if len(b) > 200 {
		return string(b[:200]) + "..."
	}
	return string(b)
}
