package zoo

import (
	"context"
	"math"
	"net/http"
	"slices"
)

// Insecure lets tests download over plain HTTP with a client of their own.
func Insecure(o PullOptions, c *http.Client) PullOptions {
	o.insecure, o.client = true, c
	return o
}

// Download is download, for tests.
func Download(ctx context.Context, src Source, dst string, opt PullOptions) (Fetched, error) {
	return download(ctx, src, dst, opt)
}

var (
	CleanText   = cleanOpenAI
	InspectONNX = func(data []byte) (inputs, outputs []string, opset int64, err error) {
		info, err := inspectONNX(data)
		for _, v := range info.inputs {
			inputs = append(inputs, v.name)
		}
		for _, v := range info.outputs {
			outputs = append(outputs, v.name)
		}
		return inputs, outputs, info.opset, err
	}
	UnpackLibrary = func(archive, dst string) error { return unpackLibrary(archive, builds["linux/amd64"], dst) }
)

// Wrong says, of each wrong manifest that a model could have been given, by what Check would notice it: "span", "words" or
// "classes"; "" where it would not, and "own" where it is the model's own normalisation within a twentieth. The right one comes first,
// under the name "right".
func Wrong(ctx context.Context, m *Model) (names, noticed []string, err error) {
	knows, what, err := m.examination(ctx)
	if err != nil {
		return nil, nil, err
	}
	own := convention{"right", m.man.Preprocess.Scale, m.man.Preprocess.Mean, m.man.Preprocess.Std, m.man.Preprocess.Order}
	list := append([]convention{own}, m.candidates()...)
	var values []float64
	if knows != nil {
		if values, err = m.knowsUnder(knows, list); err != nil {
			return nil, nil, err
		}
	}
	for i := range list {
		u := m.under(&list[i])
		apart := 0.
		for c := range u.tables {
			for k, v := range u.tables[c] {
				apart = max(apart, math.Abs(float64(v-m.tables[c][k])))
			}
		}
		if (list[i].order == "BGR") != (own.order == "BGR") {
			apart = math.Inf(1)
		}
		how := ""
		switch low, high := u.span(); {
		case !(high-low >= .5 && high-low <= 12):
			how = "span"
		case knows != nil && slices.Max(values)-values[i] > told[what]:
			how = what
		case i > 0 && apart < .05:
			how = "own"
		}
		names, noticed = append(names, list[i].name), append(noticed, how)
	}
	return names, noticed, nil
}
