// Package zoo holds models: what is known of them (manifests), how a picture or a text becomes their input
// (preprocessing, tokenizer), and how they are run (ONNX Runtime).
//
// In come model folders (Options.Dirs) and pictures or texts; out come named features as trial.Tensor. harness calls
// Open once a run, loads the models that the plan names, and asks them for features in batches; metrics see a Zoo only as
// trial.Env, which describes models and never runs them. The command line uses Setup, Doctor, Pull, Add and Check.
//
//	z, err := zoo.Open(zoo.Options{Dirs: []string{"models"}})
//	m, err := z.Load("vit-tiny-patch16-224")
//	f, err := m.Features(ctx, images, []string{"embedding", "block6"}, false)
//	cls := f[0][0] // image 0, "embedding": a pooled tensor of 192 numbers
//
// # The same bytes
//
// A feature's bytes depend on the picture, the model file, the version and build of ONNX Runtime, its execution provider
// and the processor's instruction set, and on nothing else. To that end every batch has a fixed size, which is a
// function of the input's height and width alone (Model.BatchSize), and a short batch is filled up with zeros: ONNX
// Runtime's result for a batch of 1 differs from that for 2 to 8 in the sixth digit, because a matrix product with one
// row takes another path. Within a batch of fixed size, a picture's result was measured to be the same bytes at every
// position, beside any neighbours and with 1 or 2 intra-op threads (ViT-tiny, MobileNetV2, SqueezeNet, AlexNet,
// Inception; ONNX Runtime 1.24.1 on x86-64), and a test holds it to that. Sessions always contain all the outputs of a
// model, whichever are fetched, since graph optimisation fuses across tensors that nobody asked for and would change the
// last bits.
//
// Graph optimisation is at the level "all". It is deterministic, and its blocked layouts make convolutions up to twice as
// fast; the layout depends on the processor, which is therefore part of RuntimeInfo.Key, with the library's version.
// Denormals are left as they are.
//
// # Speed and memory
//
// On a processor: one intra-op thread and as many callers as cores (two callers with one thread do what one caller with
// two does, and callers also overlap their resizing). On a GPU: name a GPU build of the library with PROBITY_ONNXRUNTIME
// and set Options.Provider to "cuda", raise Options.Batch (--batch) to 32 or 64, and use one or two callers; products are kept in
// full single precision (no TF32), so that results stay near those of a processor, but they are not its bytes. Files in
// float16 are read and give float32 features. Model.Memory estimates what a caller needs, Model.SessionMemory says what was measured; Zoo.Release frees a model whose
// turn is over, so that several need never be held at once.
package zoo
