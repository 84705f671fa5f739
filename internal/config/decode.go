package config

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// The types below read the text of a setting for envconfig, whose own rules
// are those of Go source text: 0x10 is a number, yes is no boolean and 60 is
// no duration. Each is converted to the type of the setting's field.
type (
	text         string
	verbatim     string
	boolean      bool
	whole        int
	number       float64
	seconds      time.Duration
	milliseconds time.Duration
	list         []string
)

// decoderOf returns the type above that reads the text of a field.
func decoderOf(field reflect.StructField) reflect.Type {
	switch field.Type {
	case reflect.TypeFor[bool]():
		return reflect.TypeFor[boolean]()
	case reflect.TypeFor[int]():
		return reflect.TypeFor[whole]()
	case reflect.TypeFor[float64]():
		return reflect.TypeFor[number]()
	case reflect.TypeFor[[]string]():
		return reflect.TypeFor[list]()
	case reflect.TypeFor[time.Duration]():
		if unitOf(field) == time.Millisecond {
			return reflect.TypeFor[milliseconds]()
		}
		return reflect.TypeFor[seconds]()
	}
	if field.Tag.Get("verbatim") == "true" {
		return reflect.TypeFor[verbatim]()
	}
	return reflect.TypeFor[text]()
}

// unitOf returns what a plain number means for a field that is a duration.
func unitOf(field reflect.StructField) time.Duration {
	if field.Tag.Get("unit") == "ms" {
		return time.Millisecond
	}
	return time.Second
}

// Decode takes a text without the blanks around it.
func (t *text) Decode(value string) error {
	*t = text(strings.TrimSpace(value))
	return nil
}

// Decode takes a text as it is.
func (v *verbatim) Decode(value string) error {
	*v = verbatim(value)
	return nil
}

// Decode takes the words people write for yes and no, in any case.
func (b *boolean) Decode(value string) error {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "true", "1", "yes", "on":
		*b = true
	case "false", "0", "no", "off", "":
		*b = false
	default:
		return refused
	}
	return nil
}

// Decode takes a decimal number without fraction.
func (w *whole) Decode(value string) error {
	n, err := strconv.Atoi(strings.TrimSpace(value))
	if err != nil {
		return refused
	}
	*w = whole(n)
	return nil
}

// Decode takes a decimal number.
func (n *number) Decode(value string) error {
	f, err := decimal(value)
	if err != nil {
		return err
	}
	*n = number(f)
	return nil
}

// Decode takes a number of seconds, or a number with its unit such as 1m30s.
func (s *seconds) Decode(value string) error {
	d, err := duration(value, time.Second)
	*s = seconds(d)
	return err
}

// Decode takes a number of milliseconds, or a number with its unit.
func (m *milliseconds) Decode(value string) error {
	d, err := duration(value, time.Millisecond)
	*m = milliseconds(d)
	return err
}

// Decode takes words separated by commas; the blanks around a word and empty
// words do not count.
func (l *list) Decode(value string) error {
	words := list{}
	for word := range strings.SplitSeq(value, ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	*l = words
	return nil
}

// decimal reads a decimal number. Infinity, NaN and hexadecimal numbers, which
// strconv also reads, are refused.
func decimal(value string) (float64, error) {
	value = strings.TrimSpace(value)
	if strings.Trim(value, "0123456789.+-eE") != "" {
		return 0, refused
	}
	f, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return 0, refused
	}
	return f, nil
}

// duration reads a number of units, or a number with its own unit.
func duration(value string, unit time.Duration) (time.Duration, error) {
	f, err := decimal(value)
	if err != nil {
		d, err := time.ParseDuration(strings.TrimSpace(value))
		if err != nil {
			return 0, refused
		}
		return d, nil
	}
	nanoseconds := math.Round(f * float64(unit))
	if math.Abs(nanoseconds) >= math.MaxInt64 {
		return 0, refused // a time.Duration ends after 292 years
	}
	return time.Duration(nanoseconds), nil
}
