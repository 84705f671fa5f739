package clients_test

import (
	"encoding/json"
	"strings"

	"infrahub-mcp/test/clients/table"
)

// plan says what a client is to do: where the server is, and the requests of each
// action. Scripts get it as JSON.
type plan struct {
	Modern  bool              `json:"modern"` // else the older era
	Command []string          `json:"command,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
	URL     string            `json:"url,omitempty"` // in place of the command

	Call     request    `json:"call"` // of tools
	Progress request    `json:"progress"`
	Cancel   request    `json:"cancel"`
	Refused  request    `json:"refused"`
	Read     string     `json:"read"`   // URI of a resource
	Prompt   request    `json:"prompt"` // of prompts
	Unknown  request    `json:"unknown"`
	Complete completion `json:"complete"`

	// Held is a URL that answers when the call to cancel has reached Infrahub.
	Held string `json:"held"`
	// Stopped is a URL to get when the call was cancelled: it answers when the
	// program has given up its request to Infrahub, or has not.
	Stopped string `json:"stopped"`
	// Told is a URL to get whenever the client was told of progress: the work
	// goes on then.
	Told string `json:"told"`
}

type request struct {
	Name      string         `json:"name"`
	Arguments map[string]any `json:"arguments,omitempty"`
}

// completion asks for values of an argument of a resource template.
type completion struct {
	URI   string `json:"uri"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

// outcome is what came of one action. Scripts write one as a line of JSON.
type outcome struct {
	Action string
	Error  string // why nothing came of it

	Version, Server                      string   // connect
	Tools, Resources, Templates, Prompts []string // list
	Text                                 string   // call, read, prompt; error: of the tool
	Structured                           json.RawMessage
	Values                               []string // complete
	Progress                             []progress
	Failure                              string // cancel, and error: what the client told
	Code                                 *int   // error; nil where the client does not tell
	Refused                              bool   // error: the tool did not do it
}

type progress struct {
	Progress, Total float64
	Message         string
}

// question stands in the prompt.
const question = "Which devices stand in Paris?"

// newPlan makes the plan for a client; the name makes the call to cancel its own.
func newPlan(name, transport, era string) (p plan, word string) {
	who := strings.ToLower(name + "-" + transport + "-" + era)
	word, pace := "hold-"+who, "pace-"+who
	p = plan{
		Modern: era == table.Modern,
		Call:   request{Name: "get_nodes", Arguments: map[string]any{"kind": "DcimDevice", "limit": 3, "fields": []string{"name"}}},
		Progress: request{Name: "get_nodes", Arguments: map[string]any{
			"kind": "DcimPhysicalInterface", "limit": -1, "fields": []string{"name"},
			"filters": map[string]any{"name__values": []string{"Ethernet1", "Ethernet2", "Ethernet3", "Ethernet4", pace}},
		}},
		Cancel:   request{Name: "search_nodes", Arguments: map[string]any{"kind": "DcimDevice", "query": word}},
		Refused:  request{Name: "get_nodes", Arguments: map[string]any{"kind": "DcimDevic"}},
		Read:     "infrahub://schema/DcimDevice",
		Prompt:   request{Name: "answer_infra_question", Arguments: map[string]any{"question": question}},
		Unknown:  request{Name: "no_such_prompt"},
		Complete: completion{URI: "infrahub://schema/{kind}", Name: "kind", Value: "DcimDev"},
		Held:     shared.gate.URL + "/held/" + word,
		Stopped:  shared.gate.URL + "/stopped/" + word,
		Told:     shared.gate.URL + "/told/" + pace,
	}
	if transport == table.HTTP {
		p.URL = shared.url
	} else {
		p.Command, p.Env = []string{shared.program}, shared.env
	}
	return p, word
}
