package zoo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"probity/zoo"
)

// TestPullInAProcess is no test of its own: the tests below run it in processes of their own, which pull a model and say its hash.
func TestPullInAProcess(t *testing.T) {
	dir := os.Getenv("PROBITY_TEST_PULL")
	if dir == "" {
		t.Skip("run by the tests of several processes")
	}
	m := &zoo.Manifest{Name: "m", File: "m.onnx", URL: os.Getenv("PROBITY_TEST_URL")}
	got, err := zoo.PullManifest(context.Background(), m, zoo.Insecure(zoo.PullOptions{Dir: dir, Attempts: 1}, nil))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("pulled %s\n", got[0].SHA256)
}

func pullProcess(t *testing.T, dir, url string, env ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run", "^TestPullInAProcess$")
	c.Env = append(os.Environ(), append(env, "PROBITY_TEST_PULL="+dir, "PROBITY_TEST_URL="+url)...)
	return c
}

// Processes that want one file of one cache folder wait for each other: it is fetched once, and the lock file is whole.
func TestPullFromSeveralProcesses(t *testing.T) {
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		time.Sleep(200 * time.Millisecond) // the others come meanwhile
		serve(w, r)
	}))
	defer srv.Close()
	dir := t.TempDir()
	var group sync.WaitGroup
	for range 3 {
		c := pullProcess(t, dir, srv.URL+"/m.onnx")
		group.Add(1)
		go func() {
			defer group.Done()
			if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "pulled "+sum(payload)) {
				t.Errorf("%v\n%s", err, out)
			}
		}()
	}
	group.Wait()
	if n.Load() != 1 {
		t.Errorf("%d requests for one file", n.Load())
	}
	locks := map[string]struct{ SHA256 string }{}
	data, err := os.ReadFile(filepath.Join(dir, "models.lock.json"))
	if err == nil {
		err = json.Unmarshal(data, &locks)
	}
	if err != nil || locks["m.onnx"].SHA256 != sum(payload) {
		t.Errorf("the lock file: %v\n%s", err, data)
	}
}

// A process that is killed in the middle of a download blocks nobody: its lock ends with it, and the next goes on from its bytes.
func TestPullAfterAKilledProcess(t *testing.T) {
	half := make(chan bool, 1)
	var ranges []string
	var mu sync.Mutex
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		ranges = append(ranges, r.Header.Get("Range"))
		first := len(ranges) == 1
		mu.Unlock()
		if !first {
			serve(w, r)
			return
		}
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Length", fmt.Sprint(len(payload)))
		_, _ = w.Write(payload[:150_000])
		w.(http.Flusher).Flush()
		half <- true
		<-r.Context().Done()
	}))
	defer srv.Close()
	dir := t.TempDir()
	c := pullProcess(t, dir, srv.URL+"/m.onnx")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	<-half
	part := filepath.Join(dir, "m.onnx.part")
	for range 1000 { // until what was sent has been written
		if st, err := os.Stat(part); err == nil && st.Size() == 150_000 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if _, err := os.Stat(filepath.Join(dir, "m.onnx")); err == nil {
		t.Error("half a file stands in its place")
	}
	if out, err := pullProcess(t, dir, srv.URL+"/m.onnx").CombinedOutput(); err != nil || !strings.Contains(string(out), "pulled "+sum(payload)) {
		t.Errorf("after a killed process: %v\n%s", err, out)
	}
	if len(ranges) != 2 || ranges[1] != "bytes=150000-" {
		t.Errorf("asked for the ranges %q", ranges)
	}
}

// A proxy from the environment is asked, and hosts in NO_PROXY are not.
func TestPullThroughAProxy(t *testing.T) {
	var hosts []string
	var mu sync.Mutex
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		hosts = append(hosts, r.URL.Host)
		mu.Unlock()
		serve(w, r)
	}))
	defer proxy.Close()
	const url = "http://models.example.org/m.onnx"
	out, err := pullProcess(t, t.TempDir(), url, "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "pulled "+sum(payload)) || len(hosts) != 1 || hosts[0] != "models.example.org" {
		t.Errorf("%v, the proxy was asked for %q\n%s", err, hosts, out)
	}
	// Nothing listens at the address itself: with the proxy left out it fails.
	closed := httptest.NewServer(nil)
	closed.Close()
	if out, err := pullProcess(t, t.TempDir(), closed.URL, "HTTP_PROXY="+proxy.URL, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1").CombinedOutput(); err == nil || len(hosts) != 1 {
		t.Errorf("a host of NO_PROXY went through the proxy (%q) or was found\n%s", hosts, out)
	}
}
