package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// question is a request that both servers are asked.
type question struct {
	name   string // in the page
	method string
	params string // JSON

	// What an answer must hold: so many different matches of a pattern.
	holds *regexp.Regexp
	least int
}

// The demo data has as many devices as are asked for at most: of kinds that have
// more, the Python server answers more than its limit says, in an order that changes.
const devices = 50

// Names and serial numbers of the demo data.
var (
	deviceNames   = regexp.MustCompile(`\b[a-z]{3}1-[a-z]+\d{3}\b`)
	serialNumbers = regexp.MustCompile(`\bSN\d{6}\b`)
)

// questions are what is measured.
func questions() []question {
	return []question{
		{
			name: "tools/list", method: "tools/list", params: `{}`, least: 12,
			holds: regexp.MustCompile(`"name":"(get_schema|get_nodes|search_nodes|get_session_info|query_graphql|find_paths|find_reachable|node_upsert|node_delete|propose_changes|mutate_graphql|reset_session_branch)"`),
		},
		{
			name: "query_graphql", method: "tools/call", holds: deviceNames, least: 10,
			params: `{"name":"query_graphql","arguments":{"query":"{ DcimDevice(limit: 10) { count edges { node { id display_label role { value } site { node { display_label } } } } } }"}}`,
		},
		{
			name: "get_nodes, 10 labels", method: "tools/call", holds: deviceNames, least: 10,
			params: `{"name":"get_nodes","arguments":{"kind":"DcimDevice","limit":10}}`,
		},
		{
			name: "get_nodes, 50 with attributes", method: "tools/call", holds: serialNumbers, least: 50,
			params: `{"name":"get_nodes","arguments":{"kind":"DcimDevice","limit":50,"include_attributes":true}}`,
		},
		{
			name: "get_schema of a kind", method: "tools/call", least: 13,
			holds:  regexp.MustCompile(`\b(rack_position|mac_address|console_password|ntp_servers|fqdn|LocationSite|LocationRack|DcimDeviceType|DcimPlatform|RoutingAutonomousSystem|BuiltinTag|DcimInterface|member_of_groups)\b`),
			params: `{"name":"get_schema","arguments":{"kind":"DcimDevice"}}`,
		},
	}
}

// body is the request under an id.
func (q question) body(id int) []byte {
	raw := make([]byte, 0, len(q.params)+80)
	raw = append(raw, `{"jsonrpc":"2.0","id":`...)
	raw = strconv.AppendInt(raw, int64(id), 10)
	raw = append(raw, `,"method":"`...)
	raw = append(raw, q.method...)
	raw = append(raw, `","params":`...)
	raw = append(raw, q.params...)
	return append(raw, '}')
}

// check says what is wrong with a message that should answer the question under
// an id: a refusal, or that it does not hold what was asked for.
func (q question) check(id int, message []byte) error {
	var answer struct {
		ID     int `json:"id"`
		Result *struct {
			IsError bool `json:"isError"`
		} `json:"result"`
		Error json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(message, &answer); err != nil {
		return fmt.Errorf("%s: reading the answer: %w", q.name, err)
	}
	switch {
	case answer.Error != nil:
		return fmt.Errorf("%s: %s", q.name, answer.Error)
	case answer.Result == nil:
		return fmt.Errorf("%s: %w", q.name, errors.New("the answer has no result"))
	case answer.Result.IsError:
		return fmt.Errorf("%s: the answer is an error: %.300s", q.name, message)
	case answer.ID != id:
		return fmt.Errorf("%s: the answer to %d has the id %d", q.name, id, answer.ID)
	}
	found := map[string]bool{}
	for _, match := range q.holds.FindAll(message, -1) {
		found[string(match)] = true
	}
	if len(found) < q.least {
		return fmt.Errorf("%s: the answer holds %d of %d things asked for: %.300s", q.name, len(found), q.least, message)
	}
	return nil
}
