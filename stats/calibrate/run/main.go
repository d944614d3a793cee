// Command run writes docs/calibration.md's table to standard output: go run ./stats/calibrate/run > docs/calibration.md
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"probity/stats/calibrate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	g := calibrate.Full()
	rows, err := calibrate.Run(ctx, g)
	if err == nil {
		err = calibrate.Write(os.Stdout, g, rows)
	}
	if err == nil {
		a := calibrate.FullAgreement()
		var agreement []calibrate.AgreementRow
		if agreement, err = calibrate.RunAgreement(ctx, a); err == nil {
			err = calibrate.WriteAgreement(os.Stdout, a, agreement)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
