package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

// filter checks one filter and its value against the schema, and returns the
// value in the type that Infrahub expects. What Infrahub would accept and
// silently ignore is refused.
func (r Reader) filter(k *schema.Kind, name string, raw json.RawMessage, partial bool) (schema.Filter, any, error) {
	f, err := r.Schema.Filter(k, name)
	if err != nil {
		return f, nil, err
	}
	comparesValue := strings.HasSuffix(name, "__value") || strings.HasSuffix(name, "__values")
	if f.Attribute != nil && f.Attribute.Secret() && comparesValue && !r.Reveal {
		return f, nil, secretProblem(name, "filter by")
	}
	if isNull(raw) {
		return f, nil, problem.New(fmt.Sprintf("The filter %s is null, which Infrahub ignores.", name),
			fmt.Sprintf("Leave it out, or use %s with true for nodes without a value.", isNullFilter(name)))
	}
	value, err := filterValue(f, raw)
	if err != nil {
		return f, nil, err
	}
	if list, ok := value.([]any); ok && name == "hfid" && len(k.HumanFriendlyID) > 0 && len(list) != len(k.HumanFriendlyID) {
		return f, nil, problem.New(fmt.Sprintf("The hfid of %s has %d parts (%s), got %d.",
			k.Name, len(k.HumanFriendlyID), strings.Join(k.HumanFriendlyID, ", "), len(list)), "")
	}
	if comparesValue && (!partial || strings.HasSuffix(name, "__values")) {
		if err := choice(f, name, value); err != nil {
			return f, nil, err
		}
	}
	return f, value, nil
}

func isNullFilter(name string) string {
	base := strings.TrimSuffix(strings.TrimSuffix(name, "__values"), "__value")
	return base + "__isnull"
}

func secretProblem(name, verb string) error {
	return problem.New(fmt.Sprintf("The value of %s is secret; this server does not %s it.", name, verb),
		"Use another attribute.")
}

// filterValue converts a JSON value to the GraphQL type of a filter. Numbers
// and booleans may come as texts, and one value stands for a list of one.
func filterValue(f schema.Filter, raw json.RawMessage) (any, error) {
	kind, list := strings.CutPrefix(f.Type, "[")
	kind = strings.Trim(kind, "]!")
	if !list {
		value, ok := scalar(kind, raw)
		if !ok {
			do := ""
			if strings.HasPrefix(string(raw), "[") && strings.HasSuffix(f.Name, "__value") {
				do = fmt.Sprintf("For several values use %ss.", f.Name)
			}
			return nil, problem.New(fmt.Sprintf("The filter %s takes %s, got %s.", f.Name, spoken(kind), problem.Excerpt(string(raw), 60)), do)
		}
		return value, nil
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		items = []json.RawMessage{raw}
	}
	values := make([]any, 0, len(items))
	for _, item := range items {
		value, ok := scalar(kind, item)
		if !ok {
			return nil, problem.New(fmt.Sprintf("The filter %s takes a list of %s, got the item %s.", f.Name, spoken(kind), problem.Excerpt(string(item), 60)), "")
		}
		values = append(values, value)
	}
	return values, nil
}

// scalar reads one value of a GraphQL scalar.
func scalar(kind string, raw json.RawMessage) (any, bool) {
	var str string
	isText := json.Unmarshal(raw, &str) == nil
	bare := string(raw)
	if isText {
		bare = strings.TrimSpace(str)
	}
	switch kind {
	case "BigInt", "Int":
		number, err := strconv.ParseInt(bare, 10, 64)
		return number, err == nil
	case "Float":
		number, err := strconv.ParseFloat(bare, 64)
		return number, err == nil
	case "Boolean":
		truth, err := strconv.ParseBool(strings.ToLower(bare))
		return truth, err == nil
	case "DateTime":
		return bare, isText && validTime(bare)
	case "GenericScalar":
		// Infrahub fails on an object here.
		return raw, !strings.HasPrefix(strings.TrimSpace(string(raw)), "{")
	default: // String, ID
		if isText {
			return str, true
		}
		var number json.Number
		var truth bool
		return bare, json.Unmarshal(raw, &number) == nil || json.Unmarshal(raw, &truth) == nil
	}
}

func validTime(text string) bool {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", time.DateOnly} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}

func spoken(kind string) string {
	switch kind {
	case "BigInt", "Int":
		return "a whole number"
	case "Float":
		return "a number"
	case "Boolean":
		return "true or false"
	case "DateTime":
		return "an ISO 8601 time such as 2026-01-31T12:00:00Z"
	case "GenericScalar":
		return "a text, number, boolean or list"
	default:
		return "a text"
	}
}

// choice refuses a value that an attribute with choices or an enumeration can
// never have: Infrahub would answer with no node, and the caller would believe
// it. Labels of choices are a common mistake.
func choice(f schema.Filter, name string, value any) error {
	if f.Attribute == nil {
		return nil
	}
	var allowed []string
	labels := map[string]string{}
	for _, c := range f.Attribute.Choices {
		allowed = append(allowed, c.Name)
		labels[strings.ToLower(c.Label)] = c.Name
	}
	for _, raw := range f.Attribute.Enum {
		allowed = append(allowed, fmt.Sprint(raw))
	}
	if len(allowed) == 0 {
		return nil
	}
	values, ok := value.([]any)
	if !ok {
		values = []any{value}
	}
	for _, v := range values {
		given := fmt.Sprint(v)
		if slices.Contains(allowed, given) {
			continue
		}
		p := problem.Unknown("value of "+name, given, allowed, "Allowed: "+strings.Join(allowed, ", ")+".")
		if meant, ok := labels[strings.ToLower(given)]; ok {
			p.Candidates = []string{meant}
		}
		return p
	}
	return nil
}
