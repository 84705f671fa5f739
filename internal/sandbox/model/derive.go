package model

import (
	"slices"
	"strings"
	"unicode"
)

// derive adds what Infrahub adds to declared kinds before it checks them. The
// steps build on each other: what a generic gets before the inheritance its
// kinds get from it, what it gets after they get on their own.
func (d *draft) derive() error {
	for _, k := range d.declared() {
		k.settle()
	}
	generics := slices.DeleteFunc(d.of(Generic), (*Kind).generated)
	if err := d.identify(generics); err != nil {
		return err
	}
	if err := d.inherit(); err != nil {
		return err
	}
	if err := d.placeInTrees(); err != nil {
		return err
	}
	if err := d.spread(); err != nil {
		return err
	}
	if err := d.identify(d.declared()); err != nil {
		return err
	}
	d.label()
	d.weigh()
	if err := d.checkChoices(); err != nil {
		return err
	}
	if err := d.addTemplates(); err != nil {
		return err
	}
	d.addProfiles()
	d.linkProfiles()
	d.linkTrees()
	return d.spread()
}

// complete adds what Infrahub adds to a model that is found to be sound.
func (d *draft) complete() error {
	d.dropOrphans()
	d.addGroups()
	d.weigh()
	d.weighTemplates()
	d.label()
	for _, k := range d.all() {
		for _, a := range k.Attributes {
			a.completeChoices()
		}
		for _, r := range k.Relationships {
			r.OnDelete = or(r.OnDelete, onDelete(r.Kind))
		}
	}
	return d.identify(d.declared())
}

// onDelete returns what deleting a node does to its peers by default:
// components go with what they are part of.
func onDelete(kind string) string {
	if kind == relComponent {
		return cascade
	}
	return noAction
}

// settle makes the members of a kind agree with themselves.
func (k *Kind) settle() {
	for _, a := range k.Attributes {
		// What has a default or is on its way out need not be given.
		a.Optional = a.Optional || a.Default != nil || a.Deprecation != ""
	}
	for _, r := range k.Relationships {
		r.Identifier = or(r.Identifier, identifier(k.Name, r.Peer))
		r.Optional = r.Optional || r.Deprecation != ""
		if r.Many() {
			continue
		}
		switch {
		case r.Optional:
			r.MinCount, r.MaxCount = 0, 1
		default:
			if r.MinCount == 0 {
				r.MinCount = 1
			}
			if r.MaxCount == 0 {
				r.MaxCount = 1
			}
		}
	}
}

// identifier returns the identifier that a relationship between two kinds has
// by default: dcimdevice__locationrack.
func identifier(a, b string) string {
	if b < a {
		a, b = b, a
	}
	return strings.ToLower(a + "__" + b)
}

// The generics that the rules speak of.
const (
	coreNode     = "CoreNode"
	coreGroup    = "CoreGroup"
	coreProfile  = "CoreProfile"
	coreTemplate = "CoreObjectTemplate"
	coreSource   = "LineageSource"
)

// spread settles on which branches members take effect: attributes like their
// kind, relationships like both their kinds when these agree.
func (d *draft) spread() error {
	for _, k := range d.all() {
		for _, a := range k.Attributes {
			if a.Branch == "" || a.Inherited && d.branchOfGeneric(k, a.Name, a.Branch) {
				a.Branch = k.Branch
			}
		}
		for _, r := range k.Relationships {
			if r.Branch != "" && !(r.Inherited && d.branchOfGeneric(k, r.Name, r.Branch)) {
				continue
			}
			peer := d.byName[r.Peer]
			if peer == nil {
				return unknownKind(r.Peer)
			}
			switch {
			case k.Branch == peer.Branch:
				r.Branch = k.Branch
			case k.Branch == Local || peer.Branch == Local:
				r.Branch = Local
			default:
				r.Branch = Aware
			}
		}
	}
	return nil
}

// label gives kinds and members without a label one made from their name.
func (d *draft) label() {
	for _, k := range d.all() {
		k.Label = or(k.Label, defaultLabel(k.ShortName))
		for _, a := range k.Attributes {
			a.Label = or(a.Label, defaultLabel(a.Name))
		}
		for _, r := range k.Relationships {
			r.Label = or(r.Label, defaultLabel(r.Name))
		}
	}
}

// defaultLabel makes a label from a name: "primary_address" is "Primary
// Address", "IPPrefix" is "Ipprefix".
func defaultLabel(name string) string {
	return title(strings.ReplaceAll(name, "_", " "))
}

// title begins every run of letters with a capital and goes on in small ones.
func title(text string) string {
	var b strings.Builder
	inWord := false
	for _, r := range text {
		switch {
		case !unicode.IsLetter(r):
			inWord = false
		case inWord:
			r = unicode.ToLower(r)
		default:
			r, inWord = unicode.ToTitle(r), true
		}
		b.WriteRune(r)
	}
	return b.String()
}

// weigh gives members without a weight one: that of the generic they are
// inherited from, or a thousand times their position.
func (d *draft) weigh() {
	for _, k := range d.of(Generic, Node, Profile) {
		if k.Namespace == "Template" {
			continue
		}
		position := 0
		weigh := func(name string, inherited bool, weight *int) {
			position += 1000
			if *weight != 0 {
				return
			}
			if generic := d.origin(k, name); inherited && generic != nil {
				*weight = generic.weight(name)
			}
			if *weight == 0 {
				*weight = position
			}
		}
		for _, a := range k.Attributes {
			weigh(a.Name, a.Inherited, &a.OrderWeight)
		}
		for _, r := range k.Relationships {
			weigh(r.Name, r.Inherited, &r.OrderWeight)
		}
	}
}

// weight returns the order weight of a member, or 0.
func (k *Kind) weight(name string) int {
	if a := k.Attribute(name); a != nil {
		return a.OrderWeight
	}
	if r := k.Relationship(name); r != nil {
		return r.OrderWeight
	}
	return 0
}

// addGroups adds the relationships to the groups that a node is a member of or
// subscribes to.
func (d *draft) addGroups() {
	if d.byName[coreGroup] == nil {
		return
	}
	for _, k := range d.all() {
		if k.Namespace == "Schema" || k.Name == coreGroup || k.Name == "LineageOwner" || k.Name == coreSource ||
			k.Class == Node && slices.Contains(k.InheritFrom, coreGroup) {
			continue
		}
		k.link(&Relationship{Name: "member_of_groups", Identifier: "group_member", Peer: coreGroup, Kind: relGroup})
		k.link(&Relationship{Name: "subscriber_of_groups", Identifier: "group_subscriber", Peer: coreGroup, Kind: relGroup})
		if k.Class == Template {
			// Nodes made from a template join these groups; the template
			// itself does not.
			k.link(&Relationship{
				Name: "member_of_groups_for_instances", Identifier: "template_group_member_for_instances",
				Peer: coreGroup, Kind: relGeneric,
			})
			k.link(&Relationship{
				Name: "subscriber_of_groups_for_instances", Identifier: "template_group_subscriber_for_instances",
				Peer: coreGroup, Kind: relGeneric,
			})
		}
	}
}

// link adds a relationship to any number of nodes, on each branch, unless the
// kind has one of that name. Members of r that are not set get what they are
// by default.
func (k *Kind) link(r *Relationship) {
	if k.Relationship(r.Name) != nil {
		return
	}
	r.Cardinality = or(r.Cardinality, many)
	r.Direction = or(r.Direction, bidirectional)
	r.Branch = or(r.Branch, Aware)
	r.AllowOverride = or(r.AllowOverride, "any")
	r.Display = or(r.Display, "default")
	r.Optional = true
	k.Relationships = append(k.Relationships, r)
}
