//go:build cgo

package zoo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// Runnable says whether this program was built with a C compiler and can run models.
const Runnable = true

// The ONNX Runtime environment is one a process, so it stands here and not in a Zoo.
var environment struct {
	sync.Mutex
	info RuntimeInfo
}

// startRuntime loads the library once a process.
func startRuntime(opt Options, cache string) (RuntimeInfo, error) {
	environment.Lock()
	defer environment.Unlock()
	info := environment.info
	if !ort.IsInitialized() {
		lib, err := FindRuntime(opt.Runtime, cache)
		if err != nil {
			return RuntimeInfo{}, err
		}
		ort.SetSharedLibraryPath(lib.Path)
		if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
			return RuntimeInfo{}, fmt.Errorf("starting ONNX Runtime from %s: %w; it must be version 1.24 or later and for %s/%s; probity setup fetches one that is",
				lib.Path, err, runtime.GOOS, runtime.GOARCH)
		}
		info = RuntimeInfo{Version: ort.GetVersion(), Library: lib.Path, From: lib.From, CPU: CPUFeatures()}
		if info.SHA256, err = fileHash(lib.Path, cache); err != nil {
			return RuntimeInfo{}, fmt.Errorf("hashing %s: %w", lib.Path, err)
		}
		environment.info = info
	}
	if opt.Runtime != "" && opt.Runtime != info.Library {
		if a, b := resolve(opt.Runtime), resolve(info.Library); a != b {
			return RuntimeInfo{}, fmt.Errorf("ONNX Runtime %s runs already from %s; one process cannot load %s as well", info.Version, info.Library, opt.Runtime)
		}
	}
	info.Provider, info.Batch = opt.Provider, opt.Batch
	if info.Provider == "" {
		info.Provider = "cpu"
	}
	return info, nil
}

func resolve(path string) string {
	if p, err := filepath.EvalSymlinks(path); err == nil {
		path = p
	}
	if p, err := filepath.Abs(path); err == nil {
		path = p
	}
	return path
}

type onnxSession struct {
	s    *ort.DynamicAdvancedSession
	desc onnxInfo
}

func (s *onnxSession) info() onnxInfo { return s.desc }
func (s *onnxSession) close()         { _ = s.s.Destroy() }

func sessionOptions(opt Options) (*ort.SessionOptions, error) {
	so, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	threads := opt.Threads
	if threads == 0 {
		threads = 1
	}
	err = errors.Join(
		so.SetIntraOpNumThreads(threads),
		so.SetInterOpNumThreads(1),
		so.SetExecutionMode(ort.ExecutionModeSequential),
		so.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll),
		so.SetLogSeverityLevel(ort.LoggingLevelFatal),
		// Idle threads that spin would take the cores from the other callers.
		so.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
	)
	if err == nil {
		err = appendProvider(so, opt.Provider)
	}
	if err != nil {
		_ = so.Destroy()
		return nil, err
	}
	return so, nil
}

func appendProvider(so *ort.SessionOptions, name string) error {
	var err error
	switch name {
	case "", "cpu":
		return nil
	case "cuda":
		var o *ort.CUDAProviderOptions
		if o, err = ort.NewCUDAProviderOptions(); err == nil {
			defer o.Destroy()
			// TF32 rounds products to 10 bits; the features would no longer be those of other machines.
			if err = o.Update(map[string]string{"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}); err == nil {
				err = so.AppendExecutionProviderCUDA(o)
			}
		}
	case "tensorrt":
		var o *ort.TensorRTProviderOptions
		if o, err = ort.NewTensorRTProviderOptions(); err == nil {
			defer o.Destroy()
			err = so.AppendExecutionProviderTensorRT(o)
		}
	case "coreml":
		err = so.AppendExecutionProviderCoreMLV2(map[string]string{})
	case "directml":
		err = so.AppendExecutionProviderDirectML(0)
	default:
		return checkProvider(name)
	}
	if err != nil {
		return &ProviderError{Provider: name, Library: environment.info.Library, Err: err}
	}
	return nil
}

var opsetLimit = regexp.MustCompile(`(?i)opset (\d+) is under development|till opset (\d+)`)

func newSession(file openFile, opt Options) (session, error) {
	data := file.data
	var desc onnxInfo
	var err error
	if file.path != "" {
		desc, err = inspectFile(file.path)
	} else {
		desc, err = inspectONNX(data)
		desc.size = int64(len(data))
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file.name, err)
	}
	so, err := sessionOptions(opt)
	if err != nil {
		return nil, err
	}
	defer so.Destroy()
	var ins, outs []string
	for _, i := range desc.inputs {
		ins = append(ins, i.name)
	}
	for _, o := range desc.outputs {
		outs = append(outs, o.name)
	}
	var s *ort.DynamicAdvancedSession
	if file.path != "" {
		s, err = ort.NewDynamicAdvancedSession(file.path, ins, outs, so)
	} else {
		s, err = ort.NewDynamicAdvancedSessionWithONNXData(data, ins, outs, so)
	}
	if err != nil {
		text := err.Error()
		if opsetLimit.MatchString(text) || strings.Contains(text, "opset") || strings.Contains(text, "Unsupported model IR version") {
			return nil, fmt.Errorf("%s needs opset %d (IR version %d), newer than ONNX Runtime %s supports: %w; export it again with opset_version=17, or name a newer library with PROBITY_ONNXRUNTIME",
				file.name, desc.opset, desc.ir, environment.info.Version, err)
		}
		if strings.Contains(text, "external") || strings.Contains(text, ".data") {
			return nil, fmt.Errorf("opening %s: %w; the weights of this model are in a second file, which must lie beside it", file.name, err)
		}
		return nil, fmt.Errorf("opening %s: %w", file.name, err)
	}
	return &onnxSession{s: s, desc: desc}, nil
}

// buffer is a tensor in our own memory, float32 or float16.
type buffer struct {
	value ort.Value
	f32   []float32
	f16   []byte // where the file wants half precision; f32 is then what it is converted from or to
	dims  []int64
}

func newBuffer(kind int, dims []int64) (*buffer, error) {
	shape := ort.NewShape(dims...)
	n := shape.FlattenedSize()
	b := &buffer{f32: make([]float32, n), dims: dims}
	var err error
	switch kind {
	case onnxFloat:
		b.value, err = ort.NewTensor(shape, b.f32)
	case onnxFloat16:
		b.f16 = make([]byte, 2*n)
		b.value, err = ort.NewCustomDataTensor(shape, b.f16, ort.TensorElementDataTypeFloat16)
	default:
		err = fmt.Errorf("its numbers are of type %s, wants float or float16", onnxTypeName(kind))
	}
	return b, err
}

type onnxLane struct {
	s       *onnxSession
	shape   laneShape
	picture *buffer
	idData  []int64
	mask    []int64
	id32    []int32 // where the file wants 32-bit ids
	mask32  []int32
	named   map[string]ort.Value
	inputs  []ort.Value // in the file's order
	outputs []ort.Value // in the file's order; made after the first run, which shows their shapes
	results map[string]*buffer
}

func (s *onnxSession) lane(shape laneShape) (lane, error) {
	l := &onnxLane{s: s, shape: shape, named: map[string]ort.Value{}, results: map[string]*buffer{}}
	if err := l.makeInputs(); err != nil {
		l.close()
		return nil, err
	}
	for _, in := range s.desc.inputs {
		v := l.named[in.name]
		if v == nil {
			l.close()
			return nil, fmt.Errorf("the file has a further input %q (%v); its manifest does not say what belongs there", in.name, in.dims)
		}
		l.inputs = append(l.inputs, v)
	}
	return l, nil
}

func (l *onnxLane) makeInputs() error {
	kind := func(name string) int {
		for _, in := range l.s.desc.inputs {
			if in.name == name {
				return in.kind
			}
		}
		return onnxFloat
	}
	if l.shape.picture != "" {
		b, err := newBuffer(kind(l.shape.picture), l.shape.dims)
		if err != nil {
			return fmt.Errorf("the input %s: %w", l.shape.picture, err)
		}
		l.picture = b
		l.named[l.shape.picture] = b.value
		return nil
	}
	shape := ort.NewShape(l.shape.dims...)
	n := shape.FlattenedSize()
	tokens := func(name string, data *[]int64, small *[]int32) error {
		*data = make([]int64, n)
		var v ort.Value
		var err error
		if kind(name) == onnxInt32 {
			*small = make([]int32, n)
			v, err = ort.NewTensor(shape, *small)
		} else {
			v, err = ort.NewTensor(shape, *data)
		}
		if err != nil {
			return fmt.Errorf("the input %s: %w", name, err)
		}
		l.named[name] = v
		return nil
	}
	if err := tokens(l.shape.ids, &l.idData, &l.id32); err != nil {
		return err
	}
	if l.shape.mask != "" {
		return tokens(l.shape.mask, &l.mask, &l.mask32)
	}
	return nil
}

func (l *onnxLane) floats() []float32   { return l.picture.f32 }
func (l *onnxLane) ids() (_, _ []int64) { return l.idData, l.mask }

func (l *onnxLane) run(ctx context.Context, outputs []string) error {
	if l.picture != nil && l.picture.f16 != nil {
		for i, v := range l.picture.f32 {
			h := toHalf(v)
			l.picture.f16[2*i], l.picture.f16[2*i+1] = byte(h), byte(h>>8)
		}
	}
	for i := range l.id32 {
		l.id32[i] = int32(l.idData[i])
	}
	for i := range l.mask32 {
		l.mask32[i] = int32(l.mask[i])
	}
	opts, err := ort.NewRunOptions()
	if err != nil {
		return err
	}
	// The call that ends a run must itself have ended before the options are freed.
	var ending sync.WaitGroup
	ending.Add(1)
	stop := context.AfterFunc(ctx, func() { defer ending.Done(); _ = opts.Terminate() })
	err = l.runOnce(outputs, opts)
	if stop() {
		ending.Done()
	}
	ending.Wait()
	_ = opts.Destroy()
	// The runtime reads and writes these from C, where the collector does not look.
	runtime.KeepAlive(l)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (l *onnxLane) runOnce(outputs []string, opts *ort.RunOptions) error {
	if l.outputs == nil {
		if err := l.makeOutputs(opts); err != nil {
			return err
		}
	} else if err := l.s.s.RunWithOptions(l.inputs, l.outputs, opts); err != nil {
		return err
	}
	for _, name := range outputs {
		if b := l.results[name]; b.f16 != nil {
			for i := range b.f32 {
				b.f32[i] = fromHalf(uint16(b.f16[2*i]) | uint16(b.f16[2*i+1])<<8)
			}
		}
	}
	return nil
}

// makeOutputs runs the model with outputs that the runtime allocates, since a file need not say their shapes, and makes
// a buffer of our own for each, with what this first run gave.
func (l *onnxLane) makeOutputs(opts *ort.RunOptions) error {
	first := make([]ort.Value, len(l.s.desc.outputs))
	err := l.s.s.RunWithOptions(l.inputs, first, opts)
	defer func() {
		for _, v := range first {
			if v != nil {
				_ = v.Destroy()
			}
		}
	}()
	if err != nil {
		return err
	}
	var made []ort.Value
	for i, o := range l.s.desc.outputs {
		if first[i] == nil {
			return fmt.Errorf("the output %s is missing", o.name)
		}
		b, err := newBuffer(o.kind, first[i].GetShape())
		if err != nil {
			return fmt.Errorf("the output %s: %w", o.name, err)
		}
		l.results[o.name] = b
		switch v := first[i].(type) {
		case *ort.Tensor[float32]:
			copy(b.f32, v.GetData())
		case *ort.CustomDataTensor:
			copy(b.f16, v.GetData())
		default:
			return fmt.Errorf("the output %s: the runtime gave a %T", o.name, v)
		}
		made = append(made, b.value)
	}
	l.outputs = made
	return nil
}

func (l *onnxLane) output(name string) ([]float32, []int64) {
	b := l.results[name]
	return b.f32, b.dims
}

func (l *onnxLane) close() {
	for _, v := range l.named {
		_ = v.Destroy()
	}
	for _, b := range l.results {
		_ = b.value.Destroy()
	}
}

// fromHalf converts IEEE 754 binary16.
func fromHalf(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exp {
	case 0:
		v := float32(frac) / (1 << 24)
		if sign != 0 {
			v = -v
		}
		return v
	case 31:
		return math.Float32frombits(sign | 255<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// toHalf converts to IEEE 754 binary16, rounding half to even.
func toHalf(f float32) uint16 {
	b := math.Float32bits(f)
	sign, exp, frac := uint16(b>>16)&0x8000, int(b>>23&255)-112, b&0x7fffff
	switch {
	case b&0x7fffffff > 0x7f800000:
		return sign | 0x7e00
	case exp >= 31:
		return sign | 0x7c00
	case exp <= 0:
		if exp < -10 {
			return sign
		}
		frac |= 0x800000
		shift := uint(14 - exp)
		half := frac >> shift
		rest := frac & (1<<shift - 1)
		if mid := uint32(1) << (shift - 1); rest > mid || rest == mid && half&1 == 1 {
			half++
		}
		return sign | uint16(half)
	}
	half := uint32(exp)<<10 | frac>>13
	if rest := frac & 0x1fff; rest > 0x1000 || rest == 0x1000 && half&1 == 1 {
		half++
	}
	return sign | uint16(half)
}
