package nodes

import (
	"net/http"
	"slices"
	"strings"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/store"
)

// check tells whether an attribute is as asked for.
type check func(store.Attribute) bool

// attributeCheck reads what is asked of a property of an attribute. partial makes
// "value" mean a part of the text, in any case.
func attributeCheck(property string, wanted any, partial bool) (check, error) {
	switch property {
	case "value":
		return valueCheck(wanted, partial)
	case "values":
		return valuesCheck(wanted)
	case "isnull":
		yes, _ := wanted.(bool)
		return func(a store.Attribute) bool { return (held(a.Value) == null) == yes }, nil
	case "is_protected":
		yes, _ := wanted.(bool)
		return func(a store.Attribute) bool { return a.IsProtected == yes }, nil
	case "source__id":
		id, _ := wanted.(string)
		return func(a store.Attribute) bool { return a.Source == id }, nil
	case "owner__id":
		id, _ := wanted.(string)
		return func(a store.Attribute) bool { return a.Owner == id }, nil
	}
	return nil, unknownFilter(property)
}

// holding is an attribute that is nothing but a value.
func holding(value any) store.Attribute {
	return store.Attribute{Value: value}
}

func valueCheck(wanted any, partial bool) (check, error) {
	switch wanted.(type) {
	case map[string]any:
		return nil, fault.New(http.StatusInternalServerError,
			"filter value: %s (<class 'dict'>) is not supported.", printed(wanted))
	case []any: // A list is never equal to the text that is held of one.
		return func(store.Attribute) bool { return false }, nil
	}
	if err := checkSize(wanted); err != nil {
		return nil, err
	}
	if !partial {
		return func(a store.Attribute) bool { return holds(a.Value, wanted) }, nil
	}
	part := strings.ToLower(heldText(wanted))
	return func(a store.Attribute) bool {
		return strings.Contains(strings.ToLower(heldText(held(a.Value))), part)
	}, nil
}

func valuesCheck(wanted any) (check, error) {
	list, _ := wanted.([]any)
	for _, item := range list {
		switch item.(type) {
		case nil, []any, map[string]any:
			return nil, fault.New(http.StatusInternalServerError,
				"filter values: %s (list) contains unsupported item", printed(list))
		}
		if err := checkSize(item); err != nil {
			return nil, err
		}
	}
	return func(a store.Attribute) bool {
		return slices.ContainsFunc(list, func(item any) bool { return holds(a.Value, item) })
	}, nil
}

// checkSize refuses a number that Infrahub's database cannot be asked for.
func checkSize(wanted any) error {
	const limit = 1 << 63
	if number, ok := asNumber(wanted); ok && (number >= limit || number < -limit) {
		return fault.New(http.StatusInternalServerError, "Python int too large to convert to C long")
	}
	return nil
}
