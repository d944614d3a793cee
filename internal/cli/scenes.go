package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"probity/datasets"
)

func (a *app) scenesCommand() *cobra.Command {
	opt := datasets.WriteOptions{}
	var out, heldOut string
	var seed uint64
	var nuisance float64
	var noPNG bool
	c := &cobra.Command{
		Use:   "scenes --out DIR",
		Short: "write rendered scenes with masks, captions and attributes, for training or looking at",
		Example: `  probity scenes --count 20 --size 256 --out scenes
  probity scenes --count 200000 --size 64 --shards 16384 --no-png --out train`,
		Args: args(0, 0, "no arguments, only flags"),
		RunE: func(c *cobra.Command, _ []string) error {
			if out == "" {
				return wrong("say where to write with --out DIR")
			}
			opt.Scenes = datasets.DefaultSceneOptions(seed)
			opt.Scenes.Nuisance, opt.PNG = nuisance, !noPNG
			switch heldOut {
			case "none":
			case "shapes":
				opt.Scenes.Shapes = datasets.HeldOutShapes
			case "textures":
				opt.Scenes.Textures = datasets.HeldOutTextures
			default:
				return wrong("--held-out %q: wants none, shapes or textures", heldOut)
			}
			p := a.progress()
			p.Start("rendering", opt.Count, "scenes")
			done := 0
			err := datasets.WriteScenes(c.Context(), out, opt, func(n int) { p.Add(n - done); done = n })
			p.End()
			if err == nil {
				fmt.Fprintln(a.out, out)
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&out, "out", "", "folder to write to")
	f.IntVar(&opt.Count, "count", 100, "number of scenes")
	f.IntVar(&opt.First, "first", 0, "number of the first scene")
	f.IntVar(&opt.Size, "size", 256, "side in pixels")
	f.IntVar(&opt.Shards, "shards", 0, "scenes in one NumPy shard; 0 writes none")
	f.BoolVar(&noPNG, "no-png", false, "write no pictures and masks, only shards and scenes.jsonl")
	f.Uint64Var(&seed, "seed", 1, "seed of the scenes")
	f.Float64Var(&nuisance, "nuisance", 1, "strength of light, noise and sub-pixel shift")
	f.StringVar(&heldOut, "held-out", "none", "use the shapes or textures kept back from training: none, shapes, textures")
	return c
}
