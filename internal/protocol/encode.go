package protocol

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// encodeAnswer writes an answer with the id exactly as the client wrote it. It is
// what json.Marshal would write of it, except that this reads again, at each level,
// all that a MarshalJSON below wrote: most of the time of an answer.
func (s *Server) encodeAnswer(id json.RawMessage, result any) ([]byte, error) {
	encoded, err := s.encodeResult(result)
	if err != nil {
		return nil, err
	}
	const begin, middle = `{"jsonrpc":"` + mcp.JSONRPC_VERSION + `","id":`, `,"result":`
	answer := make([]byte, 0, len(begin)+len(id)+len(middle)+len(encoded)+1)
	answer = append(answer, begin...)
	answer = append(answer, id...)
	answer = append(answer, middle...)
	answer = append(answer, encoded...)
	return append(answer, '}'), nil
}

func (s *Server) encodeResult(result any) ([]byte, error) {
	switch r := result.(type) {
	case mcp.ListToolsResult:
		return s.encodeList(&r)
	case mcp.CallToolResult:
		return encodeCall(r)
	case json.Marshaler:
		return r.MarshalJSON()
	default:
		return json.Marshal(r)
	}
}

// encodeCall puts a result together from its structured part, which package tool has
// written as compact JSON, and the rest.
func encodeCall(r mcp.CallToolResult) ([]byte, error) {
	structured, ready := r.StructuredContent.(json.RawMessage)
	if ready = ready && len(structured) > 0; ready {
		r.StructuredContent = nil
	}
	encoded, err := r.MarshalJSON() // an object with content at least
	if err != nil || !ready {
		return encoded, err
	}
	const name = `,"structuredContent":`
	encoded = slices.Grow(encoded, len(name)+len(structured))
	encoded = append(encoded[:len(encoded)-1], name...)
	encoded = append(encoded, structured...)
	return append(encoded, '}'), nil
}

// encodeList puts a list of tools together from the entries that were encoded when
// the server was made.
func (s *Server) encodeList(list *mcp.ListToolsResult) ([]byte, error) {
	rest := *list
	rest.Tools = []mcp.Tool{}
	encoded, err := json.Marshal(rest)
	if err != nil {
		return nil, err
	}
	encoded, found := bytes.CutSuffix(encoded, []byte("]}"))
	if !found || !bytes.HasSuffix(encoded, []byte(`"tools":[`)) {
		return json.Marshal(list) // a newer library has something behind the tools
	}
	size := len("]}")
	for i := range list.Tools {
		size += len(s.entries[list.Tools[i].Name]) + len(",")
	}
	encoded = slices.Grow(encoded, size)
	for i := range list.Tools {
		entry, known := s.entries[list.Tools[i].Name]
		if !known { // of Options.Extend, later on
			if entry, err = json.Marshal(list.Tools[i]); err != nil {
				return nil, err
			}
		}
		if i > 0 {
			encoded = append(encoded, ',')
		}
		encoded = append(encoded, entry...)
	}
	return append(encoded, "]}"...), nil
}

// encodeTools writes the entries of tools/list, which stay as they are.
func encodeTools(core *server.MCPServer) map[string]json.RawMessage {
	entries := map[string]json.RawMessage{}
	for name, t := range core.ListTools() {
		if raw, err := json.Marshal(t.Tool); err == nil { // else the error is that of the list
			entries[name] = raw
		}
	}
	return entries
}
