package trial

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// Sum is the SHA-256 of all that a suite consists of: the words of every context, the pixels of every input and output and of
// every mask, in order. It is what a frozen suite is recognised by.
func (s *Suite) Sum(ctx context.Context) (string, error) {
	sums := make([][32]byte, len(s.Sources))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range s.Sources {
		g.Go(func() (err error) {
			sums[i], err = s.Sources[i].sum(ctx)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "probity suite 1\n%s\n%d\n%s\n", s.Name, s.Version, s.Part)
	for i := range sums {
		h.Write(sums[i][:])
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (src *SuiteSource) sum(ctx context.Context) (out [32]byte, err error) {
	h := sha256.New()
	fmt.Fprintf(h, "%q %d\n", src.ID, len(src.Quads))
	pixels := map[string][32]byte{} // one picture stands in many quads
	picture := func(d Depiction) error {
		key := d.Hash()
		if _, known := pixels[key]; !known {
			img, err := d.Render(ctx)
			if err != nil {
				return err
			}
			pixels[key] = sha256.Sum256(append([]byte(fmt.Sprintf("%d %d\n", img.W, img.H)), img.Pix...))
		}
		sum := pixels[key]
		h.Write(sum[:])
		return nil
	}
	for i := range src.Quads {
		q := &src.Quads[i]
		fmt.Fprintf(h, "%q %q %q %v %q\n", q.Name, q.Kind, q.Variant, q.Severity, q.Unit)
		for k := range q.Contexts {
			c := &q.Contexts[k]
			fmt.Fprintf(h, "%q %q %q\n", c.Requirement, c.SourceCaption, c.TargetCaption)
			if err := picture(c.Input); err != nil {
				return out, fmt.Errorf("%s, input of context %d: %w", q.Name, k+1, err)
			}
			if err := picture(q.Outputs[k]); err != nil {
				return out, fmt.Errorf("%s, output %d: %w", q.Name, k+1, err)
			}
			key := "mask " + c.Allowed.Hash()
			if _, known := pixels[key]; !known {
				m, err := c.Allowed.Mask(ctx)
				if err != nil {
					return out, fmt.Errorf("%s, mask of context %d: %w", q.Name, k+1, err)
				}
				pixels[key] = sha256.Sum256(m.In)
			}
			sum := pixels[key]
			h.Write(sum[:])
		}
	}
	h.Sum(out[:0])
	return out, nil
}
