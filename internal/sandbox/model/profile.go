package model

import (
	"slices"
	"strings"
)

// The relationships between kinds and what is made from them.
const (
	profilesLink = "profiles"
	templateLink = "object_template"

	nodeProfile     = "node__profile"
	templateProfile = "template__profile"
	nodeTemplate    = "node__objecttemplate"
)

// addProfiles adds the profile of every kind that has one, and names profiles
// as users of the generics they implement.
func (d *draft) addProfiles() {
	base := d.generic(coreProfile)
	if base == nil {
		return
	}
	var names []string
	for _, k := range slices.DeleteFunc(d.of(Node, Generic), (*Kind).generated) {
		if k.absent || !k.GenerateProfile || k.Restricted() && k.Namespace != "Builtin" {
			continue
		}
		profile := d.profile(base, k)
		d.add(profile)
		names = append(names, profile.Name)
	}
	d.used(names, coreProfile, coreNode)
}

// used adds kinds to the users of generics.
func (d *draft) used(names []string, generics ...string) {
	for _, name := range generics {
		if generic := d.generic(name); generic != nil {
			generic.UsedBy = append(generic.UsedBy, names...)
			slices.Sort(generic.UsedBy)
			generic.UsedBy = slices.Compact(generic.UsedBy)
		}
	}
}

// profile makes the profile of a kind: what of its nodes a profile can hold.
func (d *draft) profile(base, k *Kind) *Kind {
	profile := &Kind{
		Class: Profile, Name: "Profile" + k.Name, Namespace: "Profile", ShortName: k.Name,
		Label: "Profile " + k.Label, Description: "Profile for " + k.Name, Branch: k.Branch, IncludeInMenu: new(bool),
		DisplayLabel: "profile_name__value", HumanFriendlyID: []string{"profile_name__value"},
		DefaultFilter: "profile_name__value", InheritFrom: []string{coreSource, coreProfile, coreNode},
	}
	for _, name := range []string{"profile_name", "profile_priority"} {
		if a := base.Attribute(name); a != nil {
			a = a.clone()
			a.ID, a.Inherited, a.Branch = "", false, k.Branch
			profile.Attributes = append(profile.Attributes, a)
		}
	}
	for _, a := range k.Attributes {
		if a.ReadOnly || a.Unique || k.constrains(a.Name) {
			continue
		}
		a = a.clone()
		a.ID, a.Inherited, a.Default, a.Optional = "", false, nil, true
		profile.Attributes = append(profile.Attributes, a)
	}
	profile.link(&Relationship{Name: "related_nodes", Identifier: nodeProfile, Peer: k.Name, Kind: relProfile})
	if template := d.byName["Template"+k.Name]; template != nil {
		profile.link(&Relationship{
			Name: "related_templates", Identifier: templateProfile, Peer: template.Name, Kind: relProfile,
		})
	}
	for _, r := range k.Relationships {
		if r.ReadOnly || r.Kind != relGeneric && r.Kind != relAttribute || k.constrainsAlone(r.Name) {
			continue
		}
		profile.Relationships = append(profile.Relationships, &Relationship{
			Name: r.Name, Peer: r.Peer, Kind: r.Kind, Cardinality: r.Cardinality, Direction: r.Direction,
			Branch: r.Branch, Identifier: "profile_" + r.Identifier, MinCount: r.MinCount, MaxCount: r.MaxCount,
			Label: r.Label, OrderWeight: r.OrderWeight, Optional: true, AllowOverride: "any", Display: "default",
		})
	}
	return profile
}

// constrains tells whether an attribute is part of a uniqueness constraint.
func (k *Kind) constrains(name string) bool {
	for _, set := range k.UniquenessConstraints {
		for _, path := range set {
			if path == name || strings.HasPrefix(path, name+"__") {
				return true
			}
		}
	}
	return false
}

// constrainsAlone tells whether a member is part of a uniqueness constraint by
// its name alone.
func (k *Kind) constrainsAlone(name string) bool {
	return slices.ContainsFunc(k.UniquenessConstraints, func(set []string) bool { return slices.Contains(set, name) })
}

// linkProfiles adds the relationship from nodes to their profiles.
func (d *draft) linkProfiles() {
	for _, k := range d.of(Node, Generic) {
		if k.Restricted() && k.Namespace != "Builtin" &&
			k.Name != "InternalIPRangeAvailable" && k.Name != "InternalIPPrefixAvailable" {
			continue
		}
		k.link(profiles(nodeProfile))
	}
}

func profiles(identifier string) *Relationship {
	return &Relationship{
		Name: profilesLink, Identifier: identifier, Peer: coreProfile, Kind: relProfile, OrderWeight: 99000,
	}
}
