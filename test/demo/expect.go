package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// expectation says what is wrong with an answer, nil for nothing.
type expectation func(answer) error

// answer is what a tool gave back.
type answer struct {
	text    string
	data    any // the structured content, as encoding/json decodes it
	refused bool
}

// is expects a value at a path such as nodes.0.name.
func is(path string, want any) expectation {
	return func(a answer) error {
		got, err := at(a.data, path)
		if err != nil {
			return err
		}
		if g, w := encoded(got), encoded(want); g != w {
			return fmt.Errorf("%s is %s, not %s", path, g, w)
		}
		return nil
	}
}

// like expects text of a form at a path.
func like(path, pattern string) expectation {
	form := regexp.MustCompile(pattern)
	return func(a answer) error {
		got, err := at(a.data, path)
		if err != nil {
			return err
		}
		if text, ok := got.(string); !ok || !form.MatchString(text) {
			return fmt.Errorf("%s is %s, which is not of the form %s", path, encoded(got), pattern)
		}
		return nil
	}
}

// says expects words in the text of the answer.
func says(words string) expectation {
	return func(a answer) error {
		if !strings.Contains(a.text, words) {
			return fmt.Errorf("the answer does not say %q", words)
		}
		return nil
	}
}

// check returns the first thing that is wrong with the answer to a step.
func (s step) check(a answer) error {
	if a.refused != s.refused {
		if a.refused {
			return fmt.Errorf("refused: %s", a.text)
		}
		return fmt.Errorf("not refused")
	}
	for _, expectation := range s.want {
		if err := expectation(a); err != nil {
			return err
		}
	}
	return nil
}

// at returns the value at a path of keys and indexes.
func at(data any, path string) (any, error) {
	for key := range strings.SplitSeq(path, ".") {
		found := false
		switch value := data.(type) {
		case map[string]any:
			data, found = value[key]
		case []any:
			if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(value) {
				data, found = value[i], true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no %s", path)
		}
	}
	return data, nil
}

// encoded is a value as JSON, with which numbers of all types compare.
func encoded(value any) string {
	raw, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
