// Checks dashboards against Grafana's own schema: a field that Grafana does not know, or a value that it does not take, is an error. The
// schema is that of Grafana's foundation SDK.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: check DASHBOARD.json ...")
		os.Exit(2)
	}
	// Without the registered kinds of panels and queries their options would not be looked at.
	plugins.RegisterDefaultPlugins()
	failed := false
	for _, path := range os.Args[1:] {
		if err := check(path); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			failed = true
			continue
		}
		fmt.Printf("%s: as Grafana wants it\n", path)
	}
	if failed {
		os.Exit(1)
	}
}

func check(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var board dashboard.Dashboard
	if err := told(board.UnmarshalJSONStrict(text)); err != nil {
		return err
	}
	return told(board.Validate())
}

// Where nothing is wrong, the answer may be an empty list of errors instead of nil.
func told(err error) error {
	var list cog.BuildErrors
	if errors.As(err, &list) && len(list) == 0 {
		return nil
	}
	return err
}
