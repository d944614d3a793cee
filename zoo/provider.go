package zoo

import (
	"fmt"
	"strings"

	"probity/internal/registry"
)

// Providers are the execution providers that can be asked for by name. cpu is part of every library; the others need a
// library that was built with them. WebGPU is left out: it hangs at exit.
var Providers = []string{"cpu", "cuda", "tensorrt", "coreml", "directml"}

func checkProvider(name string) error {
	if name == "" {
		return nil
	}
	for _, p := range Providers {
		if p == name {
			return nil
		}
	}
	hint := ""
	if near := registry.Nearest(name, Providers); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return fmt.Errorf("there is no execution provider %q, there are %s%s", name, strings.Join(Providers, ", "), hint)
}

// ProviderError says that the library has not got an execution provider, or cannot use it on this machine.
type ProviderError struct {
	Provider string
	Library  string
	Err      error // what the runtime said
}

func (e *ProviderError) Error() string {
	remedy := map[string]string{
		"cuda":     "install a GPU build (pip install onnxruntime-gpu) with CUDA 12 and cuDNN 9, and name its libonnxruntime with PROBITY_ONNXRUNTIME",
		"tensorrt": "install a GPU build (pip install onnxruntime-gpu) with TensorRT, and name its libonnxruntime with PROBITY_ONNXRUNTIME",
		"coreml":   "CoreML is in the macOS builds only",
		"directml": "DirectML is in the Windows builds onnxruntime-directml only; name its onnxruntime.dll with PROBITY_ONNXRUNTIME",
	}[e.Provider]
	return fmt.Sprintf("the execution provider %s cannot be used with %s: %v; %s, or use the provider cpu", e.Provider, e.Library, e.Err, remedy)
}

func (e *ProviderError) Unwrap() error { return e.Err }
