package main

import (
	"bytes"
	"strconv"
)

// pattern is an answer that was checked, cut where the id of its request stands in
// it. An answer to the same question fits it byte for byte but for the id. So every
// answer under load can be checked at a cost that does not count.
type pattern [][]byte

// newPattern makes a pattern of the answer to a request.
func newPattern(id int, message []byte) pattern {
	return bytes.Split(bytes.Clone(message), strconv.AppendInt(nil, int64(id), 10))
}

// fits tells whether a message is the answer to the request with an id.
func (p pattern) fits(id int, message []byte) bool {
	written := strconv.AppendInt(nil, int64(id), 10)
	for i, part := range p {
		var found bool
		if i > 0 {
			if message, found = bytes.CutPrefix(message, written); !found {
				return false
			}
		}
		if message, found = bytes.CutPrefix(message, part); !found {
			return false
		}
	}
	return len(message) == 0
}
