package tool

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"infrahub-mcp/internal/problem"
)

var ago = regexp.MustCompile(`^-?(\d{1,9})\s*([smhdw])( ago)?$`)

// moment checks a time to read at and writes it as Infrahub takes it. Infrahub
// knows seconds, minutes and hours ago; days and weeks become hours here. A
// date alone, which Infrahub takes for noon, is made the end of that day in
// UTC, which is what people mean by "as of".
func moment(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", nil
	}
	if parts := ago.FindStringSubmatch(strings.ToLower(text)); parts != nil {
		number, err := strconv.Atoi(parts[1])
		if err != nil {
			return "", badMoment(text)
		}
		switch parts[2] {
		case "d":
			return fmt.Sprintf("%dh", 24*number), nil
		case "w":
			return fmt.Sprintf("%dh", 7*24*number), nil
		}
		return parts[1] + parts[2], nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.Add(24*time.Hour - time.Second).Format(time.RFC3339), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC().Format(time.RFC3339Nano), nil
		}
	}
	return "", badMoment(text)
}

func badMoment(text string) error {
	return problem.New(fmt.Sprintf("%q is no time that can be read at.", problem.Excerpt(text, 40)),
		"Use ISO 8601 such as 2026-01-31T12:00:00Z, or a time ago such as 30m, 2h or 3d.")
}
