package front

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

// tooMany is the JSON-RPC code of a request that is refused because there are
// too many. It lies in the range that JSON-RPC 2.0, section 5.1, leaves to
// servers, and MCP gives it no meaning.
const tooMany = -32005

// refuse answers a request that must not be here: a word for programs, a
// sentence for people.
func refuse(w http.ResponseWriter, status int, code, description string) {
	answer(w, status, map[string]string{"error": code, "error_description": description})
}

// putOff answers a request that may come again after a while, with a JSON-RPC
// error: its sender may be an MCP client. The message was not read, so the
// answer has no id.
func putOff(w http.ResponseWriter, status int, wait time.Duration, message string) {
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	w.Header().Set("Retry-After", strconv.Itoa(seconds)) // RFC 9110, section 10.2.3
	answer(w, status, map[string]any{"jsonrpc": "2.0", "id": nil, "error": map[string]any{
		"code": tooMany, "message": message, "data": map[string]int{"retry_after": seconds},
	}})
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client is gone
}
