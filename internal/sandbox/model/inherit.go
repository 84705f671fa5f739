package model

import (
	"slices"
)

// inherit gives kinds what the generics they implement have, and generics the
// list of the kinds that implement them.
func (d *draft) inherit() error {
	users := map[string][]string{}
	for _, k := range d.of(Node) {
		if !k.absent && (len(k.InheritFrom) > 0 || k.Namespace == "Builtin" || !k.Restricted()) {
			users[coreNode] = append(users[coreNode], k.Name)
		}
		if slices.Contains(k.InheritFrom, ipPrefix) && slices.Contains(k.InheritFrom, ipAddress) {
			return refuse("%s cannot inherit from both %s and %s", k.Name, ipPrefix, ipAddress)
		}
		var trees []string
		for _, name := range k.InheritFrom {
			generic := d.generic(name)
			if generic == nil {
				return refuse("%s Unable to find the generic %s", k.Name, name)
			}
			if generic.Hierarchical {
				trees = append(trees, name)
			}
			if err := k.checkOverrides(generic); err != nil {
				return err
			}
			if !k.absent && k.Namespace != "Internal" {
				users[name] = append(users[name], k.Name)
			}
			k.inheritFrom(generic)
		}
		if len(trees) > 1 {
			return refuse("%s Only one generic with hierarchical support is allowed per node %s", k.Name, quoteAll(trees))
		}
		if len(trees) == 1 {
			k.Hierarchy = or(k.Hierarchy, trees[0])
		}
	}
	for _, generic := range d.of(Generic) {
		generic.UsedBy = append([]string{}, users[generic.Name]...)
		slices.Sort(generic.UsedBy)
	}
	return nil
}

// checkOverrides refuses members that a kind declares although it gets them
// from a generic, and that do not fit those.
func (k *Kind) checkOverrides(generic *Kind) error {
	const noOverride = "%s's %s %s inherited from %s cannot be overriden" //nolint:misspell // Infrahub's spelling
	for _, a := range k.Attributes {
		inherited := generic.Attribute(a.Name)
		if inherited == nil {
			continue
		}
		if !a.Inherited && inherited.AllowOverride == "none" {
			return refuse(noOverride, k.Name, "attribute", a.Name, generic.Name)
		}
		if a.Kind != inherited.Kind {
			return refuse(`%s.%s inherited from %s must be the same kind ["%s", "%s"]`,
				k.Name, a.Name, generic.Name, inherited.Kind, a.Kind)
		}
	}
	for _, r := range k.Relationships {
		inherited := generic.Relationship(r.Name)
		if inherited == nil || r.Inherited {
			continue
		}
		if inherited.AllowOverride == "none" {
			return refuse(noOverride, k.Name, "relationship", r.Name, generic.Name)
		}
		if r.Kind != relHierarchy && r.Name != templateLink && r.Peer != inherited.Peer {
			return refuse("%s's relationship %s inherited from %s must have the same peer (%s != %s)",
				k.Name, r.Name, generic.Name, inherited.Peer, r.Peer)
		}
	}
	return nil
}

// inheritFrom gives the kind what it lacks of a generic, and brings what it
// has inherited before up to date.
func (k *Kind) inheritFrom(generic *Kind) {
	inheritList(&k.HumanFriendlyID, generic.HumanFriendlyID)
	inheritList(&k.DisplayLabels, generic.DisplayLabels)
	inheritList(&k.OrderBy, generic.OrderBy)
	if len(k.UniquenessConstraints) == 0 && len(generic.UniquenessConstraints) > 0 {
		k.UniquenessConstraints = cloneSets(generic.UniquenessConstraints)
	}
	k.DisplayLabel = or(k.DisplayLabel, generic.DisplayLabel)
	k.DefaultFilter = or(k.DefaultFilter, generic.DefaultFilter)
	k.MenuPlacement = or(k.MenuPlacement, generic.MenuPlacement)
	k.Icon = or(k.Icon, generic.Icon)
	for _, a := range generic.Attributes {
		inherited := a.clone()
		inherited.ID, inherited.Inherited = "", true
		own := k.Attribute(a.Name)
		switch {
		case own == nil:
			k.Attributes = append(k.Attributes, inherited)
		case own.Inherited:
			inherited.OrderWeight, inherited.Branch = own.OrderWeight, own.Branch
			*own = *inherited
		}
	}
	for _, r := range generic.Relationships {
		if r.Name == profilesLink || r.Name == templateLink {
			continue
		}
		inherited := r.clone()
		inherited.ID, inherited.Inherited = "", true
		own := k.Relationship(r.Name)
		switch {
		case own == nil:
			k.Relationships = append(k.Relationships, inherited)
		case own.Inherited:
			inherited.OrderWeight, inherited.Branch = own.OrderWeight, own.Branch
			*own = *inherited
		}
	}
}

func inheritList(list *[]string, inherited []string) {
	if len(*list) == 0 && len(inherited) > 0 {
		*list = slices.Clone(inherited)
	}
}

// branchOfGeneric tells whether a member has its branch support only because
// the generic that it is inherited from has it, while the kind has another.
func (d *draft) branchOfGeneric(k *Kind, name string, branch BranchSupport) bool {
	generic := d.origin(k, name)
	if generic == nil || generic.Branch != branch || k.Branch == branch {
		return false
	}
	if a := generic.Attribute(name); a != nil {
		return a.Branch == branch
	}
	return generic.Relationship(name).Branch == branch
}

// origin returns the generic that a node kind has a member from, or nil.
func (d *draft) origin(k *Kind, name string) *Kind {
	if k.Class != Node {
		return nil
	}
	for _, generic := range slices.Backward(k.InheritFrom) {
		g := d.byName[generic]
		if g != nil && (g.Attribute(name) != nil || g.Relationship(name) != nil) {
			return g
		}
	}
	return nil
}

// dropOrphans drops what kinds have inherited from generics that have it no
// longer, and the paths that begin with it.
func (d *draft) dropOrphans() {
	for _, k := range d.of(Node) {
		gone := map[string]bool{}
		k.Attributes = slices.DeleteFunc(k.Attributes, func(a *Attribute) bool {
			orphan := a.Inherited && d.origin(k, a.Name) == nil
			gone[a.Name] = gone[a.Name] || orphan
			return orphan
		})
		k.Relationships = slices.DeleteFunc(k.Relationships, func(r *Relationship) bool {
			orphan := r.Inherited && d.origin(k, r.Name) == nil
			gone[r.Name] = gone[r.Name] || orphan
			return orphan
		})
		k.forgetPaths(gone)
	}
}
