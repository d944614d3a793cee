package zoo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"probity/internal/raster"
	"probity/internal/sharedtest"
	"probity/zoo"
)

// resident is VmRSS in bytes.
func resident(t *testing.T) int64 {
	t.Helper()
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(data), "VmRSS:")
	kib, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// heldBy is what a process of its own says of one model.
type heldBy struct {
	Session zoo.SessionMemory
	Planned int64 // Memory of one caller
	Grown   int64 // by how much the process had grown after a full batch
}

// TestMemoryInAProcess is no test of its own: the test below runs it in processes of their own, since memory that one model let go
// serves the next and hides what that takes.
func TestMemoryInAProcess(t *testing.T) {
	dir, name, _ := strings.Cut(os.Getenv("PROBITY_TEST_MEMORY"), "|")
	if dir == "" {
		t.Skip("run by the test of memory")
	}
	z := open(t, dir, filepath.Join("bundled", "models"))
	if _, err := z.Load("micro-cnn-class-s0"); err != nil { // the library's own pages are no model's
		t.Fatal(err)
	}
	before := resident(t)
	m, err := z.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	var imgs []*raster.Image
	for range 8 {
		imgs = append(imgs, raster.New(256, 256))
	}
	var outputs []string
	for _, o := range m.Manifest().Outputs {
		outputs = append(outputs, o.Name)
	}
	if _, err := m.Features(context.Background(), imgs, outputs, false); err != nil {
		t.Fatal(err)
	}
	if m.Manifest().Text != nil {
		if _, _, err := m.Texts(context.Background(), []string{"a red circle"}); err != nil {
			t.Fatal(err)
		}
	}
	grown := resident(t) - before
	data, err := json.Marshal(heldBy{m.SessionMemory(), m.Memory(256, 256), grown})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("held %s\n", data)
}

// What --memory plans with is not less than what models take, nor many times more than their open sessions do: the sessions of every
// architecture at hand take between a quarter and the whole of the estimate, and sessions with a batch of pictures and their features
// no more than the whole of it and a tenth. Full-size architectures are held to the same where PROBITY_FULL names their folder.
func TestMemoryIsAsPlanned(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("resident memory is told on Linux alone")
	}
	open(t)
	asPlanned(t, filepath.Join(fixtures, "models"), "tiny-clip", "tiny-resnet", "micro-vit-clip-full-s0")
	if full := os.Getenv("PROBITY_FULL"); full != "" {
		asPlanned(t, full, "resnet50-random1", "vgg16-random1", "vit-small-patch14-dinov2.lvd142m-random1")
	}
	t.Run("genuine", func(t *testing.T) {
		asPlanned(t, sharedtest.Dir(t, "models"), "mobilenetv2-1.0", "squeezenet1.1", "vit-tiny-patch16-224", "inception-2015-mixed8")
	})
}

func asPlanned(t *testing.T, dir string, names ...string) {
	for _, name := range names {
		c := exec.Command(os.Args[0], "-test.run", "^TestMemoryInAProcess$", "-test.v")
		c.Env = append(os.Environ(), "PROBITY_TEST_MEMORY="+dir+"|"+name)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		_, line, ok := strings.Cut(string(out), "held ")
		var h heldBy
		if line, _, _ = strings.Cut(line, "\n"); !ok || json.Unmarshal([]byte(line), &h) != nil {
			t.Fatalf("%s: %s", name, out)
		}
		t.Logf("%-42s sessions: %4d MiB planned, %4d measured; with a batch: %4d planned, %4d measured", name,
			h.Session.Estimated>>20, h.Session.Measured>>20, h.Planned>>20, h.Grown>>20)
		const slack = 8 << 20 // pages that the allocators keep
		if !h.Session.Known || h.Session.Measured > h.Session.Estimated+slack {
			t.Errorf("%s: its sessions are planned with %d bytes and took %d", name, h.Session.Estimated, h.Session.Measured)
		}
		if h.Session.Estimated > 100<<20 && h.Session.Measured < h.Session.Estimated/4 {
			t.Errorf("%s: its sessions are planned with %d bytes and took %d, less than a quarter", name, h.Session.Estimated, h.Session.Measured)
		}
		if h.Grown > h.Planned+h.Planned/10+slack {
			t.Errorf("%s: planned with %d bytes, it took %d", name, h.Planned, h.Grown)
		}
	}
}
