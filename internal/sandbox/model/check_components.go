package model

import (
	"slices"
	"strings"
)

// checkComponents refuses kinds with several parents or with a parent that a
// node may lack, and kinds that are components of themselves.
func (d *draft) checkComponents() error {
	parts := components{of: map[string][]string{}}
	for _, k := range d.declared() {
		var parents []*Relationship
		for _, r := range k.Relationships {
			switch {
			case r.Kind == relParent && !r.Inherited:
				parents = append(parents, r)
				parts.add(r.Peer, k.Name)
			case r.Kind == relComponent:
				parts.add(k.Name, r.Peer)
			}
		}
		for _, name := range k.InheritFrom {
			for _, r := range d.byName[name].Relationships {
				switch r.Kind {
				case relParent:
					parents = append(parents, r)
					parts.add(r.Peer, k.Name)
				case relComponent:
					parts.add(k.Name, r.Peer)
				}
			}
		}
		if err := checkParents(k, parents); err != nil {
			return err
		}
	}
	var cycles []string
	for _, cycle := range parts.cycles() {
		cycles = append(cycles, strings.Join(cycle, " --> "))
	}
	if len(cycles) > 0 {
		return refuse("Cycles exist among parents and components in schema: %s", quoteAll(cycles))
	}
	return nil
}

func checkParents(k *Kind, parents []*Relationship) error {
	if len(parents) == 0 {
		return nil
	}
	if len(parents) > 1 {
		names := make([]string, len(parents))
		for i, r := range parents {
			names[i] = r.Name
		}
		return refuse("%s: Only one relationship of type parent is allowed, but all the following are of type parent: %s",
			k.Name, quoteAll(names))
	}
	switch r := parents[0]; {
	case r.Many():
		return refuse("%s.%s: Relationship of type parent must be cardinality=one", k.Name, r.Name)
	case r.Optional:
		return refuse("%s.%s: Relationship of type parent must not be optional", k.Name, r.Name)
	}
	return nil
}

// components lists the kinds that are components of each kind.
type components struct {
	names []string
	of    map[string][]string
}

func (c *components) add(whole, part string) {
	if c.of[whole] == nil {
		c.names = append(c.names, whole)
	}
	if !slices.Contains(c.of[whole], part) {
		c.of[whole] = append(c.of[whole], part)
	}
}

// cycles returns lists of kinds each of which is a component of the one before,
// the last being the first again. No kind is looked at twice.
func (c *components) cycles() [][]string {
	var cycles [][]string
	seen := map[string]bool{}
	var visit func(path []string)
	visit = func(path []string) {
		last := path[len(path)-1]
		if seen[last] {
			return
		}
		seen[last] = true
		for _, part := range c.of[last] {
			if start := slices.Index(path, part); start >= 0 {
				cycles = append(cycles, append(slices.Clone(path[start:]), part))
				continue
			}
			visit(append(slices.Clone(path), part))
		}
	}
	for _, name := range c.names {
		visit([]string{name})
	}
	return cycles
}
