package nodes

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/crypto/bcrypt"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
)

// accept returns the form in which an attribute of a kind stores a value. The
// error is a *model.ValueError or a *fault.Error.
func accept(k *model.Kind, a *model.Attribute, value any) (any, error) {
	value = coerce(a, value)
	if value == nil {
		return nil, nil
	}
	if text, ok := value.(string); ok && a.Kind == "IPHost" && a.Name == "address" && isAddress(k) {
		// Infrahub reads the address of such a node before it checks anything.
		if _, err := parsePrefix(text); err != nil {
			return nil, fault.New(500, "%s does not appear to be an IPv4 or IPv6 interface", quoted(text))
		}
	}
	if err := checkShape(a, value); err != nil {
		return nil, err
	}
	normal := normalize(a, value)
	if a.Kind == "MacAddress" {
		if _, err := parseMAC(printed(value)); err != nil {
			return nil, &model.ValueError{Attribute: a.Name, Detail: printed(value) + " is not a valid MacAddress", Format: true}
		}
	}
	if err := a.Check(normal); err != nil {
		return nil, err
	}
	return normal, nil
}

// checkShape checks what a List or JSON attribute is given: a list, an object or
// the text of one.
func checkShape(a *model.Attribute, value any) error {
	if a.Kind != "List" && a.Kind != "JSON" {
		return nil
	}
	if text, ok := value.(string); ok {
		if !json.Valid([]byte(text)) {
			return nil // which has a sentence of its own
		}
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		_ = decoder.Decode(&value) // it is valid
	}
	_, isList := value.([]any)
	_, isObject := value.(map[string]any)
	if !isList && !(isObject && a.Kind == "JSON") {
		return &model.ValueError{Attribute: a.Name, Detail: fmt.Sprintf("%s is not a valid %s", printed(value), a.Kind), Format: true}
	}
	return nil
}

// isAddress tells whether nodes of a kind are addresses, which Infrahub puts in
// their place by itself.
func isAddress(k *model.Kind) bool {
	return slices.Contains(k.InheritFrom, "BuiltinIPAddress")
}

// coerce brings a value that came through GraphQL or from Go into the types
// that attributes store. Numbers are as Infrahub's scalar BigInt takes them.
func coerce(a *model.Attribute, value any) any {
	switch v := value.(type) {
	case int:
		value = int64(v)
	case json.Number:
		if number, err := v.Int64(); err == nil {
			value = number
		} else if number, err := v.Float64(); err == nil {
			value = number
		}
	case []string:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = element
		}
		return list
	}
	switch a.Kind {
	case "Number", "NumberPool", "Bandwidth":
		switch v := value.(type) {
		case bool:
			if v {
				return int64(1)
			}
			return int64(0)
		case float64:
			if math.Abs(v) < math.MaxInt64 {
				return int64(v)
			}
		}
	}
	return value
}

// normalize returns the canonical form of a value that the attribute accepts.
func normalize(a *model.Attribute, value any) any {
	text, ok := value.(string)
	if !ok {
		return value
	}
	switch a.Kind {
	case "MacAddress":
		if mac, err := parseMAC(text); err == nil {
			return mac.String()
		}
	case "IPHost", "IPNetwork":
		if prefix, err := parsePrefix(text); err == nil {
			return prefixText(prefix)
		}
	case "IPAddress":
		if address, err := netip.ParseAddr(text); err == nil {
			return addressText(address)
		}
	}
	return value
}

// sealed returns what is stored of a value: of a HashedPassword its hash.
func sealed(a *model.Attribute, value any) (any, error) {
	text, ok := value.(string)
	if !ok || a.Kind != "HashedPassword" {
		return value, nil
	}
	// Like the bcrypt of Infrahub, which looks at no more than 72 bytes, but at
	// the least cost: what a sandbox guards is made up, and it starts with
	// several accounts.
	hash, err := bcrypt.GenerateFromPassword([]byte(text[:min(len(text), 72)]), bcrypt.MinCost)
	if err != nil {
		return nil, fmt.Errorf("hash a password: %w", err)
	}
	// 2a and 2b name the same algorithm; Infrahub writes the latter.
	return "$2b$" + strings.TrimPrefix(string(hash), "$2a$"), nil
}

// secret tells whether the values of an attribute must not be shown.
func secret(a *model.Attribute) bool {
	return a.Kind == "Password" || a.Kind == "HashedPassword"
}

// titled makes a label from a name: "first_floor" is "First Floor". Every run of
// letters begins with a capital.
func titled(name string) string {
	var b strings.Builder
	inWord := false
	for _, r := range strings.ReplaceAll(name, "_", " ") {
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
