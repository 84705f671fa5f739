package model

import (
	_ "embed" // for the documents
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// coreDocument declares the kinds that every Infrahub 1.11 has, in the schema
// format and without their descriptions. The program in the folder extract
// takes it from a running Infrahub.
//
//go:embed core.json
var coreDocument []byte

// demoDocument declares a small model of a data center that uses most of what
// the schema format has.
//
//go:embed demo.yml
var demoDocument []byte

// Core returns the model of an Infrahub that nothing was loaded into.
func Core() (*Model, error) {
	var document Document
	if err := json.Unmarshal(coreDocument, &document.declared); err != nil {
		return nil, fmt.Errorf("reading the built-in kinds: %w", err)
	}
	// These kinds are in the namespaces that Load refuses. That they fit
	// together is for a test to check, not for every start.
	d := (&Model{}).draft()
	if err := d.apply(&document); err != nil {
		return nil, fmt.Errorf("declaring the built-in kinds: %w", err)
	}
	if err := d.derive(); err != nil {
		return nil, fmt.Errorf("declaring the built-in kinds: %w", err)
	}
	if err := d.complete(); err != nil {
		return nil, fmt.Errorf("declaring the built-in kinds: %w", err)
	}
	return d.model(), nil
}

// Demo returns the demo document.
func Demo() (*Document, error) {
	documents, err := Parse(demoDocument)
	if err != nil {
		return nil, fmt.Errorf("reading the demo model: %w", err)
	}
	if len(documents) != 1 {
		return nil, fmt.Errorf("reading the demo model: %d documents instead of one", len(documents))
	}
	return documents[0], nil
}

// DemoRequest returns the demo document as the body of POST /api/schema/load.
func DemoRequest() ([]byte, error) {
	var document any
	if err := yaml.Unmarshal(demoDocument, &document); err != nil {
		return nil, fmt.Errorf("reading the demo model: %w", err)
	}
	return json.Marshal(map[string]any{"schemas": []any{document}})
}
