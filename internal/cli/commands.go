package cli

import (
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	// Every registrant is imported here and nowhere else.
	_ "probity/datasets"
	_ "probity/metrics"
	_ "probity/perturb"
	"probity/zoo/bundled"
)

func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.runCommand(), a.validateCommand(), a.listCommand(), a.scoreCommand(), a.schemaCommand(),
		a.setupCommand(), a.doctorCommand(), a.modelsCommand(), a.scenesCommand(), a.suiteCommand(), a.initCommand(), a.previewCommand(), a.reportCommand(), a.compareCommand(), a.agreeCommand(), a.ladderCommand(), a.decomposeCommand(), a.versionCommand(),
	}
}

// embedded are the models inside the program.
func embedded() []fs.FS { return []fs.FS{bundled.Models()} }

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version of the program and of what it was built with", Args: args(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(a.out, "probity %s, %s, %s/%s\n", programVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}

// programVersion is the module's version, or the commit it was built from.
func programVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && version == "(devel)" && len(s.Value) >= 12 {
			version = "devel " + s.Value[:12]
		}
	}
	return version
}
