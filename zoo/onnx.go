package zoo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// onnxInfo is what an ONNX file says of itself, read without the runtime.
type onnxInfo struct {
	ir       int64
	opset    int64 // of the default domain
	producer string
	inputs   []onnxValue
	outputs  []onnxValue
	external []string // files that hold weights, beside this one
	size     int64    // bytes, external files not counted
}

// onnxValue is an input or output.
type onnxValue struct {
	name string
	kind int      // element type as in TensorProto.DataType
	dims []int64  // -1: dynamic
	text []string // names of the dynamic dimensions, "" for the others
}

// Element types of ONNX (TensorProto.DataType).
const (
	onnxFloat   = 1
	onnxInt32   = 6
	onnxInt64   = 7
	onnxFloat16 = 10
)

func onnxTypeName(kind int) string {
	names := map[int]string{1: "float", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 8: "string", 9: "bool", 10: "float16", 11: "double", 16: "bfloat16"}
	if n := names[kind]; n != "" {
		return n
	}
	return fmt.Sprintf("number %d", kind)
}

var errNotONNX = errors.New("this is no ONNX file")

// inspectFile reads an ONNX file's inputs, outputs and opset.
func inspectFile(path string) (onnxInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return onnxInfo{}, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return onnxInfo{}, err
	}
	const most = 2<<30 - 1 // protobuf's own limit
	if st.Size() > most {
		return onnxInfo{}, fmt.Errorf("%w: it has %d bytes, above the 2 GiB that the format allows", errNotONNX, st.Size())
	}
	data := make([]byte, st.Size()) // not io.ReadAll, whose buffer grows to twice the file
	if _, err := io.ReadFull(f, data); err != nil {
		return onnxInfo{}, err
	}
	info, err := inspectONNX(data)
	info.size = st.Size()
	return info, err
}

// field is one field of a protobuf message.
type field struct {
	num   int
	n     uint64 // varint
	data  []byte // length-delimited
	fixed []byte // of 4 or 8 bytes
}

// fields walks a protobuf message; anything malformed ends it with an error.
func fields(msg []byte, visit func(field) error) error {
	for len(msg) > 0 {
		tag, n := binary.Uvarint(msg)
		if n <= 0 || tag>>3 == 0 || tag>>3 > 1<<29 {
			return errNotONNX
		}
		msg = msg[n:]
		f := field{num: int(tag >> 3)}
		switch tag & 7 {
		case 0:
			f.n, n = binary.Uvarint(msg)
			if n <= 0 {
				return errNotONNX
			}
			msg = msg[n:]
		case 1, 5:
			n = 8
			if tag&7 == 5 {
				n = 4
			}
			if len(msg) < n {
				return errNotONNX
			}
			f.fixed, msg = msg[:n], msg[n:]
		case 2:
			size, n := binary.Uvarint(msg)
			if n <= 0 || size > uint64(len(msg)-n) {
				return errNotONNX
			}
			f.data, msg = msg[n:n+int(size)], msg[n+int(size):]
		default:
			return errNotONNX
		}
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

// inspectONNX reads a ModelProto (onnx/onnx.proto; field numbers are fixed by the format).
func inspectONNX(data []byte) (onnxInfo, error) {
	info := onnxInfo{size: int64(len(data))}
	initial := map[string]bool{} // initialisers may be listed as inputs in old files
	graphs := 0
	seen := map[string]bool{}
	err := fields(data, func(f field) error {
		switch f.num {
		case 1:
			info.ir = int64(f.n)
		case 2:
			info.producer = string(f.data)
		case 8: // opset_import
			domain, version := "", int64(0)
			if err := fields(f.data, func(f field) error {
				switch f.num {
				case 1:
					domain = string(f.data)
				case 2:
					version = int64(f.n)
				}
				return nil
			}); err != nil {
				return err
			}
			if domain == "" || domain == "ai.onnx" {
				info.opset = version
			}
		case 7: // graph
			graphs++
			return fields(f.data, func(f field) error {
				switch f.num {
				case 5: // initializer
					return fields(f.data, func(t field) error {
						switch t.num {
						case 8:
							initial[string(t.data)] = true
						case 13: // external_data: key, value
							key, value := "", ""
							if err := fields(t.data, func(e field) error {
								switch e.num {
								case 1:
									key = string(e.data)
								case 2:
									value = string(e.data)
								}
								return nil
							}); err != nil {
								return err
							}
							if key == "location" && !seen[value] {
								seen[value] = true
								info.external = append(info.external, value)
							}
						}
						return nil
					})
				case 11, 12:
					v, err := valueInfo(f.data)
					if err != nil {
						return err
					}
					if f.num == 11 {
						info.inputs = append(info.inputs, v)
					} else {
						info.outputs = append(info.outputs, v)
					}
				}
				return nil
			})
		}
		return nil
	})
	if err == nil && (graphs != 1 || info.ir == 0 || len(info.outputs) == 0) {
		err = errNotONNX
	}
	var ins []onnxValue
	for _, in := range info.inputs {
		if !initial[in.name] {
			ins = append(ins, in)
		}
	}
	info.inputs = ins
	return info, err
}

func valueInfo(data []byte) (onnxValue, error) {
	var v onnxValue
	err := fields(data, func(f field) error {
		switch f.num {
		case 1:
			v.name = string(f.data)
		case 2: // type
			return fields(f.data, func(f field) error {
				if f.num != 1 { // tensor_type
					return nil
				}
				return fields(f.data, func(f field) error {
					switch f.num {
					case 1:
						v.kind = int(f.n)
					case 2: // shape
						return fields(f.data, func(f field) error {
							if f.num != 1 { // dim
								return nil
							}
							dim, name := int64(-1), ""
							err := fields(f.data, func(f field) error {
								switch f.num {
								case 1:
									dim = int64(f.n)
								case 2:
									name = string(f.data)
								}
								return nil
							})
							v.dims = append(v.dims, dim)
							v.text = append(v.text, name)
							return err
						})
					}
					return nil
				})
			})
		}
		return nil
	})
	return v, err
}
