package zoo_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"probity/zoo"
)

// payload is a file that no server sends by accident.
var payload = func() []byte {
	b := make([]byte, 300_000)
	for i := range b {
		b[i] = byte(i*i>>7 ^ i)
	}
	return b
}()

func sum(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }

// serve sends the payload with ranges and an ETag, as file servers do.
func serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"v1"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(payload))
}

// cut sends the head of a response that promises more, then breaks the connection.
func cut(w http.ResponseWriter, r *http.Request, n int) {
	from := 0
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil && from > 0 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(payload)-1, len(payload)))
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Length", strconv.Itoa(len(payload)-from))
		w.WriteHeader(http.StatusPartialContent)
	} else {
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Length", strconv.Itoa(len(payload)))
	}
	_, _ = w.Write(payload[from:min(from+n, len(payload))])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func TestDownloadFromUnreliableServers(t *testing.T) {
	known := zoo.Source{SHA256: sum(payload), Size: int64(len(payload))}
	for _, c := range []struct {
		name   string
		source zoo.Source
		server func(n int, w http.ResponseWriter, r *http.Request)
		want   string // part of the error; "": it must succeed
		least  int    // requests at least
		most   int
	}{
		{"good", known, func(_ int, w http.ResponseWriter, r *http.Request) { serve(w, r) }, "", 1, 1},
		{"nothing known", zoo.Source{}, func(_ int, w http.ResponseWriter, r *http.Request) { serve(w, r) }, "", 1, 1},
		{"truncates twice", known, func(n int, w http.ResponseWriter, r *http.Request) {
			if n < 2 {
				cut(w, r, 100_000)
			}
			if n == 2 && r.Header.Get("Range") == "" {
				t.Error("the third try began anew")
			}
			serve(w, r)
		}, "", 3, 3},
		{"truncates always", known, func(_ int, w http.ResponseWriter, r *http.Request) { cut(w, r, 10) }, "goes on from there", 3, 3},
		{"ignores ranges", known, func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 0 {
				cut(w, r, 100_000)
			}
			r.Header.Del("Range")
			serve(w, r)
		}, "", 2, 2},
		{"sends another range", known, func(n int, w http.ResponseWriter, r *http.Request) {
			switch n {
			case 0:
				cut(w, r, 100_000)
			case 1:
				w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(payload)-1, len(payload)))
				w.WriteHeader(http.StatusPartialContent)
				_, _ = w.Write(payload)
			default:
				serve(w, r)
			}
		}, "", 3, 3},
		{"has another file now", known, func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 0 {
				cut(w, r, 100_000)
			}
			w.Header().Set("ETag", `"v2"`)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(payload))
		}, "", 2, 2},
		{"corrupts", known, func(_ int, w http.ResponseWriter, r *http.Request) {
			bad := bytes.Clone(payload)
			bad[1234] ^= 1
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(bad))
		}, "thrown away", 1, 1},
		{"wrong length", known, func(_ int, w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(payload[:1000]))
		}, "the server has 1000 bytes, 300000 are expected", 1, 1},
		{"too long without a length", known, func(_ int, w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			_, _ = w.Write(payload)
			_, _ = w.Write(payload)
		}, "more than the expected", 1, 1},
		{"stalls", known, func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(payload)))
			_, _ = w.Write(payload[:1000])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, "no byte came for", 3, 3},
		{"busy, then good", known, func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			serve(w, r)
		}, "", 2, 2},
		{"not found", known, func(_ int, w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, "404", 1, 1},
		{"forbidden", known, func(_ int, w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) }, "licence", 1, 1},
		{"a web page", zoo.Source{}, func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<html>sign in</html>")
		}, "web page", 1, 1},
		{"redirects once", known, func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 0 {
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
				return
			}
			serve(w, r)
		}, "", 2, 2},
		{"redirects for ever", known, func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		}, "redirections", 5, 11},
		{"redirects to another scheme", known, func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "ftp://example.org/model", http.StatusFound)
		}, "not https", 1, 1},
		{"empty", zoo.Source{}, func(_ int, w http.ResponseWriter, r *http.Request) {}, "empty", 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var n atomic.Int64
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.server(int(n.Add(1)-1), w, r) }))
			defer srv.Close()
			dst := filepath.Join(t.TempDir(), "model.onnx")
			c.source.URL = srv.URL + "/model.onnx"
			opt := zoo.Insecure(zoo.PullOptions{Attempts: 3, Backoff: time.Millisecond, Stall: 200 * time.Millisecond}, srv.Client())
			got, err := zoo.Download(context.Background(), c.source, dst, opt)
			if int(n.Load()) < c.least || int(n.Load()) > c.most {
				t.Errorf("%d requests, want %d to %d", n.Load(), c.least, c.most)
			}
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("the error %v does not say %q", err, c.want)
				}
				if _, err := os.Stat(dst); err == nil {
					t.Error("a file was left in its place")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(dst)
			if err != nil || !bytes.Equal(data, payload) || got.SHA256 != sum(payload) {
				t.Errorf("what came is not what was sent: %d bytes, %v", len(data), err)
			}
			if left, _ := filepath.Glob(dst + ".part*"); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// A server that goes away loses nothing: the next run, perhaps days later, goes on where the last ended.
func TestDownloadGoesOnInTheNextRun(t *testing.T) {
	var ranges []string
	alive := false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		if !alive {
			cut(w, r, 120_000)
		}
		serve(w, r)
	}))
	defer srv.Close()
	dst := filepath.Join(t.TempDir(), "m.onnx")
	src := zoo.Source{URL: srv.URL, SHA256: sum(payload), Size: int64(len(payload))}
	opt := zoo.Insecure(zoo.PullOptions{Attempts: 1, Backoff: time.Millisecond}, srv.Client())
	if _, err := zoo.Download(context.Background(), src, dst, opt); err == nil {
		t.Fatal("the first run succeeded")
	}
	alive = true
	if _, err := zoo.Download(context.Background(), src, dst, opt); err != nil {
		t.Fatal(err)
	}
	if len(ranges) != 2 || ranges[1] != "bytes=120000-" {
		t.Errorf("asked for the ranges %q", ranges)
	}
	again, err := zoo.Download(context.Background(), src, dst, opt)
	if err != nil || !again.Cached || len(ranges) != 2 {
		t.Errorf("a third run: %+v, %v, %d requests", again, err, len(ranges))
	}
}

func TestDownloadRefusesHTTP(t *testing.T) {
	_, err := zoo.Download(context.Background(), zoo.Source{URL: "http://example.org/x"}, filepath.Join(t.TempDir(), "x"), zoo.PullOptions{})
	if err == nil || !strings.Contains(err.Error(), "not https") {
		t.Errorf("got %v", err)
	}
}

func TestDownloadStopsWhenCancelled(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer srv.Close()
	ctx, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer stop()
	_, err := zoo.Download(ctx, zoo.Source{URL: srv.URL}, filepath.Join(t.TempDir(), "x"), zoo.Insecure(zoo.PullOptions{}, srv.Client()))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// Several callers that want one file fetch it once, and a mirror stands in for the host.
func TestPullIsSharedAndLocked(t *testing.T) {
	var n atomic.Int64
	var sends atomic.Pointer[[]byte]
	sends.Store(&payload)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		if r.URL.Path != "/mirror/repo/model.onnx" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(*sends.Load()))
	}))
	defer srv.Close()
	m := &zoo.Manifest{Name: "m", File: "m.onnx", URL: "https://models.example.org/repo/model.onnx"}
	dir := t.TempDir()
	opt := zoo.Insecure(zoo.PullOptions{Dir: dir, Mirror: srv.URL + "/mirror"}, srv.Client())
	var group sync.WaitGroup
	for range 6 {
		group.Add(1)
		go func() {
			defer group.Done()
			got, err := zoo.PullManifest(context.Background(), m, opt)
			if err != nil || got[0].SHA256 != sum(payload) {
				t.Errorf("%+v, %v", got, err)
			}
		}()
	}
	group.Wait()
	if n.Load() != 1 {
		t.Errorf("%d requests for one file", n.Load())
	}
	// The first use has recorded the hash; another file under the address is refused from now on.
	if err := os.Remove(filepath.Join(dir, "m.onnx")); err != nil {
		t.Fatal(err)
	}
	other := append(bytes.Clone(payload[1:]), 7)
	sends.Store(&other)
	if _, err := zoo.PullManifest(context.Background(), m, opt); err == nil || !strings.Contains(err.Error(), sum(payload)) {
		t.Errorf("another file was taken: %v", err)
	}
}

func TestPullExplainsWhatCannotBePulled(t *testing.T) {
	for name, want := range map[string]string{"alexnit": `did you mean "alexnet"`, "no-such-thing-at-all": "probity models list"} {
		if _, err := zoo.Pull(context.Background(), name, zoo.PullOptions{Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v does not say %q", name, err, want)
		}
	}
	_, err := zoo.PullManifest(context.Background(), &zoo.Manifest{Name: "x", Export: "timm:x"}, zoo.PullOptions{Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "export.py timm:x") {
		t.Errorf("got %v", err)
	}
}
