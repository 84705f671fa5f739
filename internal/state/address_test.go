package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
)

const marked = "marked-pa55word"

func TestAddresses(t *testing.T) {
	type part struct {
		Network, Addr, Username, Password string
		DB                                int
		TLS                               bool
	}
	for _, test := range []struct {
		address string
		want    part
	}{
		{"redis://redis.example", part{"tcp", "redis.example:6379", "", "", 0, false}},
		{"redis://:" + marked + "@redis.example:6380/3", part{"tcp", "redis.example:6380", "", marked, 3, false}},
		{"rediss://user:a%2Fb%40c%3A@redis.example", part{"tcp", "redis.example:6379", "user", "a/b@c:", 0, true}},
		{"valkey://user:a%2Fb%40c%3A@[::1]:7000/1", part{"tcp", "[::1]:7000", "user", "a/b@c:", 1, false}},
		{"VALKEYS://valkey.example", part{"tcp", "valkey.example:6379", "", "", 0, true}},
		{"unix:///run/redis.sock?db=2", part{"unix", "/run/redis.sock", "", "", 2, false}},
	} {
		t.Run(test.address, func(t *testing.T) {
			c, err := newClient(test.address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			o := c.Options()
			got := part{o.Network, o.Addr, o.Username, o.Password, o.DB, o.TLSConfig != nil}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSentinelsAreAskedForTheMaster(t *testing.T) {
	c, err := newClient("redis://sentinel-1.example:26379/2?master_name=main&addr=sentinel-2.example:26379")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if o := c.Options(); o.Addr != "FailoverClient" || o.DB != 2 {
		t.Errorf("%s, database %d", o.Addr, o.DB)
	}
}

func TestErrorsDoNotHoldThePassword(t *testing.T) {
	server := miniredis.RunT(t)
	server.RequireUserAuth("user", "right")
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for name, address := range map[string]string{
		"another scheme":      "http://user:" + marked + "@redis.example",
		"no scheme":           "user:" + marked + "@redis.example",
		"a bad port":          "redis://redis.example:" + marked,
		"a slash in it":       "redis://user:" + marked + "/x@redis.example:6379/0",
		"a bad escape":        "redis://user:" + marked + "%zz@redis.example",
		"a control character": "redis://user:" + marked + "\n@redis.example",
		"a bad database":      "redis://redis.example/" + marked,
		"an unknown option":   "redis://redis.example?password=" + marked,
		"a bad option":        "redis://redis.example?max_retries=" + marked,
		"a bad sentinel":      "redis://user:" + marked + "@redis.example?master_name=m&db=" + marked,
		"a wrong password":    "redis://user:" + marked + "@" + server.Addr(),
		"nobody there":        "redis://user:" + marked + "@" + closed.Addr().String(),
		"no such socket":      "unix://user:" + marked + "@" + filepath.Join(t.TempDir(), "redis.sock"),
	} {
		t.Run(name, func(t *testing.T) {
			r, err := New(Settings{Address: address, Keys: keys("a"), Logger: slog.New(slog.DiscardHandler)})
			if err == nil {
				defer func() { _ = r.Close() }()
				err = r.Probe(t.Context())
			}
			if err == nil {
				t.Fatal("it works")
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(fmt.Sprintf("%v %+v %#v", e, e, e), "pa55") {
					t.Errorf("%v", e)
				}
			}
		})
	}
}

func TestNothingPrintsThePassword(t *testing.T) {
	server := miniredis.RunT(t)
	server.RequireUserAuth("user", marked)
	var written bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&written, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r, err := New(Settings{Address: "valkey://user:" + marked + "@" + server.Addr(), Keys: [][]byte{[]byte("another-pa55word-of-32-bytes-----")[:32]}, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Probe(t.Context()); err != nil { // with the right password it works
		t.Fatal(err)
	}
	for _, value := range []any{r, []any{r}, map[string]any{"r": r}, struct{ R *Redis }{r}, struct{ r *Redis }{r}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&written, verb+"\n", value)
		}
		_ = json.NewEncoder(&written).Encode(value)
		logger.Info("store", "store", value)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := r.Probe(t.Context()); err != nil {
		fmt.Fprintln(&written, err)
	} else {
		t.Error("it goes on after Close")
	}
	if strings.Contains(written.String(), "pa55") {
		t.Errorf("it is printed:\n%s", written.String())
	}
}

// keys makes a key of each name.
func keys(names ...string) (all [][]byte) {
	for _, name := range names {
		all = append(all, bytes.Repeat([]byte(name), 32))
	}
	return all
}
