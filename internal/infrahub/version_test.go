package infrahub

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestVersionsAreCompared(t *testing.T) {
	tests := []struct {
		text string
		want []int // nil: not a version
		is   bool  // at least 1.10
	}{
		{"1.11.9", []int{1, 11, 9}, true},
		{"1.10.0", []int{1, 10, 0}, true},
		{"1.10", []int{1, 10, 0}, true},
		{"1.10.0rc1", []int{1, 10, 0}, true},
		{"1.12.0.dev0+g1234", []int{1, 12, 0}, true},
		{"1.10b2", []int{1, 10, 0}, true},
		{"2.0.1", []int{2, 0, 1}, true},
		{"1.9.12", []int{1, 9, 12}, false},
		{"0.99.0", []int{0, 99, 0}, false},
		{"", nil, false},
		{"unknown", nil, false},
		{"1", nil, false},
		{"99999999999999999999.1", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			v, ok := parseVersion(tt.text)
			if ok != (tt.want != nil) {
				t.Fatalf("it is a version: %t", ok)
			}
			if ok && !cmp.Equal(tt.want, []int{v.Major, v.Minor, v.Patch}) || ok && v.String() != tt.text || v.AtLeast(1, 10) != tt.is {
				t.Errorf("it is %+v, at least 1.10: %t", v, v.AtLeast(1, 10))
			}
		})
	}
}

func TestTheVersionIsAskedForNowAndThen(t *testing.T) {
	var asked atomic.Int32
	body := `{"deployment_id":"x","version":"1.11.9"}`
	u, _ := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/info" || r.Header.Get("X-INFRAHUB-KEY") != markedToken {
			t.Errorf("asked %s with %v", r.URL, r.Header)
		}
		asked.Add(1)
		w.Write([]byte(body))
	}, Settings{})
	clock := time.Now()
	u.now = func() time.Time { return clock }
	together(50, func(int) {
		if v, err := u.Client(someToken).Version(t.Context()); err != nil || v.String() != "1.11.9" {
			t.Errorf("%v %v", v, err)
		}
	})
	if asked.Load() != 1 {
		t.Errorf("it was asked for %d times, want once", asked.Load())
	}
	body = `{"version":"1.12.0"}`
	clock = clock.Add(versionLife - time.Second)
	if v, err := u.Client(someUser).Version(t.Context()); err != nil || v.String() != "1.11.9" {
		t.Errorf("before its time it is %v %v", v, err)
	}
	clock = clock.Add(time.Second)
	if v, err := u.Client(someToken).Version(t.Context()); err != nil || !v.AtLeast(1, 12) {
		t.Errorf("after the upgrade it is %v %v", v, err)
	}
}

func TestAVersionThatCannotBeHadIsAFault(t *testing.T) {
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		kind    Kind
	}{
		"not a version":  {answering(200, jsonType, `{"version":"latest"}`), ServerFault},
		"not JSON":       {answering(200, jsonType, `hello`), ServerFault},
		"a bad token":    {answering(401, jsonType, `{"errors":[{"message":"Invalid token","extensions":{"code":401}}]}`), Unauthenticated},
		"a server error": {answering(500, textType, `Internal Server Error`), ServerFault},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			u, _ := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				tt.handler(w, r)
			}, Settings{})
			for range 2 { // it is not remembered
				_, err := u.Client(someToken).Version(t.Context())
				mustBe(t, err, tt.kind)
			}
			if asked.Load() != 2 {
				t.Errorf("it was asked for %d times, want twice", asked.Load())
			}
		})
	}
}
