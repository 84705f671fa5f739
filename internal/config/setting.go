package config

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Setting describes one setting, as the tags of its field declare it.
type Setting struct {
	Name     string   // environment variable, "" when there is only a flag
	Flag     string   // flag without dashes, "" when there is only a variable
	File     string   // variable that may name a file with the value instead, "" for none
	Group    string   // title of the group it belongs to
	Default  string   // "" when there is none
	Allowed  string   // completes "it must be …": "true or false"
	Values   []string // the allowed words, when they can be listed
	Meaning  string   // one sentence or more
	Empty    string   // what an empty value means, "" when it is as not set
	With     string   // variable of the switch without which it is not read, "" for none
	Required bool
	Secret   bool
	EnvFile  bool // a .env file may supply it

	field reflect.StructField
}

// Settings lists every setting in the order of Config.
func Settings() []*Setting {
	var settings []*Setting
	for group := range reflect.TypeFor[Config]().Fields() {
		if group.Tag.Get("group") == "" {
			continue
		}
		for field := range group.Type.Fields() {
			settings = append(settings, settingOf(field, group.Tag.Get("group")))
		}
	}
	return settings
}

// settingOf reads the tags of a field.
func settingOf(field reflect.StructField, group string) *Setting {
	tag := field.Tag
	file := ""
	if tag.Get("secret") == "true" {
		file = tag.Get("envconfig") + "_FILE"
	}
	return &Setting{
		Name:     tag.Get("envconfig"),
		Flag:     tag.Get("flag"),
		File:     file,
		Group:    group,
		Default:  tag.Get("default"),
		Allowed:  allowed(field),
		Values:   words(field),
		Meaning:  tag.Get("desc"),
		Empty:    tag.Get("empty"),
		With:     tag.Get("with"),
		Required: tag.Get("required") == "true",
		Secret:   tag.Get("secret") == "true",
		EnvFile:  tag.Get("envfile") != "",
		field:    field,
	}
}

// words returns the words in the tag "oneof".
func words(field reflect.StructField) []string {
	if tag := field.Tag.Get("oneof"); tag != "" {
		return strings.Split(tag, ",")
	}
	return nil
}

// allowed says in words what the tags of a field allow.
func allowed(field reflect.StructField) string {
	tag := field.Tag
	if words := words(field); words != nil {
		return "one of " + strings.Join(words, ", ")
	}
	span := " from " + tag.Get("min") + " to " + tag.Get("max")
	switch field.Type {
	case reflect.TypeFor[bool]():
		return "true or false"
	case reflect.TypeFor[time.Duration]():
		if unitOf(field) == time.Millisecond {
			return "a number of milliseconds" + span
		}
		return "a number of seconds" + span
	case reflect.TypeFor[float64]():
		return "a number" + span
	case reflect.TypeFor[int]():
		if unit := tag.Get("unit"); unit != "" {
			return "a whole number of " + unit + span
		}
		return "a whole number" + span
	}
	return formatOf(tag.Get("format")).allowed
}

// check returns a value with its text in normal form, or an advice.
func (s *Setting) check(value reflect.Value) (reflect.Value, error) {
	switch v := value.Interface().(type) {
	case bool:
		return value, nil
	case int:
		return value, s.checkNumber(float64(v))
	case float64:
		return value, s.checkNumber(v)
	case time.Duration:
		return value, s.checkNumber(float64(v) / float64(unitOf(s.field)))
	case []string:
		for _, word := range v {
			if _, err := s.checkText(word); err != nil {
				return value, err
			}
		}
		return value, nil
	}
	text, err := s.checkText(value.String())
	return reflect.ValueOf(text).Convert(value.Type()), err
}

// checkNumber holds a number against the limits of the setting.
func (s *Setting) checkNumber(number float64) error {
	if number >= s.limit("min") && number <= s.limit("max") {
		return nil
	}
	return refused
}

// limit returns the number in a tag. A tag that is no number refuses every
// value, which the test of the defaults notices.
func (s *Setting) limit(tag string) float64 {
	number, err := strconv.ParseFloat(s.field.Tag.Get(tag), 64)
	if err != nil {
		return math.NaN()
	}
	return number
}

// checkText holds a text against the words or the format of the setting.
func (s *Setting) checkText(text string) (string, error) {
	if s.Values != nil {
		return checkWord(strings.ToLower(text), s.Values)
	}
	return formatOf(s.field.Tag.Get("format")).check(text)
}
