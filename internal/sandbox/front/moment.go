package front

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"infrahub-mcp/internal/sandbox/fault"
)

// parseMoment reads the parameter at: a time in ISO 8601, without a zone in UTC;
// a day, which is its noon in UTC; or how long ago it was, in hours, minutes and
// seconds: "1h30m". The error is the one that Infrahub answers.
func parseMoment(text string, now time.Time) (time.Time, error) {
	if at, ok := parseISO(text); ok {
		return at, nil
	}
	if ago, ok := parseAgo(text); ok {
		return now.Add(-ago), nil
	}
	return time.Time{}, fault.New(http.StatusBadRequest, "Invalid time format for %s", text)
}

// The forms of ISO 8601 that Infrahub reads. Fractions of seconds go without
// saying.
const (
	day, shortDay = "2006-01-02", "20060102"
	noon          = 12 * time.Hour
)

func parseISO(text string) (time.Time, bool) {
	for _, layout := range []string{day, shortDay} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.Add(noon), true
		}
	}
	date, clock, ok := cutAny(strings.ToUpper(text), "T ")
	if !ok {
		return time.Time{}, false
	}
	for _, zone := range []string{"", "Z07:00", "Z0700", "Z07"} {
		for _, layout := range []string{"15:04:05", "15:04", "15", "150405", "1504"} {
			for _, dayLayout := range []string{day, shortDay} {
				if at, err := time.Parse(dayLayout+"T"+layout+zone, date+"T"+clock); err == nil {
					return at.Truncate(time.Microsecond), true
				}
			}
		}
	}
	return time.Time{}, false
}

// cutAny cuts a text around the first of some characters.
func cutAny(text, chars string) (before, after string, ok bool) {
	i := strings.IndexAny(text, chars)
	if i < 0 {
		return "", "", false
	}
	return text[:i], text[i+1:], true
}

// parseAgo finds hours, minutes and seconds anywhere in a text, which is all
// that Infrahub asks for: "-10s" is ten seconds ago too, and "1.5s" five.
func parseAgo(text string) (time.Duration, bool) {
	const longest = 100 * 365 * 24 * time.Hour
	var ago time.Duration
	found := false
	for unit, length := range map[string]time.Duration{"h": time.Hour, "m": time.Minute, "s": time.Second} {
		match := regexp.MustCompile(`(\d+)` + unit).FindStringSubmatch(text)
		if match == nil {
			continue
		}
		n, err := strconv.ParseInt(match[1], 10, 64)
		if err != nil || n > int64(longest/length) {
			return 0, false
		}
		ago, found = ago+time.Duration(n)*length, true
	}
	return ago, found
}
