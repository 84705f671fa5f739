package model

import (
	"slices"
	"strings"
)

// addTemplates adds the templates of kinds that have one and of all that such
// a template is made of: its components, what they are part of and the
// generics they implement.
func (d *draft) addTemplates() error {
	var needed neededTemplates
	for _, k := range d.of(Node) {
		if k.absent || !k.GenerateTemplate || k.Restricted() {
			k.Relationships = slices.DeleteFunc(k.Relationships, func(r *Relationship) bool {
				return r.Name == templateLink
			})
			continue
		}
		if err := needed.add(d, k); err != nil {
			return err
		}
	}
	if len(needed) == 0 {
		return nil
	}
	templates := make([]*Kind, len(needed))
	names := make([]string, len(needed))
	for i, k := range needed {
		templates[i] = needed.template(d, k)
		names[i] = templates[i].Name
		d.add(templates[i])
	}
	for i, k := range needed {
		if err := d.linkTemplate(templates[i], k); err != nil {
			return err
		}
	}
	d.used(names, coreTemplate, coreNode)
	for _, k := range d.of(Node) {
		if !k.absent && k.GenerateTemplate && !k.Restricted() {
			k.link(&Relationship{
				Name: templateLink, Identifier: nodeTemplate, Peer: "Template" + k.Name, Kind: relTemplate,
				Cardinality: one, OrderWeight: 1, MaxCount: 1,
			})
		}
	}
	return nil
}

// neededTemplates are the kinds to make a template of.
type neededTemplates []*Kind

func (n *neededTemplates) has(name string) bool {
	return slices.ContainsFunc(*n, func(k *Kind) bool { return k.Name == name })
}

// isPool tells whether a kind hands out resources: no template is made of it.
func isPool(name string) bool {
	switch name {
	case "CoreNumberPool", "CoreIPAddressPool", "CoreIPPrefixPool", "CoreResourcePool":
		return true
	}
	return false
}

// add adds a kind and all that its template is made of.
func (n *neededTemplates) add(d *draft, k *Kind) error {
	if k.absent || isPool(k.Name) || n.has(k.Name) {
		return nil
	}
	*n = append(*n, k)
	for _, name := range k.InheritFrom {
		if generic := d.generic(name); generic != nil && !isPool(name) && !n.has(name) {
			*n = append(*n, generic)
		}
	}
	for _, r := range k.Relationships {
		part := r.Kind == relComponent || r.Kind == relParent && !(k.Class == Node && k.GenerateTemplate)
		if !part || r.Peer == coreGroup || r.Peer == coreProfile || n.has(r.Peer) {
			continue
		}
		peer := d.byName[r.Peer]
		if peer == nil {
			return unknownKind(r.Peer)
		}
		// There is no node of a generic: any kind that implements it may
		// stand in its place. One that does is enough for a parent.
		if peer.Class == Generic && (r.Kind != relParent || !slices.ContainsFunc(peer.UsedBy, n.has)) {
			for _, user := range peer.UsedBy {
				if err := n.add(d, d.byName[user]); err != nil {
					return err
				}
			}
		}
		if err := n.add(d, peer); err != nil {
			return err
		}
	}
	return nil
}

// isPart tells whether the template of a kind is there only because another
// one needs it. It then asks for all that its nodes must have.
func isPart(k *Kind) bool {
	return k.Class == Generic || !k.GenerateTemplate
}

// template makes the template of a kind but for its relationships. That of a
// generic is a generic.
func (n *neededTemplates) template(d *draft, k *Kind) *Kind {
	base := coreTemplate
	if isPart(k) {
		base = "CoreObjectComponentTemplate"
	}
	template := &Kind{
		Class: Template, Name: "Template" + k.Name, Namespace: "Template", ShortName: k.Name,
		Label: "Object template " + k.Label, Description: "Object template for " + k.Name,
		Branch: k.Branch, IncludeInMenu: new(bool), DisplayLabel: "template_name__value",
		HumanFriendlyID: []string{"template_name__value"},
	}
	if k.Class == Generic {
		template.Class = Generic
		template.Label = "Generic object template " + k.Label
		template.Description = "Generic object template for generic " + k.Name
		template.UsedBy = []string{}
		for _, user := range k.UsedBy {
			if n.has(user) {
				template.UsedBy = append(template.UsedBy, "Template"+user)
			}
		}
	} else {
		template.UniquenessConstraints = [][]string{{"template_name__value"}}
		template.InheritFrom = []string{coreSource, coreNode, base}
		for _, name := range k.InheritFrom {
			if n.has(name) {
				template.InheritFrom = append(template.InheritFrom, "Template"+name)
			}
		}
		template.link(&Relationship{Name: "related_nodes", Identifier: nodeTemplate, Peer: k.Name, Kind: relTemplate})
	}
	if generic := d.generic(base); generic != nil {
		if a := generic.Attribute("template_name"); a != nil {
			a = a.clone()
			a.ID, a.Inherited, a.Branch = "", false, k.Branch
			template.Attributes = append(template.Attributes, a)
		}
	}
	for _, a := range k.Attributes {
		if a.ReadOnly || a.Unique {
			continue
		}
		a = a.clone()
		a.ID, a.OrderWeight = "", 0
		a.Optional = a.Optional || !isPart(k)
		template.Attributes = append(template.Attributes, a)
	}
	return template
}

// linkTemplate adds the relationships of a template: those of the kind, with
// templates in the place of its components, and those to the pools from which
// what it leaves open is taken.
func (d *draft) linkTemplate(template, k *Kind) error {
	for _, r := range k.Relationships {
		if r.Peer == coreGroup || r.Peer == coreProfile {
			continue
		}
		peer, label := r.Peer, title(r.Name)
		switch r.Kind {
		case relComponent, relParent:
			label = title(r.Name + " template")
			if !isPool(peer) {
				peer = "Template" + peer
			}
		case relAttribute, relGeneric:
		default:
			continue
		}
		optional := r.Optional
		if !isPart(k) {
			optional = r.Kind != relParent
		}
		template.Relationships = append(template.Relationships, &Relationship{
			Name: r.Name, Peer: peer, Kind: r.Kind, Optional: optional, Cardinality: r.Cardinality,
			Direction: r.Direction, Branch: r.Branch, Identifier: "template_" + r.Identifier, MinCount: r.MinCount,
			MaxCount: r.MaxCount, Label: label, Inherited: r.Inherited, AllowOverride: "any", Display: "default",
		})
		if pool := d.pool(r.Peer); pool != "" {
			template.Relationships = append(template.Relationships, &Relationship{
				Name: r.Name + poolSuffix, Peer: pool, Kind: relGeneric, Optional: true, Cardinality: one,
				Description: "Generated relationship for using a resource pool on the '" + r.Name + "' relationship",
				Direction:   r.Direction, Branch: r.Branch, Identifier: strings.ToLower(r.Identifier + poolSuffix),
				Label: defaultLabel(r.Name) + " from Resource Pool", Inherited: r.Inherited,
				AllowOverride: "any", Display: "default",
			})
		}
		path := r.Name + "__template_name__value"
		if template.Class == Template && r.Kind == relParent && !slices.Contains(template.HumanFriendlyID, path) {
			template.HumanFriendlyID = slices.Insert(template.HumanFriendlyID, 0, path)
			template.UniquenessConstraints[0] = append(template.UniquenessConstraints[0], r.Name)
		}
	}
	for _, a := range k.Attributes {
		if a.Kind != "Number" || a.ReadOnly || a.Unique {
			continue
		}
		template.Relationships = append(template.Relationships, &Relationship{
			Name: a.Name + poolSuffix, Peer: "CoreNumberPool", Kind: relGeneric, Optional: true, Cardinality: one,
			Description: "Generated relationship for using a resource pool on the '" + a.Name + "' attribute",
			Direction:   outbound, Branch: a.Branch, Identifier: strings.ToLower(a.Name + poolSuffix),
			Label: defaultLabel(a.Name) + " from Resource Pool", Inherited: a.Inherited,
			AllowOverride: "any", Display: "default",
		})
	}
	profiled := k.GenerateProfile
	for _, name := range k.InheritFrom {
		generic := d.generic(name)
		profiled = profiled || generic != nil && generic.GenerateProfile
	}
	if profiled {
		template.link(profiles(templateProfile))
	}
	return nil
}

// pool returns the kind of the pools that hand out nodes of a kind, or "".
func (d *draft) pool(kind string) string {
	k := d.byName[kind]
	switch {
	case k == nil:
	case kind == ipAddress || slices.Contains(k.InheritFrom, ipAddress):
		return "CoreIPAddressPool"
	case kind == ipPrefix || slices.Contains(k.InheritFrom, ipPrefix):
		return "CoreIPPrefixPool"
	}
	return ""
}

// weighTemplates gives the members of templates the order of the kinds they are
// made from. What those do not have has no weight.
func (d *draft) weighTemplates() {
	for _, template := range d.of(Template, Generic) {
		k := d.byName[template.ShortName]
		if template.Namespace != "Template" || k == nil {
			continue
		}
		shift := 0
		if template.Class == Template {
			shift = 10000
		}
		for _, a := range template.Attributes {
			if weight := k.weight(a.Name); a.OrderWeight == 0 && weight != 0 {
				a.OrderWeight = weight + shift
			}
		}
		for _, r := range template.Relationships {
			if weight := k.weight(r.Name); r.OrderWeight == 0 && weight != 0 {
				r.OrderWeight = weight + shift
			}
		}
	}
}
