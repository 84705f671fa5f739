package call

// Message is something that the user of the client may want to know while a call
// runs: what happens beside the work that was asked for, or why it takes longer.
// The answer does not rely on it, because not every client shows it. It holds
// neither credentials nor addresses.
type Message struct {
	Level   Level
	Text    string         // a sentence
	Details map[string]any // what the sentence is made of, for programs
}

// Level says how much a message matters, in the words of RFC 5424.
type Level string

// The levels of messages, from the least important.
const (
	Info    Level = "info"    // good to know
	Notice  Level = "notice"  // changes where things are
	Warning Level = "warning" // something is not as it should be
)

// Send sends a message to the client, if that wants messages of its level.
func (c *Call) Send(m Message) {
	if c.Log != nil {
		c.Log(m)
	}
}
