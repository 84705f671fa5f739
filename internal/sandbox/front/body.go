package front

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"infrahub-mcp/internal/sandbox/model"
)

// readAll reads the body of a request, up to maxBody.
func readAll(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		w.Header().Set("Connection", "close")
		return nil, &detail{http.StatusRequestEntityTooLarge, tooLarge.Error()}
	}
	if err != nil {
		return nil, &detail{http.StatusBadRequest, "There was an error parsing the body"}
	}
	return raw, nil
}

// decodeBody reads a body as far as its media type tells how: JSON as what it
// holds, everything else as a text. The error is a *model.FormatError.
func decodeBody(r *http.Request, raw []byte) (any, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	if !isJSON(r.Header.Get("Content-Type")) {
		return string(raw), nil
	}
	value, fault := decodeJSON(raw)
	if fault != nil {
		return nil, &model.FormatError{Details: []model.Detail{{
			Type: "json_invalid", Loc: []any{"body", fault.at}, Msg: "JSON decode error",
			Input: map[string]any{}, Ctx: map[string]any{"error": fault.reason},
		}}}
	}
	return value, nil
}

// isJSON tells whether a body of a type is JSON. One of no type is taken for it.
func isJSON(contentType string) bool {
	media, _, _ := mime.ParseMediaType(contentType)
	return contentType == "" || media == "application/json" || strings.HasSuffix(media, "+json")
}

// jsonFault says why a text is no JSON, in the words of Python, and at which
// character.
type jsonFault struct {
	reason string
	at     int
}

func decodeJSON(text []byte) (any, *jsonFault) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if json.Valid(text) && decoder.Decode(&value) == nil {
		return value, nil
	}
	return nil, jsonFaultOf(text)
}

func jsonFaultOf(text []byte) *jsonFault {
	var nothing any
	err := json.Unmarshal(text, &nothing)
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if ok && int(syntax.Offset) >= len(text) && strings.HasPrefix(syntax.Error(), "unexpected end") {
		// What was expected at the end shows when something else comes there.
		text = append(bytes.Clone(text), 0)
		err = json.Unmarshal(text, &nothing)
		if syntax, ok = errors.AsType[*json.SyntaxError](err); ok && strings.Contains(syntax.Error(), "in string") {
			return &jsonFault{"Unterminated string starting at", characters(text[:lastQuote(text)])}
		}
	}
	if !ok {
		return &jsonFault{"Expecting value", 0}
	}
	reason := "Expecting value"
	for part, words := range map[string]string{
		"looking for beginning of object key string": "Expecting property name enclosed in double quotes",
		"after object key:value pair":                "Expecting ',' delimiter",
		"after array element":                        "Expecting ',' delimiter",
		"after top-level value":                      "Extra data",
		"in string literal":                          "Invalid control character at",
		"in string escape code":                      `Invalid \escape`,
		`in \u hexadecimal character escape`:         `Invalid \uXXXX escape`,
	} {
		if strings.Contains(syntax.Error(), part) {
			reason = words
		}
	}
	if strings.HasSuffix(syntax.Error(), "after object key") {
		reason = "Expecting ':' delimiter"
	}
	at := max(0, min(int(syntax.Offset)-1, len(text)))
	return &jsonFault{reason, characters(text[:at])}
}

func characters(text []byte) int { return utf8.RuneCount(text) }

// lastQuote finds the quote that opens the string in which a text ends.
func lastQuote(text []byte) int {
	for i, char := range slices.Backward(text) {
		if char != '"' {
			continue
		}
		escapes := 0
		for i-escapes > 0 && text[i-escapes-1] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
	return 0
}

// form checks the members of a body as Infrahub does and gathers what is wrong.
type form struct {
	object map[string]any
	faults []model.Detail
}

// formOf starts with the body itself. A body that may be left out is empty then.
func formOf(c *call, needed bool) *form {
	object, ok := c.body.(map[string]any)
	f := &form{object: object}
	switch {
	case ok || c.body == nil && !needed:
	case c.body == nil:
		f.add("missing", []any{"body"}, "Field required", nil)
	default:
		f.add("model_attributes_type", []any{"body"}, "Input should be a valid dictionary or object to extract fields from", c.body)
	}
	return f
}

// text returns a member that has to be there and a text.
func (f *form) text(name string) string {
	if f.object == nil {
		return ""
	}
	value, ok := f.object[name]
	if !ok {
		f.add("missing", []any{"body", name}, "Field required", f.object)
		return ""
	}
	text, ok := value.(string)
	if !ok {
		f.add("string_type", []any{"body", name}, "Input should be a valid string", value)
	}
	return text
}

// dictionary returns a member that has to be an object if it is there.
func (f *form) dictionary(name string) map[string]any {
	value, ok := f.object[name]
	if !ok {
		return nil
	}
	object, ok := value.(map[string]any)
	if !ok {
		f.add("dict_type", []any{"body", name}, "Input should be a valid dictionary", value)
	}
	return object
}

func (f *form) add(sort string, at []any, message string, input any) {
	f.faults = append(f.faults, model.Detail{Type: sort, Loc: at, Msg: message, Input: input})
}

// err is nil, or a *model.FormatError with all that is wrong.
func (f *form) err() error {
	if len(f.faults) == 0 {
		return nil
	}
	return &model.FormatError{Details: f.faults}
}
