package model

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Error says why a model cannot be changed as a document asks, in the sentence
// that Infrahub answers. Over REST it is status 422 with the error envelope.
type Error struct {
	Message string
}

// Error implements error.
func (e *Error) Error() string {
	return e.Message
}

// refuse returns an *Error.
func refuse(format string, args ...any) error {
	return &Error{Message: fmt.Sprintf(format, args...)}
}

// unknownKind returns the error for a kind that does not exist.
func unknownKind(name string) error {
	return refuse("Unable to find the schema %s in the registry", quote(name))
}

// FormatError says what of a document is not in the schema format. Over REST it
// is status 422 and encodes as the body of the answer: {"detail": […]}.
type FormatError struct {
	Details []Detail `json:"detail"`
}

// Detail is one fault of a document.
type Detail struct {
	// Type is "value_error" for faults within a document, and others such as
	// "missing" and "json_invalid" for those around it.
	Type string `json:"type"`
	// Loc leads to the fault: names of members and indices of lists. The
	// attributes of a kind have the name of their own kind behind the index.
	Loc []any  `json:"loc"`
	Msg string `json:"msg"`
	// Input is the value at fault; for a missing one, what it is missing in.
	Input any            `json:"input"`
	Ctx   map[string]any `json:"ctx,omitempty"`
}

// Error lists the faults, each with where it is: "nodes[0].name: …".
func (e *FormatError) Error() string {
	faults := make([]string, len(e.Details))
	for i, detail := range e.Details {
		faults[i] = detail.where() + detail.Msg
	}
	return strings.Join(faults, "; ")
}

func (d *Detail) where() string {
	if len(d.Loc) == 0 {
		return ""
	}
	var b strings.Builder
	for _, step := range d.Loc {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			fmt.Fprint(&b, step)
		}
	}
	return b.String() + ": "
}

// ValueError says why an attribute cannot hold a value. Its text is what
// Infrahub answers: "<detail> at <attribute>".
type ValueError struct {
	Attribute string
	Detail    string
	// Format is true when the value is not of the attribute's type at all,
	// false when it is one that the attribute does not allow.
	Format bool
}

// Error implements error.
func (e *ValueError) Error() string {
	return e.Detail + " at " + e.Attribute
}

// asError turns the error of a value into one of a model.
func asError(prefix string, err error) error {
	if fault, ok := errors.AsType[*ValueError](err); ok {
		return refuse("%s%s", prefix, fault.Error())
	}
	return err
}

// Infrahub puts values into its sentences as Python writes them. The following
// functions do the same.

// quote returns a text as Python writes it: in single quotes, or in double
// ones when it holds single ones alone.
func quote(text string) string {
	if !strings.ContainsAny(text, "'\\\n\r\t") {
		return "'" + text + "'"
	}
	mark := `'`
	if strings.Contains(text, `'`) && !strings.Contains(text, `"`) {
		mark = `"`
	}
	text = strings.NewReplacer(`\`, `\\`, mark, `\`+mark, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(text)
	return mark + text + mark
}

// quoteAll returns a list of texts as Python writes it.
func quoteAll(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = quote(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// written returns any value as Python writes it within another one.
func written(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = written(v[i])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return printed(v)
}

// printed returns any value as Python prints it on its own.
func printed(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(text, ".eE") {
			text += ".0"
		}
		return text
	case []any:
		return written(v)
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, key := range sortedKeys(v) {
			parts = append(parts, quote(key)+": "+written(v[key]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}
