package sdl

// typesOf are the GraphQL types of the attributes of one kind.
type typesOf struct {
	output string // the type of the field of a node
	input  string // the types of the inputs, but for "Create" or "Update" at the end
	filter string // the scalar by which values are compared
}

// attributeTypes returns the GraphQL types of an attribute kind, and whether
// there is such a kind in Infrahub 1.11.
func attributeTypes(attributeKind string) (typesOf, bool) {
	switch attributeKind {
	case "ID", "Text", "TextArea", "Email", "Password", "HashedPassword", "URL", "File", "Color":
		return typesOf{"TextAttribute", "TextAttribute", "String"}, true
	case "DateTime":
		return typesOf{"TextAttribute", "TextAttribute", "DateTime"}, true
	case "Dropdown", "MacAddress", "IPHost", "IPNetwork", "IPAddress":
		return typesOf{attributeKind, "TextAttribute", "String"}, true
	case "Number", "NumberPool":
		return typesOf{"NumberAttribute", "NumberAttribute", "BigInt"}, true
	case "Bandwidth":
		return typesOf{"NumberAttribute", "NumberAttribute", "Int"}, true
	case "Boolean", "Checkbox":
		return typesOf{"CheckboxAttribute", "CheckboxAttribute", "Boolean"}, true
	case "List", "JSON", "Any":
		return typesOf{attributeKind + "Attribute", attributeKind + "Attribute", "GenericScalar"}, true
	default:
		return typesOf{}, false
	}
}
