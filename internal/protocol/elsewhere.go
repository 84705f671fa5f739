package protocol

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"
)

// passed is a part of a stream that one replica passes on to another. The first one
// says that there is such a stream, the last one that it has ended.
type passed struct {
	Number  int             `json:"number,omitempty"` // of the event, from 1
	Message json.RawMessage `json:"message,omitempty"`
	Ended   bool            `json:"ended,omitempty"`
}

const (
	// findTime is how long a stream is looked for at other replicas.
	findTime = 2 * time.Second
	// passRoom is how many events may wait at the replica that they are passed to.
	passRoom = 100
	// passAlive is how often the replica that passes events on says that it is there,
	// and passSilence how long the other one waits for that.
	passAlive   = 10 * time.Second
	passSilence = 30 * time.Second
)

// elsewhere asks the other replicas for the stream that an event was on. ok is
// false if none of them has it. Else the events that the client has not got come
// through parts until it is closed; what is closed without a part that says so has
// not ended, and the client may come again. ctx must end when nothing more is wanted.
func (r *replicas) elsewhere(ctx context.Context, session, event string) (parts <-chan passed, ok bool) {
	if r == nil || session == "" || event == "" {
		return nil, false
	}
	to := "stream:" + rand.Text()
	all := make(chan passed, passRoom)
	go func() {
		defer close(all)
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		ask := func() { r.tell(ctx, told{About: aResumption, Session: session, ID: event, To: to}) }
		r.shared.Subscribe(ctx, to, ask, func(raw []byte) {
			var one passed
			if json.Unmarshal(raw, &one) != nil {
				return
			}
			select {
			case all <- one:
			case <-ctx.Done():
			}
			if one.Ended {
				stop()
			}
		})
	}()
	found := time.NewTimer(findTime)
	defer found.Stop()
	select {
	case _, ok := <-all: // says nothing but that the stream is found
		return all, ok
	case <-found.C:
		return nil, false
	case <-ctx.Done():
		return nil, false
	}
}

// pass passes on a record after the first events, and what is added to it, until
// it ends or nobody listens any more.
func (r *replicas) pass(ctx context.Context, to string, from *record, got int) {
	send := func(one passed) bool {
		raw, err := json.Marshal(one)
		if err != nil {
			return false
		}
		listeners, err := r.shared.Publish(ctx, to, raw)
		return err == nil && listeners > 0
	}
	if !send(passed{}) {
		return
	}
	for {
		events, ended, more := from.after(got)
		for _, message := range events {
			got++
			if !send(passed{Number: got, Message: message}) {
				return
			}
		}
		if ended {
			send(passed{Ended: true})
			return
		}
		alive := time.NewTimer(passAlive)
		select {
		case <-more:
		case <-alive.C:
			if !send(passed{}) {
				return
			}
		case <-ctx.Done():
			return
		}
		alive.Stop()
	}
}

// relay sends what another replica passes on of a stream whose first events the
// client has got, until it ends or stop is closed. What is lost on the way ends it,
// and silence as well: the client comes again for the rest.
func (s *stream) relay(id string, got int, parts <-chan passed, stop <-chan struct{}) {
	silence := time.NewTimer(passSilence)
	defer silence.Stop()
	for {
		select {
		case one, ok := <-parts:
			silence.Reset(passSilence)
			if !ok || one.Ended || one.Number > got+1 {
				return
			}
			if one.Number <= got {
				continue // it was asked for twice, or only says that the other is there
			}
			got = one.Number
			s.mu.Lock()
			s.send(eventID(id, got), one.Message)
			gone := s.broken
			s.mu.Unlock()
			if gone {
				return
			}
		case <-silence.C:
			return
		case <-stop:
			return
		}
	}
}
