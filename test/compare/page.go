package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"text/template"
	"time"
)

// page is what the template of the page sees.
type page struct {
	figures

	Aims                          []aim
	Idle, Loaded                  pair[memory]
	IdleFile                      int64 // bytes of the idle program that are pages of files
	Crowded, Behind               []cell
	Devices, WarmCalls, SlowCalls int
	Version                       string // of the protocol
}

//go:embed page.md.tmpl
var pageTemplate string

// write writes the page of the documentation.
func write(f figures) ([]byte, error) {
	parsed, err := template.New("page").Option("missingkey=error").Funcs(template.FuncMap{
		"ms": milliseconds, "seconds": seconds, "bytes": megabytes, "count": count, "ratio": ratio, "aimed": aimed,
	}).Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("reading the template of the page: %w", err)
	}
	p := page{
		figures: f, Aims: aims(f), Behind: f.behind(), Idle: f.idle(), Loaded: f.Memory[len(f.Memory)-1].pair,
		Devices: devices, WarmCalls: warmCalls, SlowCalls: slowCalls, Version: version,
	}
	p.IdleFile = p.Idle.Ours.Resident - p.Idle.Ours.Private
	for _, c := range f.Cells {
		if c.Clients == mostClients {
			p.Crowded = append(p.Crowded, c)
		}
	}
	var text bytes.Buffer
	if err := parsed.Execute(&text, p); err != nil {
		return nil, fmt.Errorf("writing the page: %w", err)
	}
	return text.Bytes(), nil
}

// significant writes a number with two significant digits at least, and never
// more than are known before the point.
func significant(value float64) string {
	switch {
	case value >= 10 || value == 0:
		return grouped(int64(math.Round(value)))
	case value >= 1:
		return strconv.FormatFloat(value, 'f', 1, 64)
	default:
		return strconv.FormatFloat(value, 'g', 2, 64)
	}
}

// grouped writes an integer with commas.
func grouped(value int64) string {
	text := strconv.FormatInt(value, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func milliseconds(d time.Duration) string { return significant(d.Seconds() * 1000) }

func seconds(d time.Duration) string { return significant(d.Seconds()) }

func megabytes(n int64) string { return significant(float64(n)/(1<<20)) + " MiB" }

// number is whatever is compared or written.
type number interface {
	int | int64 | float64 | time.Duration
}

func count(value any) (string, error) {
	f, err := float(value)
	return significant(f), err
}

// ratio writes how many times as much the first is.
func ratio(much, little any) (string, error) {
	a, err := float(much)
	if err != nil {
		return "", err
	}
	b, err := float(little)
	if err != nil {
		return "", err
	}
	return times(a, b), nil
}

// times writes how many times as much the first is, rounded down, for nobody shall
// be promised too much.
func times[T number](much, little T) string {
	if little == 0 {
		return "–"
	}
	quotient := float64(much) / float64(little)
	if quotient >= 10 {
		return grouped(int64(quotient)) + " ×"
	}
	return strconv.FormatFloat(math.Floor(quotient*10)/10, 'f', 1, 64) + " ×"
}

func float(value any) (float64, error) {
	switch v := value.(type) {
	case int:
		return float64(v), nil
	case int64:
		return float64(v), nil
	case float64:
		return v, nil
	case time.Duration:
		return float64(v), nil
	default:
		return 0, fmt.Errorf("no number: %v", value)
	}
}
