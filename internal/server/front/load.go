package front

import (
	"net/http"
	"sync"
	"time"

	"infrahub-mcp/internal/telemetry"
)

// Load bounds the requests that are worked on, so that those that are let in are
// answered in steady time and the others at once, instead of all of them late. It
// is no middleware, since a body says what a request is: streams that wait for
// news and the answers of users must not be kept out. It is safe for concurrent
// use.
type Load struct {
	most    int
	metrics *telemetry.Metrics

	mu     sync.Mutex
	now    int
	byUser map[string]int // no more entries than requests
}

// loadRetry is when who was refused may come again. Most calls take less.
const loadRetry = 2 * time.Second

// NewLoad returns a bound of requests at a time, with none in progress; 0 is no
// limit. Refusals are counted in the metrics, which may be nil.
func NewLoad(most int, metrics *telemetry.Metrics) *Load {
	return &Load{most: most, metrics: metrics, byUser: map[string]int{}}
}

// Enter counts a request of a user, until leave is called. If there are too many
// it returns the status of its refusal, 503, or 429 to one user who has half of
// them, and when to come again. Users without a name share the total only.
func (l *Load) Enter(user string) (leave func(), status int, wait time.Duration) {
	if l.most == 0 {
		return func() {}, 0, 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.now >= l.most:
		status = http.StatusServiceUnavailable
	case user != "" && l.byUser[user] >= (l.most+1)/2:
		status = http.StatusTooManyRequests
	}
	if status != 0 {
		l.metrics.PutOff(telemetry.RequestLimit)
		return nil, status, loadRetry
	}
	l.now++
	if user != "" {
		l.byUser[user]++
	}
	return func() { l.leave(user) }, 0, 0
}

func (l *Load) leave(user string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now--
	if user == "" {
		return
	}
	if l.byUser[user]--; l.byUser[user] == 0 {
		delete(l.byUser, user)
	}
}
