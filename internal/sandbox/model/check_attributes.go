package model

import (
	"fmt"
	"slices"
)

// checkComputed refuses computed attributes that cannot be computed.
func (d *draft) checkComputed(k *Kind) error {
	if k.Class != Node {
		return nil
	}
	for _, a := range k.Attributes {
		if a.Computed == nil || a.Computed.Kind == "User" {
			continue
		}
		where := fmt.Sprintf("%s: Attribute %s ", k.Name, quote(a.Name))
		switch {
		case !a.ReadOnly:
			return refuse("%sis a computed attribute but not marked as read_only", where)
		case a.Kind != "Text" && a.Kind != "URL":
			return refuse("%sis a computed attribute only ['Text', 'URL'] kinds are supported.", where)
		case a.Computed.Kind == "TransformPython":
			if !a.Optional {
				return refuse("%sis a computed transform, it can't be mandatory", where)
			}
			continue
		case a.Computed.Template == "":
			return refuse("%sis a computed jinja2 attribute but no logic is defined", where)
		}
		variables, err := Variables(a.Computed.Template)
		if err != nil {
			return refuse("%sis assigned by a jinja2 template, but has an invalid template: : %s", where, err)
		}
		for _, variable := range variables {
			p, err := checkPath(d.byName, k, variable,
				pathUse{relationship: relationshipAttribute, optional: true}, "")
			if err != nil {
				return refuse("%sthe '%s' variable is not found within the schema path", where, variable)
			}
			if p.Relationship == nil && p.Attribute.Name == a.Name {
				return refuse("%sthe '%s' variable is a reference to itself", where, variable)
			}
		}
	}
	return d.checkComputedOnce(k)
}

// checkComputedOnce refuses an attribute that several generics compute.
func (d *draft) checkComputedOnce(k *Kind) error {
	from := map[string]string{}
	for _, name := range k.InheritFrom {
		generic := d.generic(name)
		if generic == nil {
			continue
		}
		for _, a := range generic.Attributes {
			if a.Computed == nil || a.Computed.Kind == "User" {
				continue
			}
			if other := from[a.Name]; other != "" {
				both := []string{other, name}
				slices.Sort(both)
				return refuse("%s: %s is declared as a computed attribute from multiple generics %s",
					k.Name, quote(a.Name), quoteAll(both))
			}
			from[a.Name] = name
		}
	}
	return nil
}

// checkPools refuses attributes that a pool cannot fill.
func (d *draft) checkPools(k *Kind) error {
	if k.Class != Node {
		return nil
	}
	for _, a := range k.Attributes {
		if a.Kind != "NumberPool" {
			continue
		}
		where := k.Name + "." + a.Name
		var generics []string
		for _, name := range k.InheritFrom {
			if generic := d.generic(name); generic != nil && generic.Attribute(a.Name) != nil {
				generics = append(generics, name)
			}
		}
		switch {
		case a.Optional:
			return refuse("%s is a NumberPool it can't be optional", where)
		case !a.ReadOnly:
			return refuse("%s is a NumberPool it has to be a read_only attribute", where)
		case a.Inherited && len(generics) > 1:
			return refuse("%s is a NumberPool inherited from more than one generic: %s", where, quoteAll(generics))
		case !a.Inherited && len(generics) > 0:
			return refuse("Overriding '%s' NumberPool attribute from generic '%s' is not supported", where, generics[0])
		}
	}
	return nil
}

// checkDefaults refuses defaults that the attribute could not hold.
func (d *draft) checkDefaults(k *Kind) error {
	if k.Class == Profile || k.generated() {
		return nil
	}
	for _, a := range k.Attributes {
		if a.Inherited {
			continue
		}
		if err := a.Check(a.Default); err != nil {
			return asError(k.Name+": default value ", err)
		}
	}
	return nil
}
