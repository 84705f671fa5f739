package infrahub

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Version is the version of a server, such as 1.11.9.
type Version struct {
	Major, Minor, Patch int
	text                string
}

// AtLeast reports whether the version is major.minor or later. A release
// candidate of 1.10 counts as 1.10.
func (v Version) AtLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}

// String is the version as the server writes it.
func (v Version) String() string { return v.text }

// versionLife is how long a version is believed: a server that is upgraded
// restarts, which nobody notices here.
const versionLife = 5 * time.Minute

// versions remembers the version of the server.
type versions struct {
	flights singleflight.Group

	mu    sync.Mutex
	known Version
	until time.Time
}

// Version returns the version of the server (Infrahub REST, GET /api/info). It
// is asked for at most every few minutes, once for all callers that come at
// the same time with the same credential. A success is no check of the
// credential: what another caller was told is told again.
func (c *Client) Version(ctx context.Context) (Version, error) {
	u, v := c.upstream, c.upstream.versions
	if known, ok := v.get(u.now()); ok {
		return known, nil
	}
	flight := v.flights.DoChan(c.key, func() (any, error) {
		if known, ok := v.get(u.now()); ok {
			return known, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sharedLimit)
		defer cancel()
		asked, err := c.askVersion(ctx)
		if err != nil {
			return Version{}, err
		}
		v.set(asked, u.now().Add(versionLife))
		return asked, nil
	})
	select {
	case <-ctx.Done():
		return Version{}, gaveUp(ctx)
	case result := <-flight:
		version, _ := result.Val.(Version)
		return version, result.Err
	}
}

// askVersion asks the server.
func (c *Client) askVersion(ctx context.Context) (Version, error) {
	body, err := c.Shared().REST(ctx, "/api/info", nil)
	if err != nil {
		return Version{}, fmt.Errorf("asking Infrahub for its version: %w", err)
	}
	var info struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal(body, &info); err == nil {
		if version, ok := parseVersion(info.Version); ok {
			return version, nil
		}
	}
	return Version{}, &Error{Kind: ServerFault, Message: "The server at the Infrahub address does not say its version; check that INFRAHUB_ADDRESS is the address of Infrahub."}
}

// get returns the version if it is known and still believed.
func (v *versions) get(now time.Time) (Version, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.known, now.Before(v.until)
}

// set remembers the version.
func (v *versions) set(known Version, until time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known, v.until = known, until
}

// versionNumbers matches two or three numbers and whatever follows them.
var versionNumbers = regexp.MustCompile(`^v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?(?:[^\d.].*|\..*)?$`)

// parseVersion reads the numbers at the beginning of a version of Python
// packages (PEP 440), such as "1.11.9" or "1.12.0rc1".
func parseVersion(text string) (Version, bool) {
	match := versionNumbers.FindStringSubmatch(text)
	if match == nil {
		return Version{}, false
	}
	var numbers [3]int
	for i, digits := range match[1:] {
		numbers[i], _ = strconv.Atoi(digits) // digits or empty, which is 0
	}
	return Version{Major: numbers[0], Minor: numbers[1], Patch: numbers[2], text: clean(text)}, true
}
