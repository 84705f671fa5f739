package protocol

import "github.com/mark3labs/mcp-go/mcp"

// outgoing is a message of this server's own (JSON-RPC 2.0, section 4): with an id
// a request to the client, without one a notification.
type outgoing struct {
	JSONRPC string `json:"jsonrpc"`
	ID      string `json:"id,omitempty"`
	Method  string `json:"method"`
	Params  any    `json:"params,omitempty"`
}

// newRequest is a request. Its parameters may be nil, as those of a notification may.
func newRequest(id, method string, params any) outgoing {
	return outgoing{mcp.JSONRPC_VERSION, id, method, params}
}

// newNotification is a notification.
func newNotification(method string, params any) outgoing { return newRequest("", method, params) }

// newCancellation is the notification that a request has ended without an answer, of
// which id is the id, as the text or as its JSON (MCP, Cancellation). The reason is
// for people, "" for none.
func newCancellation(id any, reason string) outgoing {
	params := map[string]any{"requestId": id}
	if reason != "" {
		params["reason"] = reason
	}
	return newNotification(string(mcp.MethodNotificationCancelled), params)
}
