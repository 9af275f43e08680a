// Reads each dashboard as Grafana's own schema has it: an unknown key, a key that is missing or a wrong type is an error.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

type strict interface{ UnmarshalJSONStrict(raw []byte) error }

// Without a fault the readers return a list of none, which is not nil.
func read(raw []byte, into strict) error {
	if err := into.UnmarshalJSONStrict(raw); err != nil && err.Error() != "" {
		return err
	}
	return nil
}

func check(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := read(raw, &dashboard.Dashboard{}); err != nil {
		return err
	}
	// A panel's fields are read leniently by the dashboard's reader.
	var panels struct {
		Panels []struct {
			Title       string
			FieldConfig json.RawMessage
		}
	}
	if err := json.Unmarshal(raw, &panels); err != nil {
		return err
	}
	for _, panel := range panels.Panels {
		if err := read(panel.FieldConfig, &dashboard.FieldConfigSource{}); err != nil {
			return fmt.Errorf("%s: %w", panel.Title, err)
		}
	}
	return nil
}

func main() {
	plugins.RegisterDefaultPlugins()
	failed := false
	for _, file := range os.Args[1:] {
		if err := check(file); err != nil {
			failed = true
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
		}
	}
	if failed {
		os.Exit(1)
	}
}
