package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// normal returns the one form in which the store holds a JSON value, sharing
// nothing with the value given. Integers stay exact, and apart from numbers
// with a fraction or an exponent: 1 is an int64, 1.0 a float64.
func normal(value any) (any, error) {
	switch v := value.(type) {
	case nil, bool, int64:
		return v, nil
	case string:
		return strings.ToValidUTF8(v, "\ufffd"), nil
	case int:
		return int64(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%w: a number that is not finite", ErrValue)
		}
		if v == 0 {
			return 0.0, nil // minus zero as well
		}
		return v, nil
	case json.Number:
		return normalNumber(v.String())
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			normalized, err := normal(element)
			if err != nil {
				return nil, err
			}
			list[i] = normalized
		}
		return list, nil
	case map[string]any:
		object := make(map[string]any, len(v))
		for key, element := range v {
			normalized, err := normal(element)
			if err != nil {
				return nil, err
			}
			object[strings.ToValidUTF8(key, "\ufffd")] = normalized
		}
		return object, nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("%w: a value of type %T", ErrValue, value)
	}
	return parseJSON(text)
}

func normalNumber(text string) (any, error) {
	if integer, err := strconv.ParseInt(text, 10, 64); err == nil {
		return integer, nil
	}
	if integer, ok := new(big.Int).SetString(text, 10); ok {
		return json.Number(integer.String()), nil
	}
	fraction, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: a number out of range", ErrValue)
	}
	return normal(fraction)
}

// parseJSON reads what appendJSON writes.
func parseJSON(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("%w: a text that is no JSON", ErrValue)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: more than one value", ErrValue)
	}
	return normal(value)
}

// appendJSON writes a normal value so that equal values give equal texts, and
// other values other texts.
func appendJSON(text []byte, value any) []byte {
	switch v := value.(type) {
	case int64:
		return strconv.AppendInt(text, v, 10)
	case float64:
		start := len(text)
		text = strconv.AppendFloat(text, v, 'g', -1, 64)
		if !bytes.ContainsAny(text[start:], ".e") {
			text = append(text, ".0"...)
		}
		return text
	case []any:
		text = append(text, '[')
		for i, element := range v {
			if i > 0 {
				text = append(text, ',')
			}
			text = appendJSON(text, element)
		}
		return append(text, ']')
	case map[string]any:
		text = append(text, '{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				text = append(text, ',')
			}
			text = appendJSON(text, key)
			text = append(text, ':')
			text = appendJSON(text, v[key])
		}
		return append(text, '}')
	default: // nil, bool, string, json.Number: encoding/json cannot fail on them
		written, _ := json.Marshal(v)
		return append(text, written...)
	}
}

// equal reports whether two normal values are the same, type included.
func equal(a, b any) bool {
	switch a.(type) {
	case []any, map[string]any:
		return reflect.DeepEqual(a, b)
	}
	switch b.(type) {
	case []any, map[string]any:
		return false
	}
	return a == b
}

// clone returns a normal value that shares nothing with the one given.
func clone(value any) any {
	switch v := value.(type) {
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = clone(element)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for key, element := range v {
			object[key] = clone(element)
		}
		return object
	}
	return value
}
