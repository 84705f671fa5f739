package protocol

import (
	"crypto/rand"
	"encoding/json"
	"sync"
)

// questions are the requests that were sent to clients and have no response
// yet. A response counts only in the session that was asked. There are never
// more than calls in progress.
type questions struct {
	mu     sync.Mutex
	open   map[string]question // by the id of the request
	closed bool
}

type question struct {
	session string
	answer  chan *message // takes one; closed when there will be none
}

// add registers a question under an id that nobody can guess. The channel gets
// the response, or is closed when none can come any more. remove forgets the
// question; a response that comes later is ignored.
func (q *questions) add(session string) (id string, answer <-chan *message, remove func()) {
	id = rand.Text()
	c := make(chan *message, 1)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		close(c)
		return id, c, func() {}
	}
	if q.open == nil {
		q.open = map[string]question{}
	}
	q.open[id] = question{session, c}
	return id, c, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		delete(q.open, id)
	}
}

// answer hands a response to whoever waits for it in this session, and reports
// whether somebody did. Any other response is ignored.
func (q *questions) answer(session string, m *message) bool {
	var id string
	if json.Unmarshal(m.ID, &id) != nil {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if asked, ok := q.open[id]; ok && asked.session == session {
		delete(q.open, id)
		asked.answer <- m
		return true
	}
	return false
}

// isQuestion reports whether a response may be to a question of some replica.
func isQuestion(m *message) bool {
	var id string
	return json.Unmarshal(m.ID, &id) == nil && len(id) == len(rand.Text())
}

// end gives up the questions of a session that has ended.
func (q *questions) end(session string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for id, asked := range q.open {
		if asked.session == session {
			delete(q.open, id)
			close(asked.answer)
		}
	}
}

// close gives up all questions, also those to come: responses are no longer
// read.
func (q *questions) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for id, asked := range q.open {
		delete(q.open, id)
		close(asked.answer)
	}
}
