package nodes

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// held returns a value in the form in which the database of Infrahub holds it,
// which filters and orders show: no value is the text NULL, and a list or object
// is the text of its JSON. Other values are held as they are.
func held(value any) any {
	switch value.(type) {
	case nil:
		return null
	case []any, map[string]any:
		return compactJSON(value)
	}
	return value
}

// heldAttribute returns an attribute as filters and orders see it: as Attribute
// does, but for what rules derive of other attributes, which no database holds.
func (n *Node) heldAttribute(name string) store.Attribute {
	stored, ok := n.graph.View.Attribute(n.ID, name)
	if !ok {
		stored = store.Attribute{Name: name, IsDefault: true}
		if a := n.Schema.Attribute(name); a != nil {
			stored.Value = a.Default
		}
	}
	if stored.IsDefault {
		if from, value := n.profiled(name); from != "" {
			stored.Value, stored.Source = value, from
		}
	}
	return stored
}

// null is the text that is held where there is no value.
const null = "NULL"

// isJSON tells whether values of an attribute are held as texts of JSON.
func isJSON(a *model.Attribute) bool {
	switch a.Kind {
	case "List", "JSON", "Any":
		return true
	}
	return false
}

// compactJSON writes a JSON value without spaces, and with the characters that
// HTML treats apart as they are.
func compactJSON(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	must(encoder.Encode(value))
	return strings.TrimSuffix(text.String(), "\n")
}

// hfidText returns the human-friendly id as it is held, nil if there is none.
func (n *Node) hfidText() any {
	hfid := n.HFID()
	if hfid == nil {
		return nil
	}
	return compactJSON(hfid)
}

// heldText returns a held value as a text.
func heldText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return fmt.Sprint(value)
}

// holds tells whether a value is held in a form that equals the one wanted. A
// number is never equal to a text or to a boolean.
func holds(value, wanted any) bool {
	switch v := value.(type) {
	case string:
		text, ok := wanted.(string)
		return ok && v == text
	case []any, map[string]any:
		if text, ok := wanted.(string); !ok || !strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "{") {
			return false // without writing JSON first
		}
	}
	return rankOf(wanted) != rankMissing && compareHeld(held(value), wanted) == 0
}

// compareHeld orders held values: texts, booleans, numbers, and last what is not
// there at all, which is nil.
func compareHeld(a, b any) int {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y)
		}
	case bool:
		if y, ok := b.(bool); ok {
			return cmp.Compare(bit(x), bit(y))
		}
	case int64:
		if y, ok := b.(int64); ok {
			return cmp.Compare(x, y)
		}
	}
	rank := rankOf(a)
	if other := rankOf(b); rank != rankNumber || other != rankNumber {
		return cmp.Compare(rank, other)
	}
	x, _ := asNumber(a)
	y, _ := asNumber(b)
	return cmp.Compare(x, y)
}

// The ranks of types in an order.
const (
	rankText = iota
	rankBoolean
	rankNumber
	rankMissing
)

func rankOf(value any) int {
	switch value.(type) {
	case string:
		return rankText
	case bool:
		return rankBoolean
	case int64, float64, json.Number:
		return rankNumber
	}
	return rankMissing
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// asNumber returns a number of any type, not always exactly.
func asNumber(value any) (float64, bool) {
	switch v := value.(type) {
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}
