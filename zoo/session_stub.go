//go:build !cgo

package zoo

import "errors"

// Runnable says whether this program was built with a C compiler and can run models.
const Runnable = false

// ErrNoCgo says why a program without C cannot run models.
var ErrNoCgo = errors.New("this program was built without a C compiler (CGO_ENABLED=0), which the binding to ONNX Runtime needs: learned metrics are missing, classical ones work; install gcc or clang and build again with CGO_ENABLED=1")

func startRuntime(Options, string) (RuntimeInfo, error) { return RuntimeInfo{}, ErrNoCgo }

func newSession(openFile, Options) (session, error) { return nil, ErrNoCgo }
