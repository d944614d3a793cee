package zoo

import (
	"context"
	"net/http"
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
