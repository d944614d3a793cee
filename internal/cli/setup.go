package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"probity/harness"
	"probity/zoo"
)

func (a *app) setupCommand() *cobra.Command {
	var f experimentFlags
	c := &cobra.Command{
		Use:   "setup",
		Short: "find the ONNX Runtime library, or fetch it into the cache folder",
		Long: `Look for the ONNX Runtime library, in this order: the path given, the project's cache folder, the Go module cache, an
installed Python package, the system. Where there is none, fetch it with pip or npm, by package name, version and hash,
or else from the vendor's release page. Nothing is installed outside the cache folder.`,
		Args: args(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			info, err := zoo.Setup(c.Context(), zoo.Options{Runtime: f.runtime}, a.err)
			if err != nil {
				return err
			}
			a.say("ONNX Runtime %s: %s (%s)", info.Version, info.Library, info.From)
			return nil
		},
	}
	c.Flags().StringVar(&f.runtime, "onnxruntime", "", "path of the library, instead of looking for it")
	return c
}

func (a *app) doctorCommand() *cobra.Command {
	var f experimentFlags
	c := &cobra.Command{
		Use:   "doctor",
		Short: "say what is installed, what is missing, and the command that mends it",
		Args:  args(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			r := zoo.Doctor(c.Context(), zoo.Options{Dirs: f.models, Runtime: f.runtime, Embedded: embedded()})
			if a.json {
				enc := json.NewEncoder(a.out)
				enc.SetIndent("", "  ")
				return enc.Encode(r)
			}
			return r.Write(a.out)
		},
	}
	f.registerModels(c)
	return c
}

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "print the JSON schema of experiment files, for editors",
		Args:  args(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.out, "%s\n", harness.Schema(findingKinds()))
			return err
		},
	}
}
