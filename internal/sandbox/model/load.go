package model

import (
	"slices"
	"strings"
)

// Change is what documents change in a model (POST /api/schema/check).
type Change struct {
	Diff     Diff      `json:"diff"`
	Warnings []Warning `json:"warnings"`
}

// Loaded is what loading documents did (POST /api/schema/load).
type Loaded struct {
	Hash         string `json:"hash"`
	PreviousHash string `json:"previous_hash"`
	Change
	SchemaUpdated bool `json:"schema_updated"`
}

// Warning is about something in a document that Infrahub accepts and would
// rather not see. Type is always "deprecation".
type Warning struct {
	Type    string        `json:"type"`
	Kinds   []WarningKind `json:"kinds"`
	Message string        `json:"message"`
}

// WarningKind names a kind, and an attribute or relationship of it.
type WarningKind struct {
	Kind  string
	Field string // empty for the kind itself
}

// Check tells what loading the documents would change. The error is an *Error
// when they do not fit the model. Whether stored nodes fit the changed model is
// for the caller to find, from the Diff.
func (m *Model) Check(documents ...*Document) (*Change, error) {
	_, loaded, err := m.Load(documents...)
	if err != nil {
		return nil, err
	}
	return &loaded.Change, nil
}

// Load returns the model changed as the documents say, and m itself when they
// change nothing. The errors are those of Check.
func (m *Model) Load(documents ...*Document) (*Model, *Loaded, error) {
	if len(documents) == 0 {
		return nil, nil, refuse("Cannot merge an empty list of schemas")
	}
	warnings := []Warning{}
	var reserved []string
	for _, document := range documents {
		reserved = append(reserved, document.reservedNames()...)
		warnings = append(warnings, document.deprecations()...)
		warnings = append(warnings, document.warnings...)
	}
	if len(reserved) > 0 {
		return nil, nil, refuse("%s", strings.Join(reserved, ", "))
	}
	d := m.draft()
	if err := d.apply(documents...); err != nil {
		return nil, nil, err
	}
	if err := d.derive(); err != nil {
		return nil, nil, err
	}
	if err := d.check(); err != nil {
		return nil, nil, err
	}
	if err := d.complete(); err != nil {
		return nil, nil, err
	}
	diff, err := compare(m, d)
	if err != nil {
		return nil, nil, err
	}
	loaded := &Loaded{Hash: m.hash, PreviousHash: m.hash, Change: Change{Diff: diff, Warnings: warnings}}
	if diff.Empty() {
		return m, loaded, nil
	}
	changed := d.model()
	loaded.Hash = changed.hash
	loaded.SchemaUpdated = changed.hash != m.hash
	return changed, loaded, nil
}

// poolSuffix ends the names of relationships that Infrahub adds to templates.
const poolSuffix = "_from_resource_pool"

// reservedNames says which names of a document are Infrahub's own.
func (d *Document) reservedNames() []string {
	var faults []string
	kinds := slices.Concat(d.declared.Nodes, d.declared.Generics)
	for _, k := range kinds {
		if restricted(k.Namespace) {
			faults = append(faults, "Restricted namespace "+quote(k.Namespace)+" used on "+quote(k.Name))
		}
	}
	reserved := func(sort, name, kind string) {
		if strings.HasSuffix(name, poolSuffix) {
			faults = append(faults,
				"Reserved suffix "+quote(poolSuffix)+" used on "+sort+" "+quote(name)+" in "+quote(kind))
		}
	}
	for _, k := range append(kinds, d.declared.Extensions.Nodes...) {
		for _, a := range k.Attributes {
			reserved("attribute", a.Name, k.name())
		}
		for _, r := range k.Relationships {
			reserved("relationship", r.Name, k.name())
		}
	}
	return faults
}

// deprecations warns of members of the format that have a better successor.
func (d *Document) deprecations() []Warning {
	var warnings []Warning
	warn := func(kind, field, message string) {
		warnings = append(warnings, Warning{
			Type: "deprecation", Kinds: []WarningKind{{Kind: kind, Field: field}}, Message: message,
		})
	}
	for _, k := range slices.Concat(d.declared.Nodes, d.declared.Generics) {
		if k.DisplayLabels != nil {
			warn(k.name(), "", "display_labels are deprecated, use display_label instead")
		}
		if k.DefaultFilter != nil {
			warn(k.name(), "", "default_filter is deprecated")
		}
		for _, a := range k.Attributes {
			if a.MaxLength != nil {
				warn(k.name(), a.Name, "Use of 'max_length' on attributes is deprecated, use parameters instead")
			}
			if a.MinLength != nil {
				warn(k.name(), a.Name, "Use of 'min_length' on attributes is deprecated, use parameters instead")
			}
		}
	}
	return warnings
}

// ignoredWarnings warns of members that only Infrahub sets, once for each name.
func ignoredWarnings(members []ignoredMember) []Warning {
	var warnings []Warning
	byName := map[string]int{}
	for _, m := range members {
		i, ok := byName[m.name]
		if !ok {
			i = len(warnings)
			byName[m.name] = i
			warnings = append(warnings, Warning{
				Type: "deprecation", Kinds: []WarningKind{},
				Message: quote(m.name) + " is a read-only field, the submitted value is ignored",
			})
		}
		if m.kind.Kind != "" && !slices.Contains(warnings[i].Kinds, m.kind) {
			warnings[i].Kinds = append(warnings[i].Kinds, m.kind)
		}
	}
	return warnings
}
