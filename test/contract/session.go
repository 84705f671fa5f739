package contract

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// session is one run: it sends requests and keeps what they share.
type session struct {
	target     Target
	client     *http.Client
	values     map[string]string // of variables
	normalizer *normalizer
}

const (
	// usualPatience is that of a Target that states none.
	usualPatience = 4 * time.Minute
	// pause lies between two looks at what is done in the background.
	pause = 500 * time.Millisecond
	// atOnce is how many requests of an independent group are under way.
	atOnce = 4
)

func newSession(target Target) *session {
	random := make([]byte, 4)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	run := hex.EncodeToString(random)
	target.Patience = cmp.Or(target.Patience, usualPatience)
	return &session{
		target: target,
		client: newClient(),
		values: map[string]string{
			"run": run,
			// The branches that the suite makes, and one that there never is.
			"work":     "contract-" + run + "-work",
			"merge":    "contract/" + run + "/merge",
			"conflict": "contract-" + run + "-conflict",
			"nowhere":  "contract-nowhere",
			// Credentials.
			"admin-token":    target.AdminToken.Reveal(),
			"admin-password": target.AdminPassword.Reveal(),
			"expired":        target.ExpiredToken.Reveal(),
		},
		normalizer: newNormalizer(run),
	}
}

// play sends the requests of a group, and makes their answers comparable in
// their order.
func (s *session) play(ctx context.Context, g group) []outcome {
	outcomes := make([]outcome, len(g.requests))
	if !g.independent {
		for i, r := range g.requests {
			outcomes[i] = s.settle(g.name, s.fetch(ctx, r))
		}
		return outcomes
	}
	all := make([]fetched, len(g.requests))
	var several errgroup.Group
	several.SetLimit(atOnce)
	for i, r := range g.requests {
		several.Go(func() error {
			all[i] = s.fetch(ctx, r)
			return nil
		})
	}
	_ = several.Wait() // errors are among what was fetched
	for i, f := range all {
		outcomes[i] = s.settle(g.name, f)
	}
	return outcomes
}

// fetched is what came of sending a request.
type fetched struct {
	request request
	answer  answer
	err     error
	took    time.Duration
}

// fetch sends a request, repeatedly if it waits for something.
func (s *session) fetch(ctx context.Context, r request) fetched {
	ctx, cancel := context.WithTimeout(ctx, s.target.Patience)
	defer cancel()
	began := time.Now()
	a, err := s.send(ctx, r)
	for err == nil && r.until != nil && !r.until.reached(a.body) {
		if problems, missing := find(a.body, path{"errors"}); missing == nil {
			err = fmt.Errorf("waiting for %s: %s", r.until.path, excerpt(s.normalizer.mask(problems)))
		} else if err = wait(ctx, pause); err != nil {
			err = fmt.Errorf("waiting until %s is %q: %w", r.until.path, r.until.value, err)
		} else {
			a, err = s.send(ctx, r)
		}
	}
	return fetched{request: r, answer: a, err: err, took: time.Since(began)}
}

// wait lets time pass.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// settle captures from an answer what later requests need, and makes the rest
// comparable.
func (s *session) settle(group string, f fetched) outcome {
	o := outcome{request: f.request, took: f.took, err: f.err}
	if o.err != nil {
		return o
	}
	for _, k := range f.request.keys {
		if f.answer.body, o.err = k.apply(f.answer.body); o.err != nil {
			o.err = fmt.Errorf("%w in %s", o.err, excerpt(s.normalizer.mask(f.answer.body)))
			return o
		}
	}
	if o.err = s.capture(f.request, f.answer.body); o.err != nil {
		return o
	}
	o.answer, o.err = s.comparable(group+": "+f.request.name, f.request, f.answer)
	return o
}

// capture takes the variables of a request from its answer.
func (s *session) capture(r request, body any) error {
	for _, name := range slices.Sorted(maps.Keys(r.capture)) {
		x := expander{values: s.values}
		value, err := find(body, parsePath(x.expandString(r.capture[name])))
		if err := errors.Join(x.err, err); err != nil {
			return fmt.Errorf("capturing %s: %w in %s", name, err, excerpt(s.normalizer.mask(body)))
		}
		captured, ok := value.(string)
		if !ok {
			return fmt.Errorf("capturing %s: %s is no text", name, excerpt(s.normalizer.mask(value)))
		}
		s.values[name] = captured
		s.normalizer.capture(captured, name)
	}
	return nil
}

// comparable makes a recording of an answer.
func (s *session) comparable(home string, r request, a answer) (recording, error) {
	body, err := r.arrange(a.body)
	if err != nil {
		return recording{}, fmt.Errorf("%w in %s", err, excerpt(s.normalizer.mask(a.body)))
	}
	digest, err := r.digest()
	if err != nil {
		return recording{}, err
	}
	header := newObject()
	for _, name := range append([]string{"Content-Type"}, r.header...) {
		values := []any{}
		for _, value := range a.header.Values(name) {
			values = append(values, s.normalizer.normalize(home, value, nil))
		}
		header.set(name, values)
	}
	return recording{
		Name:    r.name,
		Request: r.line(),
		Sent:    digest,
		Status:  a.status,
		Header:  header,
		Body:    s.normalizer.normalize(home, body, parsePaths(r.unordered)),
	}, nil
}
