package model_test

import (
	"encoding/json"
	"fmt"

	"infrahub-mcp/internal/sandbox/model"
)

// A document adds a kind to the built-in ones; Infrahub's additions come with it.
func ExampleModel_Load() {
	core, err := model.Core()
	if err != nil {
		panic(err)
	}
	documents, err := model.Parse([]byte(`
version: "1.0"
nodes:
- name: Rack
  namespace: Lab
  attributes:
  - {name: name, kind: Text, unique: true}
  relationships:
  - {name: tags, peer: BuiltinTag, kind: Attribute}
`))
	if err != nil {
		panic(err)
	}
	m, loaded, err := core.Load(documents...)
	if err != nil {
		panic(err)
	}
	diff, err := json.Marshal(loaded.Diff)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", diff)
	rack := m.Kind("LabRack")
	fmt.Println(rack.Label, rack.HumanFriendlyID, rack.UniquenessConstraints)
	for _, r := range rack.Relationships {
		fmt.Println(r.Name, r.Identifier, r.OrderWeight)
	}
	fmt.Println(m.Kind("ProfileLabRack").Label)
	// Output:
	// {"added":{"LabRack":{"added":{},"changed":{},"removed":{}}},"changed":{},"removed":{}}
	// Rack [name__value] [[name__value]]
	// tags builtintag__labrack 2000
	// profiles node__profile 99000
	// member_of_groups group_member 4000
	// subscriber_of_groups group_subscriber 5000
	// Profile Rack
}
