package cli

import (
	_ "embed"
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
)

//go:embed template.toml
var template []byte

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init FILE.toml",
		Short: "write an experiment file to start from",
		Args:  args(1, 1, "the name of the file to write"),
		RunE: func(_ *cobra.Command, got []string) error {
			f, err := os.OpenFile(got[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, fs.ErrExist) {
				return wrong("%s is there already; it is not overwritten", got[0])
			}
			if err != nil {
				return inputError{err}
			}
			if _, err := f.Write(template); err != nil {
				f.Close()
				return err
			}
			a.say("wrote %s; check it with `probity validate %s`, carry it out with `probity run %s`", got[0], got[0], got[0])
			return f.Close()
		},
	}
}
