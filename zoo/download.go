package zoo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Source is a file to download and what is known of it.
type Source struct {
	URL    string
	SHA256 string // hex; "": not known
	Size   int64  // bytes; 0: not known
}

// Fetched is a file that was downloaded, or was there already.
type Fetched struct {
	Path   string
	SHA256 string
	Size   int64
	Cached bool // it was there already
}

// PullOptions say how to download. The zero value is right for most.
type PullOptions struct {
	// Dir is where models are put; "": models in the cache folder, where Open finds them.
	Dir string
	// Mirror replaces the scheme and host of every address: "https://mirror.example". "": PROBITY_MIRROR, if set. A proxy
	// is taken from HTTPS_PROXY and NO_PROXY.
	Mirror string
	// Progress is told the bytes of the file that are there, and its size (0: not known). May be nil.
	Progress func(file string, done, total int64)
	Attempts int           // tries after failures that may pass; 0: 5
	Stall    time.Duration // longest time without a byte; 0: 30 s
	Backoff  time.Duration // first wait between tries, doubled each time; 0: 1 s

	client   *http.Client // tests only
	insecure bool         // tests only: allow http
}

func (o PullOptions) withDefaults() PullOptions {
	if o.Mirror == "" {
		o.Mirror = os.Getenv("PROBITY_MIRROR")
	}
	if o.Attempts == 0 {
		o.Attempts = 5
	}
	if o.Stall == 0 {
		o.Stall = 30 * time.Second
	}
	if o.Backoff == 0 {
		o.Backoff = time.Second
	}
	return o
}

// DownloadError says why a file could not be downloaded.
type DownloadError struct {
	URL    string
	Reason string
	Err    error
	Again  bool // trying again may help
}

func (e *DownloadError) Error() string {
	text := "downloading " + e.URL + ": " + e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *DownloadError) Unwrap() error { return e.Err }

// partial is what is known of a file that has been downloaded in part.
type partial struct {
	URL  string
	ETag string
}

// download brings a file to dst. It takes up where an earlier try ended (even of another process), compares size and
// hash, and renames at the end, so that dst is whole or not there. Processes that want the same file wait for each other.
func download(ctx context.Context, src Source, dst string, opt PullOptions) (Fetched, error) {
	opt = opt.withDefaults()
	address, err := opt.address(src.URL)
	if err != nil {
		return Fetched{}, err
	}
	unlock, err := lockFile(ctx, dst+".lock")
	if err != nil {
		return Fetched{}, err
	}
	defer unlock()
	if st, err := os.Stat(dst); err == nil && st.Mode().IsRegular() {
		sum, err := hashOf(dst)
		if err != nil {
			return Fetched{}, fmt.Errorf("reading %s: %w", dst, err)
		}
		if src.SHA256 == "" || sum == src.SHA256 {
			return Fetched{dst, sum, st.Size(), true}, nil
		}
		return Fetched{}, fmt.Errorf("%s is there already with SHA-256 %s, but %s is wanted; remove it to fetch it again", dst, sum, src.SHA256)
	}
	var last error
	for try := 0; try < opt.Attempts; try++ {
		if try > 0 {
			select {
			case <-ctx.Done():
				return Fetched{}, ctx.Err()
			case <-time.After(opt.Backoff << (try - 1)):
			}
		}
		got, err := downloadOnce(ctx, src, address, dst, opt)
		if err == nil {
			return got, nil
		}
		if ctx.Err() != nil {
			return Fetched{}, ctx.Err()
		}
		last = err
		var d *DownloadError
		if !errors.As(err, &d) || !d.Again {
			return Fetched{}, err
		}
	}
	return Fetched{}, fmt.Errorf("%w (tried %d times; what has come is kept, the same command goes on from there)", last, opt.Attempts)
}

// address applies the mirror and insists on HTTPS.
func (o PullOptions) address(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", fmt.Errorf("the address %q: %w", raw, err)
	}
	if o.Mirror != "" {
		m, err := url.Parse(o.Mirror)
		if err != nil || m.Host == "" {
			return "", fmt.Errorf("the mirror %q is no address such as https://mirror.example", o.Mirror)
		}
		u.Scheme, u.Host = m.Scheme, m.Host
		u.Path = strings.TrimSuffix(m.Path, "/") + u.Path
	}
	if u.Scheme != "https" && !(o.insecure && u.Scheme == "http") {
		return "", fmt.Errorf("the address %s is not https; nothing is fetched over %s", u, u.Scheme)
	}
	return u.String(), nil
}

func (o PullOptions) httpClient() *http.Client {
	c := &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   30 * time.Second,
		ResponseHeaderTimeout: o.Stall,
		DisableCompression:    true, // a compressed transfer has another length
	}}
	if o.client != nil {
		c = &http.Client{Transport: o.client.Transport}
	}
	c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if len(via) >= 10 {
			return errors.New("more than 10 redirections")
		}
		if req.URL.Scheme != "https" && !(o.insecure && req.URL.Scheme == "http") {
			return fmt.Errorf("redirected to %s, which is not https", req.URL)
		}
		return nil
	}
	return c
}

func downloadOnce(ctx context.Context, src Source, address, dst string, opt PullOptions) (Fetched, error) {
	fail := func(again bool, err error, format string, args ...any) (Fetched, error) {
		return Fetched{}, &DownloadError{address, fmt.Sprintf(format, args...), err, again}
	}
	part, note := dst+".part", dst+".part.json"
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return Fetched{}, fmt.Errorf("writing %s: %w", part, err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return Fetched{}, err
	}
	have := st.Size()
	var before partial
	if data, err := os.ReadFile(note); err != nil || json.Unmarshal(data, &before) != nil || before.URL != src.URL ||
		before.ETag == "" && src.SHA256 == "" || src.Size > 0 && have > src.Size {
		have = 0 // what lies there may be of another file
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := fmt.Errorf("no byte came for %v", opt.Stall)
	watch := time.AfterFunc(opt.Stall, func() { cancel(stalled) })
	defer watch.Stop()

	client := opt.httpClient()
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fail(false, err, "making the request")
	}
	req.Header.Set("User-Agent", "probity")
	if have > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(have, 10)+"-")
		if before.ETag != "" {
			req.Header.Set("If-Range", before.ETag)
		}
	}
	var total int64
	if src.Size > 0 && have == src.Size {
		total = have // all came before; only the hash is to be compared
	} else {
		resp, err := client.Do(req)
		if err != nil {
			if context.Cause(ctx) == stalled {
				err = stalled
			}
			again := !strings.Contains(err.Error(), "not https") && !strings.Contains(err.Error(), "redirections")
			return fail(again, err, "asking for it")
		}
		defer resp.Body.Close()
		switch {
		case resp.StatusCode == http.StatusOK:
			have = 0
		case resp.StatusCode == http.StatusPartialContent:
			var from, to, all int64
			if n, _ := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &all); n < 2 || from != have {
				_ = os.Remove(note)
				return fail(true, nil, "asked for bytes from %d, got the range %q", have, resp.Header.Get("Content-Range"))
			}
		case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && have > 0:
			_ = os.Remove(note)
			return fail(true, nil, "the server has fewer bytes than came before; starting again")
		default:
			again := resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout
			hint := ""
			switch resp.StatusCode {
			case http.StatusUnauthorized, http.StatusForbidden:
				hint = "; its publisher wants a licence accepted: fetch it by hand and put it into a model folder"
			case http.StatusNotFound, http.StatusGone:
				hint = "; it has moved: please report it, or fetch it by hand"
			}
			return fail(again, nil, "the server answered %s%s", resp.Status, hint)
		}
		if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
			return fail(false, nil, "the server sent a web page, not a file; is a login or a proxy in between?")
		}
		if resp.ContentLength >= 0 {
			total = have + resp.ContentLength
			if src.Size > 0 && total != src.Size {
				return fail(false, nil, "the server has %d bytes, %d are expected", total, src.Size)
			}
		} else {
			total = src.Size
		}
		if data, err := json.Marshal(partial{src.URL, resp.Header.Get("ETag")}); err == nil {
			if err := writeAtomic(note, data); err != nil {
				return Fetched{}, fmt.Errorf("writing %s: %w", note, err)
			}
		}
		if err := f.Truncate(have); err != nil {
			return Fetched{}, fmt.Errorf("writing %s: %w", part, err)
		}
		if _, err := f.Seek(have, io.SeekStart); err != nil {
			return Fetched{}, err
		}
		name := filepath.Base(dst)
		buf := make([]byte, 1<<18)
		for {
			n, err := resp.Body.Read(buf)
			if n > 0 {
				watch.Reset(opt.Stall)
				if _, err := f.Write(buf[:n]); err != nil {
					return Fetched{}, fmt.Errorf("writing %s: %w", part, err)
				}
				have += int64(n)
				if src.Size > 0 && have > src.Size {
					_ = os.Remove(note)
					return fail(false, nil, "more than the expected %d bytes came", src.Size)
				}
				if opt.Progress != nil {
					opt.Progress(name, have, total)
				}
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				if context.Cause(ctx) == stalled {
					err = stalled
				}
				return fail(true, err, "after %d of %d bytes", have, total)
			}
		}
		if total > 0 && have < total {
			return fail(true, io.ErrUnexpectedEOF, "after %d of %d bytes", have, total)
		}
	}
	if have == 0 {
		return fail(false, nil, "the file is empty")
	}
	if err := f.Sync(); err != nil {
		return Fetched{}, fmt.Errorf("writing %s: %w", part, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return Fetched{}, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return Fetched{}, fmt.Errorf("reading %s: %w", part, err)
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if src.SHA256 != "" && sum != src.SHA256 {
		resumed := st.Size() > 0
		_, _ = os.Remove(part), os.Remove(note)
		return fail(resumed, nil, "its SHA-256 is %s, wants %s; what came was thrown away", sum, src.SHA256)
	}
	f.Close()
	if err := os.Rename(part, dst); err != nil {
		return Fetched{}, fmt.Errorf("putting %s in its place: %w", dst, err)
	}
	_ = os.Remove(note)
	return Fetched{dst, sum, have, false}, nil
}
