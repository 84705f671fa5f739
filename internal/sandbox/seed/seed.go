// Package seed fills an Infrahub in memory: with the nodes that every Infrahub
// has from its first start, with accounts, and with demo data.
package seed

import (
	_ "embed" // for the nodes
	"encoding/json"
	"fmt"

	"infrahub-mcp/internal/sandbox/nodes"
)

// coreNodes are the nodes of a fresh Infrahub 1.11 but for its accounts: the
// kind and the input of the mutation that would make it.
//
//go:embed core.json
var coreNodes []byte

// Core adds the nodes that every Infrahub has: permissions, roles, groups of
// accounts, the default IP namespace and the menu.
func Core(base *nodes.Base) error {
	var rows []struct {
		Kind string
		Data map[string]any
	}
	if err := json.Unmarshal(coreNodes, &rows); err != nil {
		return fmt.Errorf("reading the core nodes: %w", err)
	}
	return base.Write(defaultBranch, nodes.SystemAccount, func(w *nodes.Writer) error {
		for _, row := range rows {
			n, err := create(w, row.Kind, row.Data)
			if err != nil {
				return fmt.Errorf("adding the core nodes: %w", err)
			}
			// What no mutation can set.
			switch row.Kind {
			case "IpamNamespace":
				err = w.SetAttribute(n, "default", true)
			case "CoreMenuItem":
				err = w.SetAttribute(n, "protected", true)
			}
			if err != nil {
				return fmt.Errorf("adding the core nodes: %w", err)
			}
		}
		return nil
	})
}

const defaultBranch = "main"

// create makes a node of a kind that the schema has.
func create(w *nodes.Writer, kind string, data map[string]any) (*nodes.Node, error) {
	k, err := w.Model.Lookup(kind)
	if err != nil {
		return nil, err
	}
	n, err := w.Create(k, data)
	if err != nil {
		return nil, fmt.Errorf("a node of %s: %w", kind, err)
	}
	return n, nil
}
