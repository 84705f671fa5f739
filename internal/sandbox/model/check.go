package model

import (
	"slices"
	"strings"
)

// check refuses a model that contradicts itself, with the sentence that
// Infrahub has for the first contradiction it finds.
func (d *draft) check() error {
	kinds := d.all()
	for _, rule := range []func(*draft, *Kind) error{
		(*draft).checkTreeNames,
		(*draft).checkNames,
		(*draft).checkKeywords,
		(*draft).checkReferences,
		(*draft).checkNamespace,
		(*draft).checkComputed,
		(*draft).checkPools,
		(*draft).checkDefaults,
		(*draft).checkCounts,
	} {
		for _, k := range kinds {
			if err := rule(d, k); err != nil {
				return err
			}
		}
	}
	if err := d.checkIdentifiers(kinds); err != nil {
		return err
	}
	d.settleDisplay(kinds)
	for _, rule := range []func(*draft, *Kind) error{
		(*draft).checkConstraints,
		(*draft).checkDisplayPaths,
		(*draft).checkDisplay,
		(*draft).checkOrder,
		(*draft).checkFilter,
	} {
		for _, k := range kinds {
			if err := rule(d, k); err != nil {
				return err
			}
		}
	}
	if err := d.checkComponents(); err != nil {
		return err
	}
	for _, k := range d.declared() {
		if err := d.checkHumanFriendlyID(k); err != nil {
			return err
		}
	}
	if err := d.checkRequired(); err != nil {
		return err
	}
	for _, k := range d.of(Node) {
		if err := d.checkAgreement(k); err != nil {
			return err
		}
	}
	return nil
}

// checkTreeNames refuses members of new kinds in a tree that are named like
// what GraphQL has for trees.
func (d *draft) checkTreeNames(k *Kind) error {
	if k.Tree() == "" || d.kept[k.Name] || k.Restricted() {
		return nil
	}
	reserved := func(name string) bool { return name == "ancestors" || name == "descendants" }
	for _, a := range k.Attributes {
		if reserved(a.Name) {
			return refuse("%s: %s isn't allowed as an attribute name on hierarchical nodes.", k.Name, a.Name)
		}
	}
	for _, r := range k.Relationships {
		if reserved(r.Name) {
			return refuse("%s: %s isn't allowed as a relationship name on hierarchical nodes.", k.Name, r.Name)
		}
	}
	return nil
}

// checkNames refuses names that are there twice or mean something else.
func (d *draft) checkNames(k *Kind) error {
	var names []string
	for _, a := range k.Attributes {
		names = append(names, a.Name)
	}
	for _, r := range k.Relationships {
		names = append(names, r.Name)
	}
	if twice := duplicates(names); len(twice) > 0 {
		return refuse("%s: Names of attributes and relationships must be unique : %s", k.Name, quoteAll(twice))
	}
	if k.Namespace == "Schema" {
		return nil
	}
	for i, name := range names {
		sort, article := "attribute", "an attribute"
		if i >= len(k.Attributes) {
			sort, article = "relationship", "a relationship"
		}
		if reservedName(name) || k.Class == Generic && name == "type" {
			return refuse("%[1]s: %[2]s is a reserved name (%[3]s: %[2]s). Rename this attribute or relationship.",
				k.Name, quote(name), sort)
		}
		if strings.Contains(name, "__") {
			return refuse("%s: '%s' cannot be used as %s name because it contains '__', which is reserved as the schema path separator.",
				k.Name, name, article)
		}
	}
	return nil
}

// duplicates returns what is in a list more than once, sorted.
func duplicates(names []string) []string {
	sorted := slices.Sorted(slices.Values(names))
	var twice []string
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] && !slices.Contains(twice, sorted[i]) {
			twice = append(twice, sorted[i])
		}
	}
	return twice
}

// reservedName tells whether a name cannot be that of a member.
func reservedName(name string) bool {
	switch name {
	case "any", "attribute", "attributes", "attr", "attrs", "relationship", "relationships", "rel", "rels", "save",
		"hfid", "process_pools", "node_metadata":
		return true
	}
	return false
}

func (d *draft) checkKeywords(k *Kind) error {
	for _, a := range k.Attributes {
		if pythonKeyword(a.Name) {
			return refuse("Python keyword '%s' cannot be used as an attribute name on '%s'", a.Name, k.Name)
		}
	}
	for _, r := range k.Relationships {
		if pythonKeyword(r.Name) {
			return refuse("Python keyword '%s' cannot be used as a relationship name on '%s' when using strict mode",
				r.Name, k.Name)
		}
	}
	return nil
}

// checkNamespace refuses kinds in namespaces that a generic does not allow.
func (d *draft) checkNamespace(k *Kind) error {
	if k.Class != Node {
		return nil
	}
	for _, name := range k.InheritFrom {
		generic := d.generic(name)
		if generic == nil || generic.RestrictedNamespaces == nil ||
			slices.Contains(generic.RestrictedNamespaces, k.Namespace) {
			continue
		}
		return refuse("Generic node '%s' has restricted namespaces: %s. The node '%s' does not comply with this restriction as its namespace is '%s'.",
			name, quoteAll(generic.RestrictedNamespaces), k.Name, k.Namespace)
	}
	return nil
}
