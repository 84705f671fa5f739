package model

import (
	"encoding/json"
	"slices"
)

// documentFormat is the schema format: the members of each object, their types
// and bounds. Infrahub 1.11 describes the same as "SchemasLoadAPI" in its
// openapi.json.
func documentFormat() checker {
	free := text(0, 0, "")
	texts := list(free)
	branch := choice(string(Aware), string(Agnostic), string(Local))
	state := choice("present", "absent")
	override := choice("none", "any")
	display := choice("default", "extra")
	attributes := optional("attributes", list(attributeFormat(free, branch, state, override, display)))
	relationships := optional("relationships", list(object("RelationshipSchemaWrite",
		[]string{"hierarchical", "inherited"},
		optional("id", null(free)),
		required("name", text(3, 64, memberName)),
		required("peer", text(0, 0, kindName)),
		optional("kind", choice(relGeneric, relAttribute, relComponent, relParent, relGroup, relHierarchy, relProfile, relTemplate)),
		optional("label", null(text(0, 64, ""))),
		optional("description", null(text(0, 128, ""))),
		optional("identifier", null(text(0, 128, memberName))),
		optional("cardinality", choice(one, many)),
		optional("min_count", integer),
		optional("max_count", integer),
		optional("common_parent", null(free)),
		optional("common_relatives", null(texts)),
		optional("order_weight", null(integer)),
		optional("optional", boolean),
		optional("branch", null(branch)),
		optional("direction", choice(bidirectional, outbound, inbound)),
		optional("state", state),
		optional("on_delete", null(choice(noAction, cascade))),
		optional("allow_override", override),
		optional("read_only", boolean),
		optional("deprecation", null(text(0, 128, ""))),
		optional("display", display),
	)))
	base := []member{
		optional("id", null(free)),
		required("name", text(2, 32, kindName)),
		required("namespace", text(3, 64, `^[A-Z][a-z0-9]+$`)),
		optional("description", null(text(0, 128, ""))),
		optional("label", null(text(0, 64, ""))),
		optional("branch", branch),
		optional("default_filter", null(text(0, 0, `^[a-z0-9\_]*$`))),
		optional("human_friendly_id", null(texts)),
		optional("display_label", null(free)),
		optional("display_labels", null(texts)),
		optional("include_in_menu", null(boolean)),
		optional("menu_placement", null(free)),
		optional("icon", null(free)),
		optional("order_by", null(texts)),
		optional("uniqueness_constraints", null(list(texts))),
		optional("documentation", null(free)),
		optional("state", state),
		attributes,
		relationships,
	}
	node := object("NodeSchemaWrite", []string{"hash", "hierarchy", "kind"}, append(slices.Clone(base),
		optional("inherit_from", texts),
		optional("generate_profile", boolean),
		optional("generate_template", boolean),
		optional("parent", null(free)),
		optional("children", null(free)),
	)...)
	generic := object("GenericSchemaWrite", []string{"hash", "kind", "used_by"}, append(slices.Clone(base),
		optional("hierarchical", boolean),
		optional("generate_profile", boolean),
		optional("restricted_namespaces", null(texts)),
	)...)
	extension := object("NodeExtensionWrite", []string{"id", "state"},
		required("kind", free),
		attributes,
		relationships,
	)
	return object("InfrahubSchemaWrite", []string{"main", "namespaces", "profiles", "templates"},
		required("version", free),
		optional("nodes", list(node)),
		optional("generics", list(generic)),
		optional("extensions", null(object("SchemaExtensionWrite", []string{"id", "state"},
			optional("nodes", list(extension)),
		))),
	)
}

// attributeFormat is the format of an attribute.
func attributeFormat(free, branch, state, override, display checker) checker {
	computed := union("ComputedAttributeKind", []string{"User", "Jinja2", "TransformPython"}, func(kind string) checker {
		foreign := []string{"id", "state", "jinja2_template", "transform"}
		members := []member{required("kind", free)}
		switch kind {
		case "Jinja2":
			foreign = []string{"id", "state", "transform"}
			members = append(members, required("jinja2_template", free))
		case "TransformPython":
			foreign = []string{"id", "state", "jinja2_template"}
			members = append(members, required("transform", free))
		}
		return object("ComputedAttribute"+kind+"Write", foreign, members...)
	})
	members := []member{
		optional("id", null(free)),
		required("name", text(3, 64, memberName)),
		required("kind", free),
		optional("enum", null(list(anything))),
		optional("computed_attribute", null(computed)),
		optional("choices", null(list(object("DropdownChoiceWrite", []string{"id", "state"},
			required("name", free),
			optional("description", null(free)),
			optional("color", null(text(0, 0, `#[0-9a-fA-F]{6}\b`))),
			optional("label", null(free)),
		)))),
		optional("regex", null(free)),
		optional("max_length", null(integer)),
		optional("min_length", null(integer)),
		optional("label", null(text(0, 64, ""))),
		optional("description", null(text(0, 128, ""))),
		optional("read_only", boolean),
		optional("unique", boolean),
		optional("optional", boolean),
		optional("branch", null(branch)),
		optional("order_weight", null(integer)),
		optional("ordered", boolean),
		optional("default_value", anything),
		optional("state", state),
		optional("allow_override", override),
		optional("deprecation", null(text(0, 128, ""))),
		optional("display", display),
	}
	return union("AttributeKind", attributeKinds(), func(kind string) checker {
		var parameters []member
		name, attribute := "AttributeParametersWrite", "GenericAttributeWrite"
		switch kind {
		case "Text", "TextArea":
			name, attribute = "TextAttributeParametersWrite", "TextAttributeWrite"
			parameters = []member{
				optional("regex", null(free)),
				optional("min_length", null(integer)),
				optional("max_length", null(integer)),
			}
		case "Number":
			name, attribute = "NumberAttributeParametersWrite", "NumberAttributeWrite"
			parameters = []member{
				optional("min_value", null(integer)),
				optional("max_value", null(integer)),
				optional("excluded_values", null(text(0, 0, `^(\d+(?:-\d+)?)(?:,\d+(?:-\d+)?)*$`))),
			}
		case "List":
			name, attribute = "ListAttributeParametersWrite", "ListAttributeWrite"
			parameters = []member{optional("regex", null(free))}
		case "NumberPool":
			name, attribute = "NumberPoolParametersWrite", "NumberPoolAttributeWrite"
			parameters = []member{
				optional("end_range", integer),
				optional("start_range", integer),
				optional("number_pool_id", null(free)),
			}
		}
		return object(attribute, []string{"inherited"}, append(slices.Clone(members),
			optional("parameters", null(object(name, []string{"id", "state"}, parameters...))))...)
	})
}

// attributeKinds lists the kinds of attributes, in the order of Infrahub.
func attributeKinds() []string {
	return []string{
		"Text", "TextArea", "Number", "List", "NumberPool", "ID", "Dropdown", "DateTime", "Email", "Password",
		"HashedPassword", "URL", "File", "MacAddress", "Color", "Bandwidth", "IPHost", "IPNetwork", "IPAddress",
		"Boolean", "Checkbox", "JSON", "Any",
	}
}

const (
	memberName = `^[a-z0-9\_]+$`
	kindName   = `^[A-Z][a-zA-Z0-9]+$`
)

// request checks the body of a request and returns its documents.
func (f *formatFaults) request(body any) []*Document {
	const notObject = "Input should be a valid dictionary or object to extract fields from"
	members, ok := body.(map[string]any)
	if !ok {
		f.around("model_attributes_type", []any{"body"}, body, notObject)
		return nil
	}
	given, ok := members["schemas"]
	if !ok {
		f.around("missing", []any{"body", "schemas"}, body, "Field required")
		return nil
	}
	list, ok := given.([]any)
	if !ok {
		f.around("list_type", []any{"body", "schemas"}, given, "Input should be a valid list")
		return nil
	}
	documents := make([]*Document, 0, len(list))
	for i, v := range list {
		path := []any{"body", "schemas", i}
		if _, ok := v.(map[string]any); !ok {
			f.around("model_attributes_type", path, v, notObject)
			continue
		}
		documents = append(documents, f.document(v, path))
	}
	return documents
}

// document checks one document and returns it. It is of use only when no fault
// was found.
func (f *formatFaults) document(v any, path []any) *Document {
	found, known := len(f.details), len(f.ignored)
	checked := documentFormat()(f, location{path: path, plain: path}, v)
	if len(f.details) > found {
		return nil
	}
	document := &Document{warnings: ignoredWarnings(f.ignored[known:])}
	text, err := json.Marshal(checked)
	if err == nil {
		err = json.Unmarshal(text, &document.declared)
	}
	if err != nil {
		// What was checked can be decoded; this tells when it cannot.
		f.fault(location{path: path}, nil, "%s", err)
		return nil
	}
	if len(f.unknown) == 0 {
		f.secondReading(document, path)
	}
	return document
}
