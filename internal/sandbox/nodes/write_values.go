package nodes

import (
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// readNew reads what the input gives to an attribute of a new node.
func (d *draft) readNew(a *model.Attribute, data map[string]any, refused *refusals) error {
	attribute := store.Attribute{Name: a.Name, Value: a.Default, IsDefault: true}
	given, ok := data[a.Name]
	if a.Computed != nil && a.Computed.Kind == jinja2 {
		d.attributes[a.Name] = attribute
		return nil
	}
	input, isObject := given.(map[string]any)
	if ok && given != nil && !isObject {
		input = map[string]any{"value": given} // a bare value, from within the server
	}
	pending := false
	if input != nil {
		setProperties(&attribute, input)
		attribute.IsDefault = false
		if input["value"] != nil || a.Default == nil {
			attribute.Value = input["value"]
		} else {
			attribute.IsDefault = true
		}
		if pool, ok := input["from_pool"].(map[string]any); ok {
			value, source, err := d.fromPool(a.Name, pool)
			if err != nil {
				return err
			}
			attribute.Value, attribute.Source, attribute.IsDefault = value, source, false
			pending = !d.pools
		}
	}
	value, err := accept(d.kind, a, attribute.Value)
	if err == nil && value == nil && !a.Optional && !pending && !(!ok && d.profiled(a.Name, data)) && a.Kind != "NumberPool" {
		err = &model.ValueError{Attribute: a.Name, Detail: "A value must be provided for " + a.Name}
	}
	if err != nil && !refused.value(err) {
		return err
	}
	attribute.Value = value
	d.attributes[a.Name] = attribute
	return nil
}

// readChange reads what the input gives to an attribute of a node.
func (d *draft) readChange(a *model.Attribute, input map[string]any) error {
	seen := d.node.Attribute(a.Name)
	after, _ := d.w.View.Attribute(d.node.ID, a.Name)
	if seen.IsFromProfile {
		after.Value, after.IsDefault = seen.Value, true
	} else {
		after = seen
	}
	changed := false
	if given, ok := input["value"]; ok {
		value, err := accept(d.kind, a, given)
		if err != nil {
			return d.refuse(err)
		}
		if !sameValue(value, seen.Value) {
			after.Value, changed = value, true
		}
	}
	if pool, ok := input["from_pool"].(map[string]any); ok {
		value, source, err := d.fromPool(a.Name, pool)
		if err != nil {
			return err
		}
		after.Value, after.Source, changed = value, source, true
	}
	if changed {
		after.IsDefault = seen.IsDefault && sameValue(after.Value, a.Default)
	}
	if _, ok := input["is_default"]; ok && !seen.IsDefault { // false does the same in Infrahub
		if _, ok := input["value"]; !ok {
			after.Value = a.Default
			changed = true
		}
		after.IsDefault = sameValue(after.Value, a.Default)
	}
	if seen.IsFromProfile && !changed {
		// The profile goes on giving the value.
		after.Value = a.Default
	}
	setProperties(&after, input)
	after.Name, after.IsFromProfile = a.Name, false
	d.attributes[a.Name] = after
	return nil
}

// setProperties sets the properties that an input gives.
func setProperties(a *store.Attribute, input map[string]any) {
	if protected, ok := input["is_protected"].(bool); ok {
		a.IsProtected = protected
	}
	if source, ok := input["source"].(string); ok {
		a.Source = source
	}
	if owner, ok := input["owner"].(string); ok {
		a.Owner = owner
	}
}

// refuse returns an error of a value as that of a field of the mutation.
func (d *draft) refuse(err error) error {
	refused := &refusals{kind: d.named.Name}
	if !refused.value(err) {
		return err
	}
	return refused.err()
}
