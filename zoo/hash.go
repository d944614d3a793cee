package zoo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// fileHash is the hex SHA-256 of a file. It is remembered in the cache folder by the file's path, size and time of
// change, so that a model of a gigabyte is read once.
func fileHash(path, cache string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(abs)
	if err != nil {
		return "", err
	}
	type note struct {
		Path   string
		Size   int64
		MTime  int64 // nanoseconds
		SHA256 string
	}
	want := note{Path: abs, Size: info.Size(), MTime: info.ModTime().UnixNano()}
	var memo string
	if cache != "" {
		key := sha256.Sum256([]byte(abs))
		memo = filepath.Join(cache, "hashes", hex.EncodeToString(key[:12])+".json")
		if data, err := os.ReadFile(memo); err == nil {
			var got note
			if json.Unmarshal(data, &got) == nil && hashForm.MatchString(got.SHA256) {
				want.SHA256 = got.SHA256
				if got == want {
					return got.SHA256, nil
				}
			}
		}
	}
	sum, err := hashOf(abs)
	if err != nil {
		return "", err
	}
	want.SHA256 = sum
	if memo != "" {
		// A cache that cannot be written costs time and nothing else.
		if data, err := json.Marshal(want); err == nil && os.MkdirAll(filepath.Dir(memo), 0o755) == nil {
			_ = writeAtomic(memo, data)
		}
	}
	return sum, nil
}

func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashBytes(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// writeAtomic writes a file so that others see the old one or the new one and nothing between.
func writeAtomic(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// HashMismatchError says that a model's file is not the one that its manifest describes.
type HashMismatchError struct {
	File, Want, Got, Manifest string
}

func (e *HashMismatchError) Error() string {
	return fmt.Sprintf("%s has SHA-256 %s, but %s says %s; fetch the file again, or, if this is another model, describe it in a manifest of its own beside it",
		e.File, e.Got, e.Manifest, e.Want)
}

// check finds out the hash of one file of an entry and compares it.
func (e *entry) check(f File, cache string) (string, error) {
	var got string
	var err error
	if e.dir.tree != nil {
		var data []byte
		if data, err = e.dir.read(f.Name); err == nil {
			got = hashBytes(data)
		}
	} else {
		got, err = fileHash(filepath.Join(e.dir.dir, f.Name), cache)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the file %s is not in %s, where %s says it is", f.Name, e.dir, e.from)
	}
	if err != nil {
		return "", fmt.Errorf("hashing %s: %w", f.Name, err)
	}
	want, from := f.SHA256, e.from
	if want == "" && e.dir.tree == nil {
		locks, err := readLocks(e.dir.dir)
		if err != nil {
			return "", err
		}
		want, from = locks[f.Name].SHA256, lockName
	}
	if want != "" && got != want {
		return "", &HashMismatchError{File: filepath.Join(e.dir.String(), f.Name), Want: want, Got: got, Manifest: from}
	}
	return got, nil
}
