package model

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Check tells whether the attribute can hold a value: one that is of its type
// and that its choices, enum and parameters allow. The value is nil, bool,
// string, int64, float64, []any or map[string]any; nil is not checked, since
// whether a value is needed depends on what is done. The error is a
// *ValueError.
func (a *Attribute) Check(v any) error {
	if v == nil {
		return nil
	}
	if err := a.checkFormat(v); err != nil {
		return err
	}
	return a.checkContent(v)
}

// fault returns the error for a value that is not of the attribute's type.
func (a *Attribute) wrongType(format string, args ...any) error {
	return &ValueError{Attribute: a.Name, Detail: fmt.Sprintf(format, args...), Format: true}
}

// refused returns the error for a value that the attribute does not allow.
func (a *Attribute) refused(format string, args ...any) error {
	return &ValueError{Attribute: a.Name, Detail: fmt.Sprintf(format, args...)}
}

// checkFormat checks the type of a value.
func (a *Attribute) checkFormat(v any) error {
	ok := true
	switch a.Kind {
	case "Any":
	case "Number", "NumberPool", "Bandwidth":
		_, ok = v.(int64)
	case "Boolean", "Checkbox":
		_, ok = v.(bool)
	case "List":
		if _, ok := v.([]any); !ok && !isJSON[[]any](v) {
			return a.wrongType("%s is not a valid JSON list", printed(v))
		}
	case "JSON":
		switch v.(type) {
		case []any, map[string]any:
		default:
			if !isJSON[any](v) {
				return a.wrongType("%s is not valid JSON", printed(v))
			}
		}
	default:
		var text string
		text, ok = v.(string)
		ok = ok && a.wellFormed(text)
	}
	if !ok {
		return a.wrongType("%s is not a valid %s", printed(v), a.Kind)
	}
	return nil
}

// isJSON tells whether a value is the text of a JSON value of type T.
func isJSON[T any](v any) bool {
	text, ok := v.(string)
	var decoded T
	return ok && json.Unmarshal([]byte(text), &decoded) == nil
}

// wellFormed tells whether a text is of the form that the kind of the
// attribute asks for. Infrahub asks for none of an Email or a Color.
func (a *Attribute) wellFormed(text string) bool {
	switch a.Kind {
	case "DateTime":
		return text == "" && a.Optional || isTime(text)
	case "URL":
		return isURL(text)
	case "IPAddress":
		_, err := netip.ParseAddr(text)
		return err == nil
	case "IPHost":
		_, err := parsePrefix(text)
		return err == nil
	case "IPNetwork":
		prefix, err := parsePrefix(text)
		return err == nil && prefix == prefix.Masked()
	case "MacAddress":
		_, err := net.ParseMAC(text)
		return err == nil || isBareMAC(text)
	}
	return true
}

// parsePrefix reads an address with or without the length of its prefix.
func parsePrefix(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		return netip.ParsePrefix(text)
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(address, address.BitLen()), nil
}

// isBareMAC tells whether a text is an address of 48 or 64 bits without
// separators.
func isBareMAC(text string) bool {
	if len(text) != 12 && len(text) != 16 {
		return false
	}
	_, err := strconv.ParseUint(text, 16, 64)
	return err == nil
}

// isTime tells whether a text is a point of time in a form of ISO 8601.
func isTime(text string) bool {
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
		"2006-01-02 15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", time.DateOnly,
	} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}

// isURL tells whether a text is a URL with scheme and host, or a path.
func isURL(text string) bool {
	if !strings.Contains(text, "://") {
		return strings.HasPrefix(text, "/")
	}
	u, err := url.Parse(text)
	return err == nil && u.Scheme != "" && u.Host != ""
}

// maxText is the length in bytes up to which a text can be kept, but for the
// kinds that are made for long ones.
const maxText = 4096 - 3

// checkContent checks a value of the right type.
func (a *Attribute) checkContent(v any) error {
	if text, ok := v.(string); ok && len(text) >= maxText && a.Kind != "TextArea" && a.Kind != "JSON" && a.Kind != "List" {
		return a.refused("Text attribute length should be less than %d characters.", maxText+3)
	}
	if err := a.checkPattern(v); err != nil {
		return err
	}
	if length, ok := lengthOf(v); ok {
		if low := a.Parameters.MinLength; low != nil && *low != 0 && length < *low {
			return a.refused("%s must have a minimum length of %d", printed(v), *low)
		}
		if high := a.Parameters.MaxLength; high != nil && *high != 0 && length > *high {
			return a.refused("%s must have a maximum length of %d", printed(v), *high)
		}
	}
	if number, ok := v.(int64); ok && a.Kind == "Number" {
		if err := a.checkRange(number); err != nil {
			return err
		}
	}
	if len(a.Enum) > 0 && !slices.ContainsFunc(a.Enum, func(allowed any) bool { return reflect.DeepEqual(allowed, v) }) {
		return a.refused("%s must be one of %s", printed(v), written(a.Enum))
	}
	if text, ok := v.(string); ok && a.Kind == "Dropdown" && a.Choice(text) == nil {
		names := make([]string, len(a.Choices))
		for i, c := range a.Choices {
			names[i] = c.Name
		}
		slices.Sort(names)
		return a.refused("%s must be one of %s", text, quote(strings.Join(names, ", ")))
	}
	return nil
}

// lengthOf returns the number of characters of a text, or of elements of a list.
func lengthOf(v any) (length int64, ok bool) {
	switch v := v.(type) {
	case string:
		return int64(utf8.RuneCountInString(v)), true
	case []any:
		return int64(len(v)), true
	}
	return 0, false
}

// checkPattern checks a text, or the elements of a list, against the regular
// expression of the attribute.
func (a *Attribute) checkPattern(v any) error {
	if a.Parameters.Regex == nil || *a.Parameters.Regex == "" {
		return nil
	}
	regex := *a.Parameters.Regex
	pattern := a.pattern
	if pattern == nil {
		var invalid bool
		if pattern, invalid = compile(regex); invalid {
			return a.refused("The regex defined in the schema is not valid (%s)", quote(regex))
		}
		if pattern == nil {
			return nil
		}
	}
	values, ok := v.([]any)
	if !ok {
		values = []any{v}
	}
	for _, element := range values {
		if text := printed(element); !pattern.MatchString(text) {
			return a.refused("%s must conform with the regex: %s", text, quote(regex))
		}
	}
	return nil
}

// compile reads a Python regular expression. The expression is nil when it is
// invalid, and when it uses what Go's expressions lack (looking ahead and
// behind, back references): what cannot be checked is allowed.
func compile(regex string) (pattern *regexp.Regexp, invalid bool) {
	translated := strings.ReplaceAll(regex, `\Z`, `\z`)
	pattern, err := regexp.Compile(`\A(?:` + translated + `)`)
	if err == nil {
		return pattern, false
	}
	for _, construct := range []string{"(?=", "(?!", "(?<", "(?P=", `\1`, `\2`, `\3`, "(?("} {
		if strings.Contains(regex, construct) {
			return nil, false
		}
	}
	return nil, true
}

// checkRange checks a number against the bounds of the attribute.
func (a *Attribute) checkRange(n int64) error {
	p := &a.Parameters
	if p.MinValue != nil && n < *p.MinValue {
		return a.refused("%d is lower than the minimum allowed value %d", n, *p.MinValue)
	}
	if p.MaxValue != nil && n > *p.MaxValue {
		return a.refused("%d is higher than the maximum allowed value %d", n, *p.MaxValue)
	}
	if p.ExcludedValues == nil {
		return nil
	}
	singles, ranges := excludedValues(*p.ExcludedValues)
	if slices.Contains(singles, n) {
		return a.refused("%d is in the excluded values", n)
	}
	for _, r := range ranges {
		if r.first <= n && n <= r.last {
			return a.refused("%d is in an the excluded range %d-%d", n, r.first, r.last)
		}
	}
	return nil
}

// numberRange is the numbers from first to last.
type numberRange struct{ first, last int64 }

// excludedValues reads a list of numbers and ranges: "100,150-200".
func excludedValues(list string) (singles []int64, ranges []numberRange) {
	for entry := range strings.SplitSeq(list, ",") {
		low, high, isRange := strings.Cut(entry, "-")
		first, err := strconv.ParseInt(low, 10, 64)
		if err != nil {
			continue
		}
		if !isRange {
			singles = append(singles, first)
			continue
		}
		if last, err := strconv.ParseInt(high, 10, 64); err == nil {
			ranges = append(ranges, numberRange{first, last})
		}
	}
	return singles, ranges
}

// properties returns what of a value a path can name, sorted.
func (a *Attribute) properties() []string {
	switch a.Kind {
	case "Dropdown":
		return []string{"color", "description", "label", "value"}
	case "IPNetwork":
		return []string{
			"binary_address", "broadcast_address", "hostmask", "netmask", "num_addresses", "prefixlen", "value",
			"version", "with_hostmask", "with_netmask",
		}
	case "IPHost":
		return []string{
			"binary_address", "hostmask", "ip", "netmask", "prefixlen", "value", "version", "with_hostmask",
			"with_netmask",
		}
	case "IPAddress":
		return []string{"binary_address", "value", "version"}
	case "MacAddress":
		return []string{
			"bare", "binary", "dot_notation", "ei", "eui48", "eui64", "oui", "semicolon_notation",
			"split_notation", "value", "version",
		}
	}
	return []string{"value"}
}
