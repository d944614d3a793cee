package page

import (
	"errors"
	"io"
)

// Write writes the page.
func Write(w io.Writer, r *Report) error {
	_, _ = w, r
	return errors.New("write report page: not written yet")
}
